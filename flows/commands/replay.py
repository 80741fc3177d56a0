"""`lantian replay`: a past episode through the whole product, printed day by day, with its evaluation."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from plans.errors import DataError

app = typer.Typer(add_completion=False)


def day_of(text: str | None, *, option: str) -> date | None:
    """The date of an option, or None when it was not given; DataError for anything that is not a date."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError("The date cannot be read", where=option, expected="YYYY-MM-DD", found=text) from None


@app.command()
def replay(
    scenario: Annotated[str, typer.Argument(help="beijing 真实数据 | sample 模拟数据")] = "beijing",
    first: Annotated[str | None, typer.Option("--from", help="第一天，如 2015-11-20")] = None,
    last: Annotated[str | None, typer.Option("--to", help="最后一天，如 2015-12-31")] = None,
    seed: Annotated[int, typer.Option(help="模拟人员和企业的种子")] = 7,
    fresh: Annotated[bool, typer.Option(help="有未完成的回放也从头开始")] = False,
    home: Annotated[Path | None, typer.Option(help="工作文件夹，默认 LANTIAN_HOME/replay/<scenario>")] = None,
) -> None:
    """以演练方式回放过去的污染过程：逐日一行，最后是各次过程的评估和记录摘要。

    未完成的回放从中断处继续，已完成的从头开始；消息全部封存。
    """
    from flows import stage as staging
    from flows import tell
    from flows.scenario import check_days, find_data
    from flows.scenario import scenario as scenario_of

    chosen = scenario_of(scenario)
    begin = day_of(first, option="--from") or chosen.default_days[0]
    end = day_of(last, option="--to") or chosen.default_days[1]
    check_days(chosen, begin, end)
    folder = home or staging.default_home(chosen.name)
    if not chosen.simulated and find_data() is None:
        staging.refuse_without_data()
    stage, record = staging.open_replay(
        chosen, first=begin, last=end, seed=seed, fresh=fresh, home=folder, say=tell.line
    )
    tell.header(stage)
    digest = staging.play(stage, record, on_day=tell.Teller(stage, record).day)
    tell.evaluations(record)
    tell.line(f"记录摘要 {digest}")
