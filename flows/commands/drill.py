"""`lantian drill`: a drill of the whole response on the sample list, announced or by surprise, with a debrief."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def drill(
    announced: Annotated[bool, typer.Option(help="预告演练，提前一天通知；不给则为突击演练")] = False,
    seed: Annotated[int, typer.Option(help="模拟人员和企业的种子")] = 7,
    home: Annotated[Path | None, typer.Option(help="空文件夹，默认 LANTIAN_HOME/drill")] = None,
) -> None:
    """在样例清单上演练全过程：导入、核算、补差试算、启动、升级、签收、核查、交办、评估、讲评；消息全部封存。"""
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
