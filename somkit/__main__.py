"""``python -m somkit`` is the ``somkit`` command."""

from somkit.cli import main

if __name__ == "__main__":
    main(prog_name="somkit")
