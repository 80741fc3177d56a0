"""`lantian drill`: a drill of the whole response on the sample list, announced or by surprise, with a debrief."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def drill(
    announced: Annotated[bool, typer.Option(help="told to everybody a day ahead; else a surprise")] = False,
    seed: Annotated[int, typer.Option(help="seed of the simulated people and plants")] = 7,
    home: Annotated[Path | None, typer.Option(help="empty folder (default: LANTIAN_HOME/drill)")] = None,
) -> None:
    """Import, arithmetic, what-if, activation, raise, receipts, findings, problems, evaluation, debrief; all sealed."""
    from flows.exercise import run
    from flows.tell import line
    from plans.errors import DataError

    folder = home or Path(os.environ.get("LANTIAN_HOME", "var")) / "drill"
    if (folder / "record.db").exists():
        raise DataError(
            "The folder holds a record already",
            where=str(folder),
            expected="an empty folder",
            todo="Give another --home",
        )
    run(folder, seed=seed, announced=announced, say=line)
