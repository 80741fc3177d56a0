"""`lantian duty`: set up and read the roster, the contacts, the open calls, and the calendar file."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flows.post import Post

app = typer.Typer(add_completion=False, help="值守：值班表、联系方式、呼叫、日历文件。", no_args_is_help=True)

Home = Annotated[Path, typer.Option("--home", help="工作文件夹")]


@app.command()
def shift(
    home: Home,
    key: Annotated[str, typer.Argument(help="班次代号，如 day")],
    chinese: Annotated[str, typer.Argument(help="班次名称，如 白班")],
    start: Annotated[str, typer.Argument(help="开始 HH:MM")],
    end: Annotated[str, typer.Argument(help="结束 HH:MM；不晚于开始即为次日")],
) -> None:
    """登记一种班次。"""
    from emergency.roster import shifts_of

    _add(home, shifts_of([(key, chinese, start, end)])[0])


@app.command()
def rotation(
    home: Home,
    shift: Annotated[str, typer.Argument(help="班次代号")],
    people: Annotated[list[str], typer.Argument(help="轮值人员（登录账号），按顺序")],
    since: Annotated[str, typer.Option(help="从哪天起，YYYY-MM-DD")],
    every: Annotated[int, typer.Option(help="每人连值几天")] = 1,
    working_days: Annotated[bool, typer.Option(help="只排工作日（含调休）")] = False,
    rest_days: Annotated[bool, typer.Option(help="只排休息日")] = False,
) -> None:
    """登记一组轮值。"""
    from emergency.roster import Rotation

    _add(home, Rotation(shift, tuple(people), _day(since, "--since"), every, working_days, rest_days))


@app.command()
def show(home: Home, days: Annotated[int, typer.Option(min=1, max=92, help="多少天")] = 14) -> None:
    """列出今后的班次、空班和正在进行的呼叫。"""
    from emergency import roster
    from emergency.messages import local
    from emergency.roster_store import RosterStore
    from emergency.vocabulary import BEIJING

    post = _post(home)
    plan, now = RosterStore(post.record).roster(), post.now
    if plan is None:
        typer.echo("还没有值班表。")
    else:
        today = now.astimezone(BEIJING).date()
        names = {one.key: one.chinese for one in plan.shifts}
        for one in roster.duties(plan, today, today + timedelta(days=days - 1)):
            typer.echo(f"{one.day}\t{names[one.shift]}\t{one.person or '无人值班'}")
    for row in post.record.now("call", open_only=True):
        body = row["body"]
        typer.echo(f"呼叫\t{row['stream']}\t{body['what']}\t已呼叫{len(body['pages'])}次\t{local(post.now)}")


@app.command()
def contact(
    home: Home,
    party: Annotated[str, typer.Argument(help="账号、角色代号或企业编号")],
    address: Annotated[str, typer.Option(help="通道地址（apprise 地址或 webhook 地址）")] = "",
    telephone: Annotated[str, typer.Option(help="电话，用于电话清单")] = "",
) -> None:
    """登记或更换一个联系方式；不写入只增不改的记录。"""
    from emergency.contacts import Contact, Contacts

    post = _post(home)
    Contacts(post.record).put(Contact(party, address, telephone), now=post.now)
    typer.echo(f"{party} 的联系方式已登记。")


@app.command()
def calendar(home: Home, to: Annotated[Path, typer.Option(help="写入的文件")]) -> None:
    """把今后四周的班次写成日历文件（ICS）。"""
    from emergency import ics, roster
    from emergency.roster_store import RosterStore
    from emergency.vocabulary import BEIJING
    from plans.errors import DataError

    post = _post(home)
    plan, now = RosterStore(post.record).roster(), post.now
    if plan is None:
        raise DataError(
            "There is no roster yet", where=str(home), todo="Set it up with lantian duty shift and rotation"
        )
    today = now.astimezone(BEIJING).date()
    names = {one.key: one.chinese for one in plan.shifts}
    entries = [
        ics.Entry(
            f"{one.shift}-{one.day:%Y%m%d}", one.begins_at, one.ends_at, f"{names[one.shift]} {one.person or '无人'}"
        )
        for one in roster.duties(plan, today, today + timedelta(days=27))
    ]
    name = f"{post.office.desk.area_name}值班"
    temporary = to.with_name(to.name + ".part")
    temporary.write_bytes(ics.calendar(entries, name=name, now=now, drill=post.record.drill))
    temporary.replace(to)
    typer.echo(f"{len(entries)} 个班次已写入 {to}")


def _post(home: Path) -> Post:
    from flows.post import open_post

    return open_post(home)


def _add(home: Path, what: object) -> None:
    from emergency.roster_store import RosterStore

    post = _post(home)
    number = RosterStore(post.record).add(what, by="administrator", now=post.now)  # type: ignore[arg-type]
    typer.echo(f"已登记，第{number}条。")


def _day(text: str, option: str) -> date:
    from plans.errors import DataError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError("The date cannot be read", where=option, expected="YYYY-MM-DD", found=text) from None
