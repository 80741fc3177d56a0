"""`lantian sources`: what every live source did last, try one, pull it now, take dropped files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import maintenance, past_runs
from plans.errors import DataError

if TYPE_CHECKING:
    from flows.sources.live import Adapter
    from flows.sources.pull import Stores

app = typer.Typer(add_completion=False, help="数据来源：状态、试连、取数、投放文件、值守提醒。", no_args_is_help=True)
app.add_typer(maintenance.app, name="maintenance")
app.command()(past_runs.past)
TO = Annotated[str, typer.Option("--to", "--of", help="档案：文件名、sqlite:/// 或 postgresql://；默认在 LANTIAN_HOME")]


def _stores(address: str) -> Stores:
    from flows.home import archive_address
    from flows.sources.pull import Stores

    return Stores.open(address or archive_address())


@app.command()
def status(of: TO = "") -> None:
    """列出每个来源的最近成功时间、滞后、连续失败次数和错误；并列出各流程的时段统计。"""
    from flows.clock import real_now
    from flows.sources.plan import live, live_names
    from forecast.air import BEIJING
    from forecast.slot_store import SlotStore

    stores, now = _stores(of), real_now()
    states = {state.source: state for state in stores.sources.states()}
    for name in sorted({*states, *live_names()}):
        title = live(name).manifest.title if name in live_names() else name
        state = states.get(name)
        if state is None or state.attempted_at is None:
            typer.echo(f"{name:<12} 从未取数（{title}）")
            continue
        parts = []
        if state.succeeded_at is None:
            parts.append("从未成功")
        else:
            parts.append(f"最近成功 {state.succeeded_at.astimezone(BEIJING):%m-%d %H:%M}")
        if state.valid_until is not None:
            lag = (now - state.valid_until) / timedelta(hours=1)
            how = f"滞后 {lag:.1f} 小时" if lag >= 0 else f"预报到 {-lag:.0f} 小时以后"
            parts.append(f"数据到 {state.valid_until.astimezone(BEIJING):%m-%d %H:%M}，{how}")
        if state.failures:
            parts.append(f"连续失败 {state.failures} 次：{state.error}")
        if state.note:
            parts.append(state.note)
        typer.echo(f"{name:<12} " + "；".join(parts))
    words = {"pending": "待办", "running": "进行", "done": "完成", "degraded": "降级", "failed": "失败"}
    for flow, counts in SlotStore(stores.archive.engine).counts().items():
        typer.echo(f"时段 {flow:<10} " + "，".join(f"{words[state]} {number}" for state, number in counts.items()))
    stores.close()


@app.command(name="list")
def listed() -> None:
    """列出已安装的来源：频次、发布时延、限制、许可、单位和小时约定。"""
    from flows.sources.plan import live, live_names

    for name in live_names():
        what = live(name).manifest
        typer.echo(f"{name}：{what.title}")
        minutes = what.cadence / timedelta(minutes=1)
        typer.echo(
            f"  频次 {minutes:.0f} 分钟；发布时延 {what.delay / timedelta(minutes=1):.0f} 分钟（{what.delay_basis}）"
        )
        typer.echo(f"  限制 {what.limits}；许可 {what.licence}")
        label = {"end": "时段末", "start": "时段始"}[what.hour_label]
        units = "，".join(f"{key} {unit}" for key, unit in what.units.items())
        typer.echo(f"  小时标注 {label}（{what.time_zone}）；单位 {units}")
        for problem in what.known_problems:
            typer.echo(f"  注意 {problem}")


@app.command(name="try")
def try_source(
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="lantian sources list 列出的名称")],
    city: Annotated[str, typer.Option(help="城市（openmeteo）")] = "长沙",
    latitude: Annotated[float | None, typer.Option(help="纬度，代替城市")] = None,
    longitude: Annotated[float | None, typer.Option(help="经度，代替城市")] = None,
    location: Annotated[int | None, typer.Option(help="OpenAQ 的站点号")] = None,
    code: Annotated[str, typer.Option(help="六位行政区划代码（cnemc-cities）")] = "",
) -> None:
    """向一个来源要最近的数据，显示几行，不写入任何东西；没有网络时只说一句话。"""
    from dataclasses import replace

    from flows.clock import real_now
    from flows.sources.cnemc import CnemcCities
    from flows.sources.live import Asker
    from flows.sources.open_meteo import OpenMeteo
    from flows.sources.openaq import OpenAq
    from flows.sources.places import place_of
    from flows.sources.plan import live

    adapter, now = live(name), real_now()
    if isinstance(adapter, OpenMeteo):
        if (latitude is None) != (longitude is None):
            raise DataError("One coordinate is missing", expected="--latitude and --longitude", found="one of them")
        place = (latitude, longitude) if latitude is not None and longitude is not None else place_of(city)
        adapter = replace(adapter, places={city: place})
    if isinstance(adapter, OpenAq):
        if location is None:
            raise DataError("Which location?", expected="--location NUMBER", found="none")
        adapter = replace(adapter, locations=(location,))
    if isinstance(adapter, CnemcCities):
        if not code:
            raise DataError("Which city?", expected="--code 430100", found="none")
        adapter = replace(adapter, codes=(code,))
    policy = replace(adapter.policy, tries=2, total_seconds=30.0)
    asker = Asker(adapter.manifest.name, policy)
    ahead = timedelta(hours=24 if adapter.kind == "guidance" else 0)
    found = adapter.pull(asker, start=now - timedelta(hours=3), end=now + ahead, now=now)
    _show(adapter, found.dataset, found.notes, city)


def _show(adapter: Adapter, data: object, notes: tuple[str, ...], city: str) -> None:
    import numpy as np
    import xarray as xr

    from forecast import air

    what = "模式值，不是观测" if adapter.kind == "guidance" else "观测"
    typer.echo(f"{adapter.manifest.title}（{what}；{adapter.manifest.licence}）")
    for note in notes:
        typer.echo(f"注意：{note}")
    if not isinstance(data, xr.Dataset):
        typer.echo("没有数据。")
        return
    codes = [str(code) for code in data["station"].values]
    typer.echo(f"{len(codes)} 个站点，{data.sizes['valid_time']} 个小时（北京时间，时段末）：")
    row = codes.index(city) if city in codes else 0
    typer.echo(f"{codes[row]}:")
    names = [name for name in (*air.POLLUTANTS, *air.WEATHER) if name in data]
    for column, hour in list(enumerate(data["valid_time"].values))[:: max(1, data.sizes["valid_time"] // 8)]:
        values = {name: float(data[name].values[row, column]) for name in names}
        told = "  ".join(f"{name}={value:g}" for name, value in values.items() if not np.isnan(value))
        typer.echo(f"  {air.moment(hour).astimezone(air.BEIJING):%m-%d %H:%M}  {told or '缺测'}")


@app.command()
def pull(
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="cnemc | quotsoft | openmeteo | openaq | 映射名")],
    hours: Annotated[int, typer.Option(min=1, max=24 * 31, help="往回取多少小时")] = 3,
    to: TO = "",
) -> None:
    """现在就取一次并写入档案（重复运行不改变任何内容）。"""
    from flows.clock import real_now
    from flows.home import home
    from flows.sources import plan
    from flows.sources.pull import pull as pull_now

    known = {found.name: found for found in plan.pulls(home())}
    chosen = known.get(name)
    stores, now = _stores(to), real_now()
    if chosen is not None:
        chosen = plan.placed(chosen, home(), stores.archive.stations)
    adapter = chosen.adapter if chosen is not None else plan.live(name)
    ahead = chosen.ahead if chosen is not None else timedelta(0)
    raw = home() / "raw" if plan.plan(home()).keep_raw_days else None
    done = pull_now(adapter, stores, start=now - timedelta(hours=hours), end=now + ahead, now=now, raw=raw)
    typer.echo(f"{name}：{done.stations} 个站点，新写入 {done.rows} 行。" + (f"注意：{done.note}" if done.note else ""))
    stores.close()


@app.command()
def drop(
    folder: Annotated[Path, typer.Argument(help="投放文件夹；每个子文件夹一类文件")],
    to: TO = "",
) -> None:
    """读入投放文件夹中已写完的文件，移入 done/；有错的移入 refused/，旁边写一句原因。"""
    from flows.clock import real_now
    from flows.sources.drop import take

    if not folder.is_dir():
        raise DataError("The drop folder is not there", expected="a folder", found=str(folder))
    stores = _stores(to)
    taken = take(folder, stores, now=real_now())
    for one in taken:
        typer.echo(f"{one.kind}/{one.file}：{'拒收：' if one.refused else ''}{one.result}")
    if not taken:
        typer.echo("没有等待的文件。")
    stores.close()
    if any(one.refused for one in taken):
        raise DataError("Some files were refused", found=sum(one.refused for one in taken), todo="Read refused/*.txt")


@app.command()
def watch(
    home: Annotated[Path | None, typer.Option(help="工作文件夹，默认 LANTIAN_HOME")] = None,
    clocks: Annotated[bool, typer.Option(help="同时核对站点时钟（读入八天数据）")] = False,
) -> None:
    """值守：看一次数据是否到齐、空气是否转差，更新提醒并列出未解除的提醒。"""
    from flows.home import home as default_home
    from flows.looking import watch_now

    folder = home or default_home()
    fresh = watch_now(folder, clocks=clocks)
    typer.echo(f"新增或加重 {fresh} 条。")
    alerts(of=str(folder / "archive.db"))


@app.command()
def alerts(of: TO = "") -> None:
    """列出未解除的值守提醒及签收情况。"""
    from flows.home import archive_address
    from forecast.air import BEIJING
    from forecast.alert_store import AlertStore

    store = AlertStore.open(of or archive_address())
    found = store.open_alerts()
    for one in found:
        who = f"已签收 {one.acknowledged_by}" if one.acknowledged_at else "未签收"
        raised = f"{one.raised_at.astimezone(BEIJING):%m-%d %H:%M}"
        typer.echo(f"[{one.severity}] {raised} {one.text}（{who}；{one.kind} {one.subject}）")
    if not found:
        typer.echo("没有未解除的提醒。")
    store.engine.dispose()


@app.command()
def acknowledge(
    kind: Annotated[str, typer.Argument(help="提醒类别，如 station_silent")],
    subject: Annotated[str, typer.Argument(help="对象，如站点编码")],
    by: Annotated[str, typer.Option(help="签收人")],
    of: TO = "",
) -> None:
    """签收一条值守提醒；工作文件夹中有值班记录时，签收人须是其中的账号，签收写入记录。"""
    from flows.clock import real_now
    from flows.home import archive_address, home
    from flows.looking import acknowledge_in_record
    from forecast.alert_store import AlertStore

    store = AlertStore.open(of or archive_address())
    if not of and (home() / "record.db").is_file():
        acknowledge_in_record(home(), store, kind, subject, by=by, now=real_now())
    one = store.acknowledge(kind, subject, by=by, now=real_now())
    typer.echo(f"已签收：{one.text}（{one.acknowledged_by}）")
    store.engine.dispose()


@app.command(name="revisions")
@app.command(hidden=True)
def late(
    area: Annotated[str, typer.Argument(help="地区代号，如 beijing")],
    hours: Annotated[int, typer.Option(min=1, max=24 * 60, help="最近多少小时收到的")] = 24,
    of: TO = "",
) -> None:
    """列出迟到或更正的数据，以及在它们到达之前已签发的展望。"""
    from flows.clock import real_now
    from forecast.air import BEIJING
    from forecast.late import late_values

    stores, now = _stores(of), real_now()
    codes = [station.code for station in stores.archive.stations()]
    found = late_values(stores.archive, area=area, stations=codes, since=now - timedelta(hours=hours), until=now)
    for one in found:
        what = "更正" if one.kind == "revised" else "迟到"
        changes = "，".join(f"{name} {one.before.get(name)}→{value}" for name, value in one.after.items())
        issued = "、".join(f"{outlook.issued_at.astimezone(BEIJING):%m-%d %H:%M}" for outlook in one.outlooks) or "无"
        hour = f"{one.valid_time.astimezone(BEIJING):%m-%d %H:%M}"
        typer.echo(f"{one.station} {hour} {what}：{changes}；此前已签发的展望：{issued}")
    if not found:
        typer.echo("没有迟到或更正的数据。")
    stores.close()
