"""`lantian sources past`: fetch what a weather service said on the days of the past."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emergency import source_words
from flows.commands.replay import day_of
from plans.errors import DataError

if TYPE_CHECKING:
    from flows.sources.pull import Stores


def past(
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="来源，现有 openmeteo")],
    first: Annotated[str, typer.Option("--from", help="第一个发布日，如 2024-01-20")],
    last: Annotated[str, typer.Option("--to", help="最后一个发布日；须是前天或更早")],
    places: Annotated[str, typer.Option(help="只取这些地点，逗号分隔；默认为取数计划的地点或本市站点")] = "",
    of: Annotated[str, typer.Option(help="档案：文件名、sqlite:/// 或 postgresql://；默认在 LANTIAN_HOME")] = "",
) -> None:
    """补取以往的气象模式预报，按每天24时已能拿到的内容存入；可随时中断，再次运行接着取。"""
    from flows.clock import real_now
    from flows.home import archive_address, home
    from flows.sources.live import Asker
    from flows.sources.open_meteo_past import FIRST_DAY, PreviousRuns, known_days
    from flows.sources.pull import Stores

    if name != "openmeteo":
        raise DataError("The source keeps no past runs", expected="openmeteo", found=name)
    begin, end = day_of(first, option="--from"), day_of(last, option="--to")
    assert begin is not None and end is not None
    if end < begin:
        raise DataError("The issue days end before they begin", where="--to", expected=f"{begin} or later", found=end)
    stores, now, source = Stores.open(of or archive_address()), real_now(), PreviousRuns()
    try:
        chosen = _places(home(), stores, places)
        known, until = known_days(begin, end, now=now)
        if begin < known:
            typer.echo(f"注意：{FIRST_DAY:%Y年%m月}以前没有存档，从 {known} 起取。")
        if until < end:
            typer.echo(f"注意：取到 {until}；此后的模式起报还会补齐，请过后再取。")
        asker, days, values = Asker(name, source.policy, stores.sources), 0, 0
        for part in source.take(asker, stores.guidance, places=chosen, first=known, last=until, now=now):
            days, values = days + part.days, values + part.values
            typer.echo(f"{part.place} {part.first} 至 {part.last}：{part.days} 个发布日，{part.values} 个模式值")
            for note in part.notes:
                typer.echo(f"注意：{note}")
        typer.echo(f"{len(chosen)} 个地点，新写入 {days} 个发布日、{values} 个模式值。")
    finally:
        stores.close()


def _places(home: Path, stores: Stores, names: str) -> Mapping[str, tuple[float, float]]:
    """The places of the plan, or the office's own stations; only the named ones when there are names."""
    from flows.sources.open_meteo import without_coordinates
    from flows.sources.places import own_places
    from flows.sources.plan import plan

    planned = plan(home).sources.get("openmeteo")
    if planned and planned.places:
        found: Mapping[str, tuple[float, float]] = planned.places
    else:
        own = own_places(home, stores.archive.stations())
        found = own.at
        if own.without and not names:
            typer.echo(f"注意：{source_words.told(without_coordinates(own.without))}。")
    wanted = [one.strip() for one in names.split(",") if one.strip()]
    for one in wanted:
        if one not in found:
            raise DataError("The place is not known", where="--places", expected=" | ".join(found), found=one)
    return {one: found[one] for one in wanted or found}
