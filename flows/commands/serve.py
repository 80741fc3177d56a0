"""`lantian serve`: the web console, the embedded Prefect server and the runner of the flows, in one command."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from flows import child
from plans.errors import LantianError

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="控制台端口（本机）")] = 8420,
    home: Annotated[Path | None, typer.Option(help="工作文件夹，默认 LANTIAN_HOME")] = None,
    seconds: Annotated[float, typer.Option(help="多少秒后停止；0 为一直运行")] = 0.0,
) -> None:
    """启动控制台、内嵌的 Prefect 服务和定时流程；任何一个意外退出都会重新启动。按 Ctrl+C 停止。"""
    from flows import prefect_server
    from flows.home import home as default_home

    folder = (home or default_home()).resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    _only_one(folder)
    starts = _parts(folder, port)
    if "console" not in starts:
        typer.echo("工作文件夹中还没有值班记录，先不启动控制台（lantian office new 开设；demo、replay 建立演练记录）。")
    server_port = prefect_server.free_port()
    starts["prefect"] = lambda: prefect_server.start(folder / "prefect", port=server_port)
    running = {name: start() for name, start in starts.items()}
    try:
        api = prefect_server.wait(running["prefect"], port=server_port)
        prefect_server.use(api, folder / "prefect")
        starts["runner"] = lambda: _part(folder, "runner.log", "flows.runner")
        running["runner"] = starts["runner"]()
        typer.echo(f"控制台 http://127.0.0.1:{port}  Prefect {api.removesuffix('/api')}  文件夹 {folder}")
        _keep(starts, running, seconds)
    finally:
        order = sorted(running, key=lambda name: name == "prefect")  # the server last: the runner still talks to it
        for name in order:
            running[name].terminate()
            try:
                running[name].wait(timeout=15)
            except subprocess.TimeoutExpired:
                running[name].kill()


def _parts(folder: Path, port: int) -> dict[str, Callable[[], subprocess.Popen[bytes]]]:
    """How the parts are started that need no Prefect server: the console of a post, the receiver of plant data."""
    starts: dict[str, Callable[[], subprocess.Popen[bytes]]] = {}
    receiver = _receiver(folder)
    if receiver is not None:
        starts["hj212"] = receiver
    if (folder / "record.db").is_file():
        paths = ("--record", str(folder / "record.db"), "--archive", str(folder / "archive.db"))
        starts["console"] = lambda: _part(folder, "console.log", "console.serve", *paths, "--port", str(port))
    return starts


def _only_one(folder: Path) -> None:
    """Hold the folder until this process ends; LantianError when another `lantian serve` holds it.

    Slots would keep two of them from doing work twice, but they would fight for the console's port and Prefect's files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    opened = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)  # stays open: the lock goes with the process
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(opened, 20).decode(errors="replace").strip() or "?"
        raise LantianError(
            "Another lantian serve works in this folder", where=str(folder), found=f"process {holder}",
            todo="Use that one, or end it first",
        ) from None  # fmt: skip
    os.ftruncate(opened, 0)
    os.write(opened, str(os.getpid()).encode())


def _receiver(folder: Path) -> Callable[[], subprocess.Popen[bytes]] | None:
    """How the HJ 212 receiver is started; None when sources.yaml asks for none."""
    from flows.sources.plan import plan

    wanted = plan(folder).hj212
    if wanted is None:
        return None
    words = ["hj212", "serve", "--host", wanted.host, "--port", str(wanted.port), "--to", str(folder / "archive.db")]
    if wanted.plants:
        words += ["--plants", str(folder / wanted.plants)]
    return lambda: _part(folder, "hj212.log", "console.cli", *words)


def _keep(
    starts: dict[str, Callable[[], subprocess.Popen[bytes]]],
    running: dict[str, subprocess.Popen[bytes]],
    seconds: float,
) -> None:
    """Restart what ends; a part that ends again and again is waited for a little longer each time."""
    until = time.monotonic() + seconds if seconds > 0 else float("inf")
    waits = dict.fromkeys(starts, 1.0)
    again_at = dict.fromkeys(starts, 0.0)
    while time.monotonic() < until:
        for name, process in list(running.items()):
            if process.poll() is None or time.monotonic() < again_at[name]:
                continue
            if again_at[name] == 0.0:
                again_at[name] = time.monotonic() + waits[name]
                waits[name] = min(60.0, waits[name] * 2)
                typer.echo(f"{name} 退出（{process.returncode}），稍后重新启动。", err=True)
                continue
            again_at[name] = 0.0
            running[name] = starts[name]()
        time.sleep(0.5)


def _part(folder: Path, log: str, module: str, *words: str) -> subprocess.Popen[bytes]:
    """A module as a process of its own that ends with this one (flows may not import the console)."""
    environment = {**os.environ, "LANTIAN_HOME": str(folder)}
    with child.log(folder / log) as opened:
        return subprocess.Popen(child.command(module, *words), env=environment, stdout=opened, stderr=opened)  # noqa: S603
