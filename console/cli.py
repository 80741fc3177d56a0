"""The command `lantian`: one group whose commands are found by entry point and loaded only when called.

Loading the numerical libraries takes seconds, so nothing heavier than the command itself is imported here.
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points

import click

from plans.errors import LantianError

GROUP = "lantian.commands"


def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


class Commands(click.Group):
    """A click group that finds its commands through the entry point group "lantian.commands"."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """The names of all commands, sorted."""
        return sorted(_entry_points())

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """The command of that name, imported now; None when there is none."""
        point = _entry_points().get(name)
        if point is None:
            return None
        import typer

        try:
            return typer.main.get_command(point.load())
        except ImportError as error:
            return _broken(name, point, error)


def _broken(name: str, point: EntryPoint, error: ImportError) -> click.Command:
    """A command that says why it cannot be loaded; one broken plug-in must not take the others down."""

    def say() -> None:
        raise LantianError(
            "The command cannot be loaded", where=f"{name} = {point.value}", found=error, todo="Reinstall its package"
        )

    return click.Command(name, callback=say, help=f"(cannot be loaded: {error})")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """蓝天 lantian: the heavy-pollution work of a city's clean-air office."""


def main() -> None:
    """Run one command; bad input ends with one sentence on standard error and exit code 2, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        cli(prog_name="lantian")
    except LantianError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(141)
