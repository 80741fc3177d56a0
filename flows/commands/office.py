"""`lantian office`: open a city's real office, give its people log-ins, train its model, see how it stands."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plans.errors import DataError

if TYPE_CHECKING:
    from emergency.record import Record
    from emergency.vocabulary import Role
    from forecast.archive import Archive

app = typer.Typer(add_completion=False, help="开设并维护一个城市（区）的值守工作文件夹。", no_args_is_help=True)

Home = Annotated[Path | None, typer.Option(help="工作文件夹，默认 LANTIAN_HOME")]


@app.command()
def new(
    area: Annotated[str, typer.Option(help="地区代号，如 wangcheng")],
    name: Annotated[str, typer.Option(help="地区名称，如 望城区")],
    plan: Annotated[str, typer.Option(help="按哪个预案判定（lantian rules 列出）")],
    stations: Annotated[Path, typer.Option(help="站点表 CSV：code,name,lon,lat[,note]")],
    mean_of: Annotated[str, typer.Option(help="参与全市（区）平均的站点代码，逗号分隔；默认全部")] = "",
    listing: Annotated[Path | None, typer.Option("--list", help="应急减排清单 CSV（lantian list import 生成）")] = None,
    drill: Annotated[
        str, typer.Option(help="announced 预告演练或 surprise 突击演练：由真人办理，消息全部封存；默认为正式工作")
    ] = "",
    home: Home = None,
) -> None:
    """开设一个值守文件夹（正式的，或一次演练的）：记录、档案、站点、清单、取数计划。"""
    from flows import office_setup
    from flows.clock import real_now

    folder = _folder(home)
    wanted = office_setup.Wanted(
        area=area,
        area_name=name,
        plan=plan,
        stations=stations,
        mean_of=tuple(code.strip() for code in mean_of.split(",") if code.strip()),
        listing=listing,
        drill=drill,
    )
    made = office_setup.open_office(folder, wanted, today=real_now().date())
    kind = {"announced": "预告演练 ", "surprise": "突击演练 "}.get(drill, "")
    typer.echo(f"已在 {folder} 开设{kind or ' '}{name}：{len(made['stations'])} 个站点，预案 {plan}。")
    if not made["list"]:
        typer.echo("还没有减排清单：可以研判和会商，但启动响应时没有企业可以下达。")
    typer.echo("接下来：lantian office account 建账号；在 sources.yaml 启用数据源；lantian serve 开始值守。")


@app.command()
def account(
    identifier: Annotated[str, typer.Argument(help="登录名（岗位，不用真名）")],
    title: Annotated[str, typer.Option(help="岗位名称，如 值班员甲")] = "",
    role: Annotated[str, typer.Option(help="角色，如 duty_officer")] = "",
    enterprise: Annotated[str, typer.Option(help="企业编号，仅企业账号")] = "",
    reset: Annotated[bool, typer.Option("--reset", help="为已有账号换新密码")] = False,
    close: Annotated[bool, typer.Option("--close", help="停用账号")] = False,
    home: Home = None,
) -> None:
    """新建账号（密码只显示一次），或换密码、停用。"""
    from emergency.directory import Directory
    from flows import office_setup

    record = _record(_folder(home))
    if close:
        Directory(record).set_active(identifier, False)
        typer.echo(f"已停用 {identifier}，其登录已全部失效。")
        return
    if reset:
        typer.echo(f"{identifier} 的新密码（只显示这一次）：{office_setup.new_password(record, identifier)}")
        return
    made, password = office_setup.add_account(
        record, identifier, title=title or identifier, role=_role(role), enterprise=enterprise or None
    )
    typer.echo(f"{made.identifier}（{made.title}，{made.role.chinese}）的密码（只显示这一次）：{password}")


@app.command()
def accounts(home: Home = None) -> None:
    """列出账号、岗位、角色。"""
    from emergency.directory import Directory

    for one in Directory(_record(_folder(home))).accounts():
        state = "" if one.active else "  已停用"
        typer.echo(f"{one.identifier}  {one.title}  {one.role.chinese}  {one.enterprise or ''}{state}".rstrip())


@app.command()
def train(
    since: Annotated[str, typer.Option(help="学习的起始日，如 2023-01-01")],
    until: Annotated[str, typer.Option(help="只用这一天 0 时之前的数据；默认今天")] = "",
    effort: Annotated[str, typer.Option(help="demo 数秒 | full 数分钟")] = "full",
    weather: Annotated[
        str,
        typer.Option(
            metavar="FILE|SOURCE",
            help="气象预报表（.parquet 或 .csv）或档案存有其预报的来源（openmeteo）：再训练一个使用气象预报的模型",
        ),
    ] = "",
    home: Home = None,
) -> None:
    """用档案中的观测训练本地区的预报模型，存入工作文件夹；下一次展望即使用它。"""
    from emergency.vocabulary import BEIJING
    from flows import office_models
    from flows.clock import real_now
    from flows.post import open_post

    post = open_post(_folder(home))
    now = real_now()
    limit = _day(until, "--until") if until else now.astimezone(BEIJING).date()
    asked = {"effort": effort, "weather": weather, "now": now}
    for made in office_models.train(post, since=_day(since, "--since"), until=limit, **asked):  # type: ignore[arg-type]
        kind = "无气象预报" if made.weather_mode == "none" else f"使用气象预报，{len(made.areas)}个区域"
        days = f"{made.manifest['first_day']} 至 {made.manifest['last_day']}"
        typer.echo(f"已用 {days} 的数据训练（{kind}），摘要 {made.digest}")
        if silent := made.manifest["areas_left_out"]:
            typer.echo(f"几乎没有监测数据，没有训练：{'、'.join(silent)}")
        if made.manifest["stand_in_runs"]:
            typer.echo("训练期存档的气象预报不足，用观测气象模拟的预报训练；每次展望会注明。")
        if days_made := made.manifest["runs_made"]:
            typer.echo(f"训练期有{days_made}天没有存档的气象预报，用观测气象按存档预报的误差模拟。")
        if not made.manifest["runs_go_round_the_year"]:
            typer.echo("训练期的气象预报不满一年，没学过的季节可能不准；每次展望会注明。补取以往的预报后再训练。")


@app.command()
def show(home: Home = None) -> None:
    """值守文件夹的现状：站点、数据、模型、清单、账号、记录。"""
    from emergency.directory import Directory
    from emergency.vocabulary import BEIJING
    from flows import office_models, office_setup
    from flows.clock import real_now
    from flows.post import open_post

    folder = _folder(home)
    post = open_post(folder)
    settings, now = post.settings, real_now()
    seq, digest = post.record.head()
    newest: datetime | None = post.archive.latest_valid_time(stations=settings["stations"], as_of=now)
    models = office_models.newest(folder)
    listing = office_setup.listing_of(post)
    rows = [
        ("地区", f"{settings['area_name']}（{settings['area']}）"),
        ("性质", "演练" if post.record.drill else "正式"),
        ("预案", settings["plan"]),
        ("评价标准", post.aqi(now).name),
        ("站点", str(len(settings["stations"]))),
        ("最新数据", f"{newest.astimezone(BEIJING):%Y-%m-%d %H:%M}" if newest else "没有"),
        ("气象预报", _kept(post.archive) or "没有存档（sources.yaml 启用 openmeteo，或装入文件）"),
        ("模型", "、".join(models) if models else "没有（lantian office train）"),
        ("减排清单", f"{len(listing.enterprises)} 条，版本 {listing.edition}" if listing else "没有"),
        ("账号", str(len(Directory(post.record).accounts()))),
        ("记录", f"{seq} 条，末条摘要 {digest[:16]}"),
    ]
    for name, value in rows:
        typer.echo(f"{name}\t{value}")


def _kept(archive: Archive) -> str:
    """What is kept of weather runs, source by source."""
    from emergency.vocabulary import BEIJING
    from forecast.guidance import Guidance

    told = []
    for one in Guidance(archive.engine).kept():
        newest = one.last_received_at.astimezone(BEIJING)
        told.append(f"{one.source} {one.places} 处 {one.days} 天，最后收到 {newest:%Y-%m-%d %H:%M}")
    return "；".join(told)


def _folder(home: Path | None) -> Path:
    from flows.home import home as default_home

    return (home or default_home()).resolve()


def _record(folder: Path) -> Record:
    from flows.post import open_post

    return open_post(folder).record


def _role(key: str) -> Role:
    from emergency.vocabulary import Role

    known = [role.key for role in Role if role is not Role.SYSTEM]
    if key not in known:
        raise DataError("--role is not known", expected=" | ".join(known), found=key or "nothing")
    return Role.of(key)


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{name} is not a day", expected="YYYY-MM-DD", found=text) from None
