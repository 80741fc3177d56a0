"""./run shots: a picture of every page of the demo, at a desk and on a phone, for looking. Nothing is committed.

The demo's folder is copied first, so that the log-ins made here are not in it and nothing of it changes.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from console.access import ACCESS, PLANT
from emergency.directory import Directory
from emergency.record import Record
from emergency.vocabulary import Role
from plans.errors import LantianError

SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
LIVES = {"/consultations/{identifier}": "consultation", "/warnings/{identifier}": "warning",
         "/orders/{identifier}": "order", "/problems/{identifier}": "problem"}  # fmt: skip
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def main() -> None:
    """Take the pictures of LANTIAN_HOME/demo/beijing (or of the folder given) into shots/."""
    home = Path(os.environ.get("LANTIAN_HOME", "var"))
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else home / "demo" / "beijing"
    if not (source / "record.db").is_file():
        raise SystemExit(str(LantianError("There is no demo to look at", where=str(source), todo="Run ./run demo")))
    out = Path("shots")
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("record.db", "archive.db"):
            shutil.copy(source / name, folder)
        record = Record.open(Path(folder) / "record.db", drill=True)
        password = secrets.token_urlsafe(12)
        plant = _people(record, password)
        process, base = _serve(Path(folder))
        try:
            taken = _pictures(record, base, password, out, plant=plant)
        finally:
            process.terminate()
            process.wait(timeout=15)
    print(f"{taken} pictures in {out}/")


def _people(record: Record, password: str) -> str:
    """Log-ins for the pictures; the plant whose portal is shown."""
    directory = Directory(record)
    orders = record.now("order", newest=1)
    plant = str(orders[-1]["enterprise"]) if orders else ""
    for role in (Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR, Role.ADMINISTRATOR, Role.INSPECTOR):
        directory.add_account(f"shots-{role.key}", password, title=role.chinese, role=role)
    if plant:
        directory.add_account("shots-plant", password, title="企业联系人", role=Role.ENTERPRISE, enterprise=plant)
    return plant


def _serve(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "console.serve", "--record", str(folder / "record.db"),
               "--archive", str(folder / "archive.db"), "--port", str(port)]  # fmt: skip
    process = subprocess.Popen(command, env={**os.environ, "LANTIAN_HOME": str(folder)})
    base = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{base}/health", timeout=2).close()
            return process, base
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    process.terminate()
    raise SystemExit("the console did not start")


def _paths(record: Record, *, of_plant: bool) -> list[str]:
    found = []
    for (method, template), roles in sorted(ACCESS.items()):
        mine = roles is not None and (roles & PLANT if of_plant else not roles <= PLANT)
        if method != "GET" or not mine or template in ("/", "/desk/live", "/wall/live"):
            continue
        if template in LIVES:
            rows = record.now(LIVES[template], newest=1)
            found += [template.replace("{identifier}", str(rows[-1]["stream"]))] if rows else []
        elif template == "/rules/{name}":
            found.append("/rules/warning-2024")
        elif "{" not in template:
            found.append(template)
    return found


def _pictures(record: Record, base: str, password: str, out: Path, *, plant: str) -> int:
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    taken = 0
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        for size, viewport in SIZES.items():
            for who in ("shots-administrator", "shots-duty_officer", "shots-inspector", "shots-plant"):
                if who == "shots-plant" and not plant:
                    continue
                context = browser.new_context(viewport=viewport, base_url=base)
                page = context.new_page()
                _log_in(page, who, password)
                for address in _paths(record, of_plant=who == "shots-plant"):
                    name = f"{address.strip('/').replace('/', '_')}-{size}.png"
                    answer = page.request.get(address, timeout=120_000)
                    html = answer.status == 200 and "text/html" in answer.headers["content-type"]
                    if not html or (who != "shots-duty_officer" and (out / name).exists() and _fresh(out / name)):
                        continue
                    page.goto(address)
                    page.screenshot(path=str(out / name), full_page=True)
                    taken += 1
                context.close()
        browser.close()
    return taken


STARTED = time.time()


def _fresh(picture: Path) -> bool:
    return picture.stat().st_mtime >= STARTED


def _log_in(page: Any, who: str, password: str) -> None:
    page.goto("/login")
    page.get_by_label("账号").fill(who)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/login" not in url)


if __name__ == "__main__":
    main()
