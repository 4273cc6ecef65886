"""Make the pictures of README and the documentation anew: run every page and keep the images that it saves.

A page that shows ``images/NAME.png`` saves ``NAME.png`` in one of its own examples, or ``NAME.html``, of which a
headless Chromium takes the picture. Run it as ``python docs/make_images.py [NAME.png ...]``, with somkit installed.
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


WINDOW = {"width": 1360, "height": 1180}


def photograph(page: Path, picture: Path) -> None:
    """Open a page in Chromium, select the middle of its map, and keep what is seen."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        window = browser.new_page(viewport=WINDOW)
        window.goto(page.as_uri())
        place = window.locator("#map").bounding_box()
        if place is not None:
            left, top, width, height = (place[name] for name in ("x", "y", "width", "height"))
            window.mouse.move(left + 0.5 * width, top + 0.3 * height)
            window.mouse.down()
            window.mouse.move(left + 0.78 * width, top + 0.62 * height)
            window.mouse.up()
            window.mouse.move(2, 2)
        window.wait_for_timeout(1000)
        window.screenshot(path=picture)
        browser.close()


def main() -> None:
    """Run the pages that show pictures, or those that show the ones that are named."""
    target = pages.DOCS / "images"
    target.mkdir(exist_ok=True)
    named = set(sys.argv[1:])
    for page in pages.pages():
        shown = SHOWN.findall(page.read_text(encoding="utf-8"))
        wanted = [name for name in shown if not named or name in named]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            pages.run(page, Path(folder))
            for name in wanted:
                saved = (Path(folder) / name).resolve()
                if saved.exists():
                    shutil.copyfile(saved, target / name)
                else:
                    photograph(saved.with_suffix(".html"), target / name)
                sys.stdout.write(f"{target / name}\n")


if __name__ == "__main__":
    main()
