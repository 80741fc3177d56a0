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
    scenario: Annotated[str, typer.Argument(help="beijing (real data) or sample (simulated)")] = "beijing",
    first: Annotated[str | None, typer.Option("--from", help="first day, YYYY-MM-DD")] = None,
    last: Annotated[str | None, typer.Option("--to", help="last day, YYYY-MM-DD")] = None,
    seed: Annotated[int, typer.Option(help="seed of the simulated people and plants")] = 7,
    fresh: Annotated[bool, typer.Option(help="begin anew even if an unfinished replay is there")] = False,
    home: Annotated[Path | None, typer.Option(help="working folder (default: LANTIAN_HOME/replay/<scenario>)")] = None,
) -> None:
    """Replay a past episode as a drill: one line a day, then the evaluation of each episode and the record's digest.

    An unfinished replay goes on where it stopped; a finished one begins anew. Nothing leaves the house.
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
    tell.line(f"记录摘要 record digest: {digest}")
