"""The embedded Prefect server: one process on the loopback, started and stopped with the work that needs it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flows import child
from plans.errors import LantianError

SETTINGS = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(14 * 24 * 3600),
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P2D",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
}
"""What differs from Prefect's own settings, where the environment says nothing else. Runs are kept for 14 days, events,
which nobody reads here, for two: by itself Prefect keeps runs for good, some gigabytes a year. What happened stands in
the record and in the slots, not there. Nobody reads which runs were late either; marking the hundreds of an outage
meets the runner's own writing, and on SQLite fails again and again ("database is locked")."""


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(home: Path, *, port: int) -> subprocess.Popen[bytes]:
    """The server process, not yet ready. Its log goes to prefect.log in the folder; nothing is reported outside."""
    home.mkdir(parents=True, exist_ok=True)
    environment = {
        **SETTINGS,
        **os.environ,
        "PREFECT_HOME": str(home.resolve()),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_DATABASE_TIMEOUT": "30",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    environment.pop("PREFECT_API_URL", None)
    command = child.command("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    with child.log(home / "prefect.log") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)  # noqa: S603


def wait(process: subprocess.Popen[bytes], *, port: int, seconds: float = 300.0) -> str:
    """The address of the server's API once it answers; LantianError when it ends or does not answer in time."""
    api = f"http://127.0.0.1:{port}/api"
    deadline = time.monotonic() + seconds
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LantianError("The Prefect server ended at its start", found=f"exit code {process.returncode}")
        try:
            with opener.open(f"{api}/health", timeout=2) as answer:
                if answer.status == 200:
                    return api
        except (urllib.error.URLError, OSError):
            time.sleep(0.25)
    raise LantianError("The Prefect server does not answer", expected=f"an answer within {seconds:.0f} s")


def use(api: str, home: Path) -> None:
    """Point this process at the server; without one it is an error, not a new hidden server.

    Prefect reads its settings when it is imported: where that has happened already, they are read once more.
    """
    os.environ["PREFECT_API_URL"] = api
    os.environ["PREFECT_HOME"] = str(home.resolve())
    os.environ["PREFECT_SERVER_EPHEMERAL_ENABLED"] = "false"
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    if "prefect" in sys.modules:
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()


def tell_the_rest(*, seconds: float = 10.0) -> None:
    """Hand over what this process still has to tell the server, for so long at most.

    Prefect sends events and logs from threads of its own and waits for them at the exit of the process: without limit,
    where the server was stopped before.
    """
    if "prefect.events.worker" in sys.modules:
        from prefect.events.worker import EventsWorker

        EventsWorker.drain_all(timeout=seconds)
    if "prefect.logging.handlers" in sys.modules:
        from prefect.logging.handlers import APILogWorker

        APILogWorker.drain_all(timeout=seconds)


@contextmanager
def stopping(*processes: subprocess.Popen[bytes]) -> Iterator[None]:
    """Stop the processes at the end, whatever happens inside; the server hears the rest before."""
    try:
        yield
    finally:
        tell_the_rest()
        for process in processes:
            if process.poll() is None:
                process.terminate()
        for process in processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
