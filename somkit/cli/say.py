"""What the command says: sentences on stderr, tables on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import click

INTERRUPTED = 130  # 128 + SIGINT, as shells count it


@final
class Interrupted(click.ClickException):
    """Ctrl-C, with a sentence about what is left of the work."""

    exit_code = INTERRUPTED


def complain(message: str) -> None:
    """Write one line to stderr under the command's name."""
    click.echo(f"somkit: {' '.join(message.split())}", err=True)


def of_system_error(error: OSError | MemoryError) -> str:
    """Return the sentence for an error of the operating system that nobody expected."""
    if isinstance(error, MemoryError):
        said = f" ({error})" if str(error) else ""
        return f"there is not enough memory{said}; take a map of fewer units, or fewer rows of data."
    where = "" if error.filename is None else f"{error.filename}: "
    return f"{where}{error.strerror or error}."


def of_usage_error(error: click.UsageError) -> str:
    """Return one sentence for options and arguments that click refused, with the way to the help."""
    if isinstance(error, click.NoSuchOption):
        close = sorted(error.possibilities or ())
        guess = f"; did you mean {' or '.join(close)}?" if close else "."
        return f"there is no option {error.option_name}{guess} {_help_of(error)}"
    if isinstance(error, click.MissingParameter) and error.param is not None:
        hint = error.param.get_error_hint(error.ctx) if error.ctx else repr(error.param.human_readable_name)
        return f"missing {error.param.param_type_name} {hint}. {_help_of(error)}"
    text = error.format_message().rstrip(".")
    return f"{text[:1].lower()}{text[1:]}. {_help_of(error)}"


def _help_of(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx else "somkit"
    return f"See '{path} --help'."


def table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """Return rows as text in aligned columns, with a line under the header.

    Examples
    --------
    >>> print(table([["hex", "six"], ["grid", "four"]], ["name", "neighbours"]))
    name  neighbours
    ----  ----------
    hex   six
    grid  four
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def number(value: float) -> str:
    """Return a measure as people read it: six significant digits.

    Examples
    --------
    >>> number(0.123456789)
    '0.123457'
    """
    return f"{value:.6g}"
