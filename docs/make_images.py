"""Make the pictures of README and the documentation anew: run every page and keep the images that it saves.

A page that shows ``images/NAME.png`` saves ``NAME.png`` in one of its own examples. Run it as
``python docs/make_images.py``, with somkit installed.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pages  # its folder is put on the path by the line above

SHOWN = re.compile(r"!\[[^\]]*\]\((?:[^)\s]*/)?images/([^)\s]+\.png)\)")


def main() -> None:
    """Run the pages that show pictures."""
    target = pages.DOCS / "images"
    target.mkdir(exist_ok=True)
    for page in pages.pages():
        wanted = SHOWN.findall(page.read_text(encoding="utf-8"))
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            pages.run(page, Path(folder))
            for name in wanted:
                shutil.copyfile(Path(folder) / name, target / name)
                sys.stdout.write(f"{target / name}\n")


if __name__ == "__main__":
    main()
