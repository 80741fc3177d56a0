"""`lantian sources maintenance`: the windows in which the operators worked at a station."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from plans.errors import DataError

if TYPE_CHECKING:
    from forecast.maintenance import Entered, Maintenance

app = typer.Typer(
    add_completion=False, help="运维时段：登记、列出、撤销；时段内的数据带标记，不删除。", no_args_is_help=True
)
TO = Annotated[str, typer.Option("--to", "--of", help="档案：文件名、sqlite:/// 或 postgresql://；默认在 LANTIAN_HOME")]


def _open(address: str) -> Maintenance:
    from flows.home import archive_address
    from forecast.archive import Archive
    from forecast.maintenance import Maintenance

    return Maintenance(Archive.open(address or archive_address()).engine)


def _moment(text: str, what: str) -> datetime:
    from forecast.air import BEIJING

    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise DataError("A moment cannot be read", where=what, expected='"2026-11-22 08:00"', found=text) from None
    return found if found.tzinfo else found.replace(tzinfo=BEIJING)


def _told(one: Entered) -> str:
    from forecast.air import BEIJING, POLLUTANTS

    window = one.window
    span = f"{window.begin.astimezone(BEIJING):%Y-%m-%d %H:%M} – {window.end.astimezone(BEIJING):%Y-%m-%d %H:%M}"
    names = "全部项目" if set(window.pollutants) == set(POLLUTANTS) else "、".join(window.pollutants)
    gone = "" if one.withdrawn_at is None else f"（{one.withdrawn_by} 已撤销）"
    return f"{one.number}. {window.station} {span} {names}：{window.reason}（{one.entered_by} 登记）{gone}"


@app.command()
def add(
    station: Annotated[str, typer.Argument(help="站点编码，如 1001A")],
    begin: Annotated[str, typer.Option("--from", help='开始，北京时间，如 "2026-11-22 08:00"')],
    end: Annotated[str, typer.Option("--until", help="结束，北京时间")],
    reason: Annotated[str, typer.Option(help="原因，如 更换滤膜")],
    by: Annotated[str, typer.Option(help="登记人")],
    pollutants: Annotated[str, typer.Option(help="项目，逗号分隔；默认全部")] = "",
    to: TO = "",
) -> None:
    """登记一个运维时段；已入库的小时补上标记（作为新的修订，原修订保留）。"""
    from flows.clock import real_now
    from forecast.air import POLLUTANTS
    from forecast.quality_rules import Window

    names = tuple(name.strip() for name in pollutants.split(",") if name.strip()) or POLLUTANTS
    store = _open(to)
    window = Window(station, _moment(begin, "--from"), _moment(end, "--until"), names, reason)
    entered, marked = store.add(window, by=by, now=real_now())
    typer.echo(f"{_told(entered)}；补标 {marked} 个小时。")
    store.engine.dispose()


@app.command(name="list")
def listed(station: Annotated[str, typer.Option(help="只列这个站点")] = "", of: TO = "") -> None:
    """列出登记过的运维时段。"""
    store = _open(of)
    found = store.entered(stations=[station] if station else [])
    for one in found:
        typer.echo(_told(one))
    if not found:
        typer.echo("没有登记的运维时段。")
    store.engine.dispose()


@app.command()
def withdraw(
    number: Annotated[int, typer.Argument(help="编号")], by: Annotated[str, typer.Option(help="撤销人")], to: TO = ""
) -> None:
    """撤销一个运维时段；它的标记随之去掉（同样作为新的修订）。"""
    from flows.clock import real_now

    store = _open(to)
    entered, changed = store.withdraw(number, by=by, now=real_now())
    typer.echo(f"{_told(entered)}；去标 {changed} 个小时。")
    store.engine.dispose()
