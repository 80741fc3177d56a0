"""The command `lantian`: a first word that names a command, found by entry point and loaded only when called.

Loading the numerical libraries takes seconds, so nothing heavier than the command itself is imported here.
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from plans.errors import LantianError

if TYPE_CHECKING:
    import typer

GROUP = "lantian.commands"


def commands() -> dict[str, EntryPoint]:
    """All commands by name, ours and those of other packages, none of them loaded."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def load(point: EntryPoint) -> typer.Typer:
    """The command's application; LantianError when its package is broken."""
    try:
        app: typer.Typer = point.load()
    except ImportError as error:
        where = f"{point.name} = {point.value}"
        raise LantianError("The command cannot be loaded", where=where, found=error, todo="Reinstall it") from error
    return app


def overview() -> str:
    """What `lantian --help` prints: every command with the first line of its help; a broken one says so."""
    lines = ["lantian 命令 [选项]：城市蓝天办的重污染天气应对工作。", ""]
    for name, point in commands().items():
        try:
            about = _about(load(point))
        except LantianError as error:
            from console.cli_words import said

            about = said(error).splitlines()[0]
        lines.append(f"  {name:<10} {about}")
    return "\n".join([*lines, "", "lantian 命令 --help 列出该命令的选项。"])


def main() -> None:
    """Run one command; bad input ends with its sentence, Chinese and English, on standard error and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    word, *rest = sys.argv[1:] or ["--help"]
    try:
        if word in ("-h", "--help", "help"):
            print(overview())
            return
        known = commands()
        if word not in known:
            raise LantianError("There is no such command", expected="one of " + ", ".join(known), found=word)
        load(known[word])(args=rest, prog_name=f"lantian {word}")
    except LantianError as error:
        from console.cli_words import said

        print(said(error), file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)


def _about(app: typer.Typer) -> str:
    import inspect

    text = app.info.help if isinstance(app.info.help, str) else None
    if text is None and app.registered_commands:
        text = inspect.getdoc(app.registered_commands[0].callback)
    return (text or "").strip().splitlines()[0] if text else ""


if __name__ == "__main__":
    main()
