"""`lantian demo`: replay an episode, then open the console on it, with a clock that the visitor moves."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows import prefect_server, tell
from plans.errors import LantianError

if TYPE_CHECKING:
    from emergency.record import Record
    from flows.replay import Stage

app = typer.Typer(add_completion=False)

PAUSE_FROM = date(2015, 12, 18)
"""From this day on the demo looks for the next warning that waits for a signature, and leaves it to the visitor."""

PEOPLE = (
    ("duty", "值班员", "duty_officer"),
    ("forecaster", "环境监测站预报员", "forecaster"),
    ("director", "蓝天办主任", "office_director"),
    ("vicemayor", "分管副市长", "vice_mayor"),
    ("mayor", "市长", "mayor"),
    ("inspector", "督导检查员", "inspector"),
    ("meteorologist", "气象台预报员", "meteorologist"),
    ("territory", "属地责任人", "territory"),
    ("admin", "系统管理员", "administrator"),
)


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="值班台的本机端口")] = 8420,
    scenario: Annotated[str, typer.Option(help="beijing | sample | auto：有北京数据时用 beijing")] = "auto",
    fresh: Annotated[bool, typer.Option(help="有未完成的演示也从头开始")] = False,
    home: Annotated[Path | None, typer.Option(help="工作文件夹，默认 LANTIAN_HOME/demo")] = None,
    once: Annotated[bool, typer.Option(help="值班台应答、全部准备好后即退出（计时用）")] = False,
) -> None:
    """在内嵌的 Prefect 中回放一段污染过程，然后打开值班台，打印网址和示例账号。

    全部是演练：每个页面都会标明，消息全部封存。按 Ctrl-C 结束。
    """
    from flows.scenario import find_data
    from flows.scenario import scenario as scenario_of

    begin = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes it started are stopped too
    folder = home or Path(os.environ.get("LANTIAN_HOME", "var")) / "demo"
    name = ("beijing" if find_data() is not None else "sample") if scenario == "auto" else scenario
    chosen = scenario_of(name)
    if chosen.simulated:
        tell.line("没有找到真实数据（../shared/data），改用程序模拟生成的数据；每个页面都会标明。")
    server_port = prefect_server.free_port()
    server = prefect_server.start(folder / "prefect", port=server_port)
    with prefect_server.stopping(server):
        from flows import stage as staging

        first, last = chosen.default_days
        stage, record = staging.open_replay(
            chosen, first=first, last=last, seed=7, home=folder / name, fresh=fresh, say=tell.line
        )
        tell.header(stage)
        api = prefect_server.wait(server, port=server_port)
        prefect_server.use(api, folder / "prefect")
        _replay_under_prefect(chosen.name, stage, folder / name)
        teller = tell.Teller(stage, record)
        for day in _played(stage, record):
            teller.day(day)
        stage = replace(stage, leaders_wait=timedelta(hours=3))  # time for the visitor to sign first
        _to_next_signature(stage, record)
        logins = _accounts(record, _plant(stage))
        kept = record.noted("clock")
        if kept is not None:
            from flows import looking

            looking.look_as_of(folder / name, datetime.fromisoformat(kept))
        console = _console(folder / name, port)
        with prefect_server.stopping(console):
            _wait_for_console(console, port)
            _announce(stage, record, port=port, prefect=api.removesuffix("/api"), logins=logins, begin=begin)
            explained = _explain(folder / name, datetime.fromisoformat(kept)) if kept is not None else None
            if not once:
                _keep_clock(stage, record, console, folder / name)
            elif explained is not None:
                explained.join()  # what a visitor would see a moment later, a folder made without one has too


def _replay_under_prefect(name: str, stage: Stage, home: Path) -> None:
    from flows.scheduled import replay_flow

    until = min(max(PAUSE_FROM, stage.first_day), stage.last_day) - timedelta(days=1)
    tell.line(f"在内嵌的 Prefect 中逐日回放至 {until} …")
    replay_flow(scenario=name, first=stage.first_day, last=stage.last_day, seed=stage.seed, home=str(home), until=until)


def _played(stage: Stage, record: Record) -> list[date]:
    from emergency.vocabulary import BEIJING

    kept = record.noted("clock")
    if kept is None:
        return []
    done = datetime.fromisoformat(kept).astimezone(BEIJING).date()
    return [stage.first_day + timedelta(days=number) for number in range((done - stage.first_day).days)]


def _to_next_signature(stage: Stage, record: Record) -> None:
    """Play on hour by hour until a warning waits for a signature, or to the end."""
    from flows import clock, replay, respond

    office = replay.open_office(stage, record)
    for now in clock.hours(replay.resume_at(stage, record), stage.end):
        if respond.pending_warning(office) is not None:
            return
        replay.tick(stage, office, now)


def _plant(stage: Stage) -> str:
    """The plant whose phone the visitor holds: one that would stay silent by itself, with measures from yellow on."""
    from emergency.vocabulary import Level
    from flows.plants import Temperament, temperament

    ordered = [item for item in stage.instructions[Level.YELLOW] if item.audience == "enterprise"]
    reached = [item.enterprise for item in ordered if item.measures and item.reachable]
    silent = [name for name in reached if temperament(stage.seed, name) is Temperament.SILENT]
    return (silent or reached)[0]


def _accounts(record: Record, sample: str) -> list[tuple[str, str, str]]:
    """(identifier, position, password) of the sample log-ins, with passwords made anew at every start."""
    from emergency.directory import Directory
    from emergency.vocabulary import Role

    directory = Directory(record)
    known = {account.identifier for account in directory.accounts()}
    wanted: list[tuple[str, str, str, str | None]] = [(who, title, role, None) for who, title, role in PEOPLE]
    wanted.append(("plant", f"企业联系人（{sample}）", "enterprise", sample))
    logins = []
    for identifier, title, role, enterprise in wanted:
        password = secrets.token_urlsafe(6)
        if identifier in known:
            directory.set_password(identifier, password)
        else:
            directory.add_account(identifier, password, title=title, role=Role.of(role), enterprise=enterprise)
        logins.append((identifier, title, password))
    return logins


def _console(home: Path, port: int) -> subprocess.Popen[bytes]:
    """The console as a process of its own: flows may not import it."""
    command = [sys.executable, "-m", "console.serve", "--record", str(home / "record.db"),
               "--archive", str(home / "archive.db"), "--port", str(port)]  # fmt: skip
    with (home / "console.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603  our own module, our own paths


def _wait_for_console(console: subprocess.Popen[bytes], port: int) -> None:
    import urllib.error
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if console.poll() is not None:
            raise LantianError(
                "The console ended at its start", where=f"port {port}", found=f"exit code {console.returncode}",
                todo="Read console.log in the demo's folder; is the port taken? Give another with --port",
            )  # fmt: skip
        try:
            with opener.open(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise LantianError("The console does not answer", where=f"port {port}", expected="an answer within 60 s")


def _announce(
    stage: Stage, record: Record, *, port: int, prefect: str, logins: list[tuple[str, str, str]], begin: float
) -> None:
    kept = record.noted("clock")
    moment = datetime.fromisoformat(kept) if kept else stage.start
    tell.line("")
    tell.line(f"演练时钟停在 {moment:%Y-%m-%d %H:%M}（北京时间），可在“演练”页推进。")
    tell.line(f"用时 {time.monotonic() - begin:.0f} 秒")
    tell.line(f"值班台  http://127.0.0.1:{port}/")
    tell.line(f"Prefect {prefect}")
    tell.line("示例账号（口令每次启动重新生成）：")
    for identifier, title, password in logins:
        tell.line(f"  {identifier:<14} {password}   {title}")
    tell.line("Ctrl-C 结束。")


def _explain(home: Path, now: datetime) -> threading.Thread:
    """Reasons and hours of the outlook in force, being made beside the console, which is open already."""
    from flows import outlook

    def work() -> None:
        with contextlib.suppress(LantianError):  # the page says that the outlook has none
            outlook.explain_as_of(home, now)

    made = threading.Thread(target=work, daemon=True)
    made.start()
    return made


def _keep_clock(stage: Stage, record: Record, console: subprocess.Popen[bytes], home: Path) -> None:
    """Move the clock to wherever the console asks, hour by hour, and watch the air there, until somebody stops it."""
    from emergency.vocabulary import BEIJING
    from flows import clock, looking, replay

    office = replay.open_office(stage, record)
    try:
        while console.poll() is None:
            kept, target = record.noted("clock"), record.noted("clock_target")
            now = datetime.fromisoformat(kept).astimezone(BEIJING) if kept else stage.start
            goal = datetime.fromisoformat(target) if target else now
            if goal > now and now < stage.end:
                for moment in clock.hours(now, min(goal, stage.end)):
                    replay.tick(stage, office, moment)
                looking.look_as_of(home, min(goal, stage.end))
                _explain(home, min(goal, stage.end))
                if min(goal, stage.end) == stage.end:
                    record.note("finished", "yes")
                    record.note("clock_target", stage.end.isoformat())
            time.sleep(0.2)
    except KeyboardInterrupt:
        tell.line("结束。")
