"""`lantian hj212`: receive what plants send (HJ 212), and simulate plants that send."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plans.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(add_completion=False, help="企业在线监测（HJ 212）：接收数据，模拟企业。", no_args_is_help=True)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="监听地址；默认只在本机")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="监听端口")] = 9212,
    to: Annotated[str, typer.Option(help="档案：文件名、sqlite:/// 或 postgresql://；默认在 LANTIAN_HOME")] = "",
    plants: Annotated[Path | None, typer.Option(help="允许的企业，每行“MN,PW”；本机以外监听时必须给出")] = None,
    seconds: Annotated[float, typer.Option(help="多少秒后停止；0 为一直运行")] = 0.0,
) -> None:
    """接收 HJ 212 数据包，存妥之后才应答；每分钟报告一次，按 Ctrl+C 停止。"""
    import asyncio

    from flows.hj212.receiver import Settings
    from flows.home import archive_address
    from forecast.emissions import Emissions

    known = None if plants is None else known_plants(plants)
    if known is None and host not in ("127.0.0.1", "localhost", "::1"):
        raise DataError(
            "The receiver would take data from anybody",
            where=host,
            expected="--plants FILE with one MN,PW a line",
            todo="Name the plants, or listen on 127.0.0.1",
        )
    _many_connections()
    store = Emissions.open(to or archive_address())
    asyncio.run(_serve(store, Settings(known=known), host, port, seconds))
    store.close()


def _many_connections(wanted: int = 20_000) -> int:
    """How many files this process may now hold open: each connection is one, and the usual limit is 1,024."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    may = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < may:
        resource.setrlimit(resource.RLIMIT_NOFILE, (may, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


async def _serve(store: object, settings: object, host: str, port: int, seconds: float) -> None:
    import asyncio
    import signal

    from flows.hj212.receiver import Receiver, Settings
    from forecast.emissions import Emissions

    assert isinstance(store, Emissions)
    assert isinstance(settings, Settings)
    receiver = Receiver(store, settings=settings)
    bound = await receiver.start(host, port)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    typer.echo(f"HJ 212 接收中：{host}:{bound}")
    until = loop.time() + seconds if seconds > 0 else float("inf")
    while not ended.is_set() and loop.time() < until:
        try:
            async with asyncio.timeout(min(60.0, until - loop.time())):
                await ended.wait()
        except TimeoutError:
            typer.echo(_state(receiver.connected, receiver.counts, receiver.trouble))
    await receiver.stop()
    typer.echo(_state(receiver.connected, receiver.counts, receiver.trouble))


def _state(connected: int, counts: Mapping[str, int], trouble: str | None) -> str:
    odd = sum(
        number for name, number in counts.items() if name.startswith(("broken", "malformed", "refused", "doubted"))
    )
    done = f"收到 {counts['packets']} 包，写入 {counts['rows']} 行，应答 {counts['answered']}"
    text = f"连接 {connected}，{done}，异常 {odd}"
    return text if trouble is None else f"{text}；目前无法存储，未应答：{trouble}"


def known_plants(path: Path) -> dict[str, str]:
    """PW by MN of a file with one "MN,PW" a line (# begins a comment); DataError names the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("The list of plants cannot be read", where=str(path), found=type(error).__name__) from None
    known: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.split("#")[0].strip()
        if not text:
            continue
        mn, comma, password = (part.strip() for part in text.partition(","))
        where = f"{path.name} row {number}"
        if not comma or not mn or not password:
            raise DataError("A plant cannot be read", where=where, expected="MN,PW", found=text)
        if mn in known:
            raise DataError("A plant stands twice", where=where, found=mn)
        known[mn] = password
    return known


@app.command()
def simulate(
    plants: Annotated[int, typer.Option(min=1, max=20_000, help="模拟企业数（各一条连接）")] = 100,
    rate: Annotated[float, typer.Option(min=0.01, max=5_000, help="每秒总包数")] = 50.0,
    seconds: Annotated[float, typer.Option(min=0.1, max=86_400, help="持续秒数")] = 10.0,
    host: Annotated[str, typer.Option(help="接收方地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="接收方端口")] = 9212,
    cut: Annotated[float, typer.Option(min=0.0, max=1.0, help="演练：要求的减产比例，各企业按脾性执行")] = 0.0,
    seed: Annotated[int, typer.Option(help="企业脾性的种子")] = 1,
    version: Annotated[int, typer.Option(help="协议版本：2005 | 2017 | 2025")] = 2017,
) -> None:
    """模拟企业按 HJ 212 发送数据（演练与压测用，全部为模拟数据），最后报告应答情况。"""
    import asyncio

    from flows.hj212.simulator import Load
    from flows.hj212.simulator import simulate as run

    if version not in (2005, 2017, 2025):
        raise DataError("The version is not known", expected="2005, 2017 or 2025", found=version)
    _many_connections()
    load = Load(plants, rate, seconds, seed=seed, version=version, cut=cut)
    result = asyncio.run(run(load, host=host, port=port, cns=("2011", "2061", "2021")))
    slow = f"，99 % 在 {result.quantile(0.99) * 1000:.0f} 毫秒内" if result.latencies else ""
    typer.echo(f"模拟 {plants} 家：发出 {result.sent} 包，重发 {result.resent}，已应答 {result.acknowledged}{slow}。")
    if result.acknowledged < result.sent:
        raise DataError("Some packets were never acknowledged", expected=result.sent, found=result.acknowledged)
