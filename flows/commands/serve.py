"""`lantian serve`: the web console, the embedded Prefect server and the runner of the flows, in one command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

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
    server_port = prefect_server.free_port()
    prefect = prefect_server.start(folder / "prefect", port=server_port)
    with prefect_server.stopping(prefect):
        api = prefect_server.wait(prefect, port=server_port)
        prefect_server.use(api, folder / "prefect")
        starts: dict[str, Callable[[], subprocess.Popen[bytes]]] = {
            "runner": lambda: _python(folder, "from flows.runner import main; main()", "runner.log")
        }
        if (folder / "record.db").is_file():
            starts["console"] = lambda: _console(folder, port)
        else:
            typer.echo("工作文件夹中还没有值班记录，先不启动控制台（lantian demo 或 lantian replay 会建立演练记录）。")
        running = {name: start() for name, start in starts.items()}
        typer.echo(f"控制台 http://127.0.0.1:{port}  Prefect {api.removesuffix('/api')}  文件夹 {folder}")
        try:
            _keep(starts, running, prefect, seconds)
        finally:
            for process in running.values():
                process.terminate()
            for process in running.values():
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()


def _keep(
    starts: dict[str, Callable[[], subprocess.Popen[bytes]]],
    running: dict[str, subprocess.Popen[bytes]],
    prefect: subprocess.Popen[bytes],
    seconds: float,
) -> None:
    """Restart what ends; a part that ends again and again is waited for a little longer each time."""
    until = time.monotonic() + seconds if seconds > 0 else float("inf")
    waits = dict.fromkeys(starts, 1.0)
    again_at = dict.fromkeys(starts, 0.0)
    while time.monotonic() < until:
        if prefect.poll() is not None:
            raise LantianError("The Prefect server ended", found=f"exit code {prefect.returncode}", todo="Start again")
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


def _python(folder: Path, code: str, log: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "LANTIAN_HOME": str(folder)}
    with (folder / log).open("ab") as opened:
        return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=opened, stderr=opened)  # noqa: S603


def _console(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """The console as a process of its own: flows may not import it."""
    paths = ["--record", str(folder / "record.db"), "--archive", str(folder / "archive.db")]
    command = [sys.executable, "-m", "console.serve", *paths, "--port", str(port)]
    with (folder / "console.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603
