"""Serve the console of one record: `python -m console.serve --record FILE --archive FILE --port 8000`.

All that the console must know of the post stands in the record as the note "console", left by whoever made it.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console import oidc
from console.lasting import lasting
from console.lists import ListInUse
from console.settings import Settings
from emergency.desk import desk_of
from emergency.directory import Directory
from emergency.office import Office
from emergency.record import Record
from emergency.vocabulary import BEIJING
from plans import rulebook
from plans.errors import LantianError
from plans.places import Places, places_of_text
from plans.rulebook import Rules
from plans.schema import CityPlan

if TYPE_CHECKING:
    from console.page import Console

NEEDED = ("area", "stations", "mean_of", "assume", "list", "delay_minutes", "plan")


def open_record(address: str) -> Record:
    """The record at a file or URL, as the kind it was born as; LantianError when there is none."""
    if "://" not in address and not Path(address).is_file():
        raise LantianError(
            "There is no record", expected="a file", found=address, todo="Run the demo or a replay first"
        )
    kind = Record.kind_of(address)
    return Record.open(address, drill=kind == "drill")


def settings_of(record: Record, *, archive: str | None, secret: bytes, secure_cookie: bool) -> Settings:
    """The settings that the record's notes describe; LantianError names what is missing."""
    note = noted(record)
    book = rulebook.load()
    plan, assume = book.city(note["plan"]), dict(note["assume"])
    fixed = date.fromisoformat(note["rules_on"]) if note.get("rules_on") else None

    @lru_cache(maxsize=64)
    def rules(day: date) -> Rules:
        return book.on(fixed or day, assume=assume)

    lists = _lists(record, note["list"], home=_folder_of(record), plan=plan)
    now = clock_of(record)
    return Settings(
        office=Office(record, desk_of(plan, rules(now().astimezone(BEIJING).date()))),
        directory=Directory(record),
        archive=_archive(archive),
        now=now,
        plan=plan,
        rules=rules,
        area=note["area"],
        stations=tuple(note["stations"]),
        mean_of=tuple(note["mean_of"]),
        delay=timedelta(minutes=note["delay_minutes"]),
        instructions=lists.instructions,
        list_digest=lists.digest(),
        lists=lists,
        uploads=(_folder_of(record) or Path(os.environ.get("LANTIAN_HOME", "var"))) / "uploads",
        secret_key=secret,
        simulated_air=bool(note.get("simulated_air", False)),
        secure_cookie=secure_cookie,
    )


def noted(record: Record) -> Mapping[str, Any]:
    """The note "console" of a record; LantianError when it is missing or incomplete."""
    text = record.noted("console")
    where = record.engine.url.render_as_string(hide_password=True)
    if text is None:
        raise LantianError('The record has no note "console"', where=where, todo="Make it with the demo or a replay")
    note: dict[str, Any] = json.loads(text)
    missing = [name for name in NEEDED if name not in note]
    if missing:
        expected = ", ".join(NEEDED)
        raise LantianError('The note "console" is incomplete', where=where, expected=expected, found=", ".join(note))
    return note


def clock_of(record: Record) -> Callable[[], datetime]:
    """The clock of a record: the replay's own where it holds one, else the real one."""
    if record.noted("replay") is None:
        return lambda: datetime.now(UTC)

    def replayed() -> datetime:
        kept = record.noted("clock")
        if kept is not None:
            return datetime.fromisoformat(kept)
        last = record.last_recorded_at()
        if last is None:
            raise LantianError("The replay has not begun", todo="Start it first")
        return last

    return replayed


def secret_in(home: Path) -> bytes:
    """The signing key of this installation, made at the first start and readable by its owner only."""
    path = home / "secret"
    home.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_bytes()
        if len(kept) < 32:
            raise LantianError(
                "The secret is too short", where=str(path), todo="Delete the file and start again"
            ) from None
        return kept
    made = secrets.token_bytes(48)
    with os.fdopen(handle, "wb") as file:
        file.write(made)
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, build, serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m console.serve", description="Serve the console of one record.")
    parser.add_argument("--record", required=True, help="SQLite file or database URL")
    parser.add_argument("--archive", help="archive file or URL; without it the pages say that no archive is connected")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--second-factor", action="store_true", help="staff must set up a second factor first")
    parser.add_argument("--https", action="store_true", help="a TLS proxy stands in front: cookies go over TLS only")
    given = parser.parse_args(arguments)
    try:
        serve(given.record, archive=given.archive, host=given.host, port=given.port, https=given.https,
              second_factor=given.second_factor)  # fmt: skip
    except LantianError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def serve(
    record_at: str, *, archive: str | None, host: str, port: int, https: bool = False, second_factor: bool = False
) -> None:
    """Serve a record; LantianError for real work on an open network without TLS.

    Real work behind TLS always asks staff for the second factor; elsewhere `second_factor` does.
    """
    import uvicorn

    from console.app import create_app

    record = open_record(record_at)
    if not record.drill and not https and not _loopback(host):
        raise LantianError(
            "Real work needs TLS on an open network", where=f"--host {host}",
            todo="Listen on 127.0.0.1 behind a TLS proxy and give --https",
        )  # fmt: skip
    home = Path(os.environ.get("LANTIAN_HOME", "var"))
    settings = settings_of(record, archive=archive, secret=secret_in(home), secure_cookie=https)
    settings = replace(
        settings,
        second_factor_required=second_factor or (https and not record.drill),
        oidc=oidc.read(_folder_of(record) or home),
    )
    app = create_app(settings)
    threading.Thread(target=_warm, args=(app.state.console,), daemon=True).start()
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False, proxy_headers=https)


def _warm(console: Console) -> None:
    """Load what takes seconds while the log-in page is there: numerical libraries, the list, the running response."""
    settings = console.settings
    console.air.at(settings.now())
    if settings.lists is not None and (listing := settings.lists.listing()) is not None:
        settings.lists.sums(listing, on=settings.now().astimezone(BEIJING).date(), shut=())
        if settings.uploads is not None:
            settings.lists.workbook(settings.uploads.parent / "exports", settings.lists.edition())
    for row in settings.office.record.now("activation", newest=1):
        console.compliance.of(row["stream"])


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _archive(address: str | None) -> Any:
    if address is None:
        return None
    if "://" not in address and not Path(address).is_file():
        raise LantianError("There is no archive", expected="a file", found=address)
    from forecast.archive import Archive

    return Archive.open(address)


def _folder_of(record: Record) -> Path | None:
    """The working folder beside a record in a file; None for a database server (then LANTIAN_HOME holds the list)."""
    name = record.engine.url.database
    return Path(name).parent if record.engine.dialect.name == "sqlite" and name else None


def _lists(record: Record, name: str, *, home: Path | None, plan: CityPlan) -> ListInUse:
    """The list in use: an edition on the record, else the office's own file below its folder, else one of the house."""
    from plans.enterprise_csv import read_list

    if not name:  # an office without a list yet: it can judge and consult, and orders nobody until it imports one
        return ListInUse(record, plan, fallback=None)
    own = (home or Path(os.environ.get("LANTIAN_HOME", "var"))) / name
    if own.is_file():
        with lasting():
            listing = read_list(own)
        return ListInUse(record, plan, fallback=listing, places=_places_beside(own))
    # A list of the house comes with the departments and the whole-society emission of its own city.
    book = rulebook.load()
    house = rulebook.HERE / "cities" / name
    return ListInUse(record, book.city(name.split("/", 1)[0]), fallback=read_list(house), places=_places_beside(house))


def _places_beside(path: Path) -> Places:
    """The places of a list's plants from NAME-places.csv beside it; none without one."""
    beside = path.with_name(f"{path.stem}-places.csv")
    return places_of_text(beside.read_text(encoding="utf-8"), name=beside.name) if beside.is_file() else {}


if __name__ == "__main__":
    main()
