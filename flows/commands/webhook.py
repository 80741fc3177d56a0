"""`lantian webhook`: tell other systems what goes into the record, by signed webhooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flows.post import Post

app = typer.Typer(
    add_completion=False, help="登记其他系统的签名回调（webhook），说明见 docs/api.md。", no_args_is_help=True
)
Home = Annotated[Path | None, typer.Option(help="工作文件夹，默认 LANTIAN_HOME")]


@app.command()
def add(
    title: Annotated[str, typer.Argument(help="对方系统，如 市大数据平台")],
    address: Annotated[str, typer.Argument(help="https 地址")],
    lives: Annotated[str, typer.Option(help="通知哪几类，逗号分隔：consultation,warning,order,problem")] = "",
    own_network: Annotated[bool, typer.Option("--own-network", help="对方在本单位网络内，可用 http")] = False,
    home: Home = None,
) -> None:
    """登记一个回调；签名密钥只显示这一次，请交给对方。从现在起的记录会通知它。"""
    from emergency.outward import checked
    from emergency.webhooks import LIVES, Hooks

    post = _post(home)
    checked(address, own_network=own_network)
    wanted = [one.strip() for one in lives.split(",") if one.strip()] or LIVES
    made = Hooks(post.record).add(
        title=title, address=address, lives=wanted, own_network=own_network, now=post.now
    )  # fmt: skip
    typer.echo(f"已登记 {made.identifier}（{title}）。签名密钥（只显示这一次）：{made.secret}")
    typer.echo(f"接下来：lantian webhook ping {made.identifier} 试发一条。")


@app.command("list")
def show(home: Home = None) -> None:
    """列出回调：状态、通知到记录的第几条、最近一次答复。"""
    from emergency.webhooks import Hooks

    hooks = Hooks(_post(home).record)
    paused = hooks.paused()
    for one in hooks.all():
        tries = f"失败{one.failures}次，下次 {one.next_at}" if one.failures else "正常"
        state = "停用" if not one.active else "暂停" if one.identifier in paused else tries
        typer.echo(f"{one.identifier}\t{one.title}\t{one.address}\t{state}\t至第{one.after}条\t{one.said}")


@app.command()
def ping(identifier: Annotated[str, typer.Argument(help="登记号")], home: Home = None) -> None:
    """试发一条类型为 ping 的消息。"""
    from emergency.webhooks import Hooks
    from flows import hooks
    from plans.errors import DataError

    found = [one for one in Hooks(_post(home).record).all() if one.identifier == identifier and one.active]
    if not found:
        raise DataError("There is no such webhook", found=identifier, todo="lantian webhook list names them")
    handed = hooks.ping(found[0])
    typer.echo(f"{'对方已收到' if handed.result == 'handed' else '未送达'}：{handed.detail}")
    if handed.result != "handed":
        raise typer.Exit(1)


@app.command()
def close(identifier: Annotated[str, typer.Argument(help="登记号")], home: Home = None) -> None:
    """停用一个回调。"""
    from emergency.webhooks import Hooks

    Hooks(_post(home).record).close(identifier)
    typer.echo(f"已停用 {identifier}。")


def _post(home: Path | None) -> Post:
    from flows.home import home as default_home
    from flows.post import open_post

    return open_post((home or default_home()).resolve())
