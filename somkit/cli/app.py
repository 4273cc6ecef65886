"""The group of commands, and the one place where failures become sentences and exit codes."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from somkit.cli.demo import demo
from somkit.cli.maps import dashboard, draw, export, measure, predict
from somkit.cli.parts import components, info, plugins, show
from somkit.cli.say import INTERRUPTED, complain, of_system_error, of_usage_error
from somkit.cli.training import fit
from somkit.errors import ParameterError, SomkitError, SomkitWarning
from somkit.plugins import STANDARD, Plugins, use
from somkit.validators import did_you_mean

FAILED = 2


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show warnings as lines for people, not for programmers, each once."""
    said = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in said:
            complain(f"warning: {message}")
        said.add(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", SomkitWarning)
        warnings.showwarning = show
        yield


class Command(click.Group):
    """A click group that ends every failure in one sentence on stderr and an exit code, also under test."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run the command that the arguments name, then leave the process."""
        with _plain_warnings():
            code = self._code_of(*args, **{**extra, "standalone_mode": False})
        sys.exit(code)

    def _code_of(self, *args: Any, **extra: Any) -> int:
        try:
            returned = super().main(*args, **extra)
        except click.Abort:  # what click makes of Ctrl-C
            complain("interrupted.")
            return INTERRUPTED
        except click.UsageError as error:
            complain(of_usage_error(error))
            return FAILED
        except click.ClickException as error:
            complain(error.format_message())
            return error.exit_code
        except SomkitError as error:
            complain(str(error))
            return FAILED
        except (OSError, MemoryError) as error:
            complain(of_system_error(error))
            return FAILED
        return returned if isinstance(returned, int) else 0

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which ones there are."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            known = self.list_commands(ctx)
            message = f"there is no command {name!r}{did_you_mean(name, known)} The commands are {', '.join(known)}."
            raise ParameterError(message)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a reader needs them."""
        del ctx
        return list(self.commands)


@click.group(cls=Command, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--no-plugins", is_flag=True, help="Use only the parts that come with somkit.")
@click.version_option(package_name="somkit", message="somkit %(version)s")
@click.pass_context
def main(ctx: click.Context, no_plugins: bool) -> None:
    """Self-organising maps on any graph: train, ask, measure, draw."""
    if no_plugins:
        ctx.with_resource(use(Plugins(only=[STANDARD])))
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for _command in (demo, fit, predict, measure, draw, dashboard, export, components, show, plugins, info):
    main.add_command(_command)
