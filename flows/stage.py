"""Set the stage of a replay in its working folder: archive, model, outlooks, air, list; and play it.

Each step finds what an earlier run left and makes only what is missing, so a killed preparation goes on too. The model
has seen nothing from the first day on; every outlook reads the archive as of its issue time.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from emergency.instructions import department_instructions, instructions_of, reductions_of, shares
from emergency.record import Record
from emergency.vocabulary import BEIJING, Level
from flows import replay, sample_roster
from flows.aftermath import comparison
from flows.post import SETTINGS_NOTE
from flows.replay import Stage
from flows.scenario import ASSUMED, Scenario, find_data, load
from flows.scenario import scenario as scenario_of
from forecast.archive import Archive
from forecast.outlook import Outlook
from plans import rulebook
from plans.enterprise_csv import read_list
from plans.enterprise_list import EnterpriseList
from plans.errors import DataError

LIST = Path(rulebook.__file__).resolve().parent / "cities" / "sample" / "enterprises" / "2026.csv"
LEVELS = (Level.YELLOW, Level.ORANGE, Level.RED)
NOTHING = lambda _text: None  # noqa: E731  the silent listener


def default_home(name: str) -> Path:
    """LANTIAN_HOME/replay/<name>, or var/replay/<name> below the present folder."""
    return Path(os.environ.get("LANTIAN_HOME", "var")) / "replay" / name


def refuse_without_data() -> None:
    """DataError when the real data are not there, before anything is made."""
    if find_data() is None:
        load(scenario_of("beijing"), Archive.open("sqlite://"))


def archive_in(home: Path) -> Archive:
    """The archive of a working folder, made when new."""
    home.mkdir(parents=True, exist_ok=True)
    return Archive.open(home / "archive.db")


def prepare_outlooks(chosen: Scenario, home: Path, *, first: date, last: date) -> int:
    """How many outlooks were made; those that the archive holds of the same model are kept."""
    archive = archive_in(home)
    load(chosen, archive)
    return _prepare(chosen, archive, home, first=first, last=last, say=NOTHING)[1]


def open_replay(
    chosen: Scenario,
    *,
    first: date,
    last: date,
    seed: int,
    home: Path,
    fresh: bool = False,
    say: Callable[[str], None] = NOTHING,
) -> tuple[Stage, Record]:
    """The stage and its record. A finished or unwanted (`fresh`) record of an earlier replay is set aside first."""
    stage = _stage(chosen.name, first, last, seed, home, say)
    path = home / "record.db"
    if path.is_file():
        kept = Record.open(path, drill=True, durable=False)
        other = kept.noted("replay") not in (None, stage.identity)
        done = kept.noted("finished") == "yes"
        kept.engine.dispose()
        if fresh or other or done:
            for name in ("record.db", "record.db-wal", "record.db-shm"):
                (home / name).unlink(missing_ok=True)
        else:
            say("接着上次中断处继续")
    record = Record.open(path, drill=True, durable=False)
    sample_roster.set_up(record, first_day=first, last_day=last)
    record.note(SETTINGS_NOTE, json.dumps(_settings(chosen, stage), ensure_ascii=False, sort_keys=True))
    return stage, record


def play(
    stage: Stage, record: Record, *, until: datetime | None = None, on_day: Callable[[date], None] | None = None
) -> str:
    """The digest after playing on to the end or to `until`; days already played are told first."""
    if on_day is not None:
        day = stage.first_day
        while day < (replay.resume_at(stage, record) - timedelta(hours=1)).date():
            on_day(day)
            day += timedelta(days=1)
    digest = replay.run(stage, record, until=until, on_day=on_day)
    if until is None or until >= stage.end:
        record.note("finished", "yes")
    return digest


@lru_cache(maxsize=2)
def _stage(name: str, first: date, last: date, seed: int, home: Path, say: Callable[[str], None] = NOTHING) -> Stage:
    from forecast.city_air import city_air

    chosen, book = scenario_of(name), rulebook.load()
    say("读入观测档案 …")
    archive = archive_in(home)
    load(chosen, archive)
    outlooks, _made = _prepare(chosen, archive, home, first=first, last=last, say=say)
    start = datetime(first.year, first.month, first.day, tzinfo=BEIJING) - timedelta(days=11)
    end = datetime(last.year, last.month, last.day, tzinfo=BEIJING) + timedelta(days=1)
    air = city_air(
        archive,
        stations=chosen.stations,
        mean_of=chosen.mean_of,
        start=start,
        end=end,
        as_of=end + timedelta(days=1),
        edition=ASSUMED["aqi"],
        delay=chosen.delay,
    )
    plan = book.city(chosen.plan)
    listing, base = read_list(LIST), book.city("sample")

    def reached(level: Level, only: frozenset[str] | None) -> Mapping[str, float]:
        return shares(reductions_of(listing, base, level, only=only))

    return Stage(
        area=chosen.area,
        first_day=first,
        last_day=last,
        seed=seed,
        plan=plan,
        book=book,
        assume=ASSUMED,
        air=air,
        outlooks=outlooks,
        instructions={
            level: (*instructions_of(listing, level), *department_instructions(base, level)) for level in LEVELS
        },
        list_digest=listing.digest,
        reductions=reached,
        targets={
            level: base.response.of(level.word).reduction_percent.value / 100  # type: ignore[arg-type]
            for level in LEVELS
        },
        simulated_air=chosen.simulated,
        roster=sample_roster.roster(first_day=first, last_day=last),
        compare=comparison(chosen, archive, last=last),
        notes=_notes(chosen, listing),
    )


def _prepare(
    chosen: Scenario, archive: Archive, home: Path, *, first: date, last: date, say: Callable[[str], None]
) -> tuple[dict[date, Outlook], int]:
    from forecast import predict, train
    from forecast.features import Area

    folder = home / f"model-{first:%Y%m%d}"
    try:
        model = train.load(folder)
    except DataError:
        say(f"训练预报模型（只用{first}之前的数据）…")
        areas = [Area(chosen.area, chosen.mean_of), *(Area(code, (code,)) for code in chosen.stations)]
        begin = (chosen.first_hour + timedelta(hours=23)).astimezone(BEIJING).date()
        model = train.train(archive, until=first, areas=areas, start=begin)
        train.save(model, folder)
    begin = datetime(first.year, first.month, first.day, tzinfo=BEIJING)
    kept = archive.outlooks(
        chosen.area,
        start=begin,
        end=begin + timedelta(days=(last - first).days + 1),
        as_of=datetime(2100, 1, 1, tzinfo=UTC),
    )
    found = {
        outlook.issued_at.astimezone(BEIJING).date(): outlook
        for outlook in kept
        if outlook.model_digest == model.digest
    }
    missing = [day for day in _days(first, last) if day not in found]
    if missing:
        say(f"逐日签发展望（{len(missing)}天，每次只读当时已收到的数据）…")
        made = predict.make_outlooks(
            archive,
            model,
            area=chosen.area,
            area_name=chosen.area_name,
            stations=chosen.mean_of,
            first=missing[0] - timedelta(days=1),
            last=missing[-1] - timedelta(days=1),
            aqi_edition=ASSUMED["aqi"],
            simulated=chosen.simulated,
        )
        earlier = Counter(outlook.issued_at for outlook in kept)
        for outlook in made:
            # A retrained model's outlook arrives after that of the model before, so that it is the one a reader gets.
            later = timedelta(seconds=earlier[outlook.issued_at])
            archive.write_outlook(outlook, received_at=outlook.issued_at + later)
            found[outlook.issued_at.astimezone(BEIJING).date()] = outlook
    return found, len(missing)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _settings(chosen: Scenario, stage: Stage) -> dict[str, object]:
    return {
        "area": chosen.area,
        "area_name": chosen.area_name,
        "stations": list(chosen.stations),
        "mean_of": list(chosen.mean_of),
        "assume": dict(ASSUMED),
        "plan": chosen.plan,
        "list": "sample/enterprises/2026.csv",
        "delay_minutes": round(chosen.delay.total_seconds() / 60),
        "simulated_air": chosen.simulated,
        "first_day": stage.first_day.isoformat(),
        "last_day": stage.last_day.isoformat(),
        "notes": list(stage.notes),
    }


def _notes(chosen: Scenario, listing: EnterpriseList) -> tuple[str, ...]:
    air = "监测数据由程序模拟生成" if chosen.simulated else "监测数据为真实历史数据（UCI 501，CC BY 4.0）"
    return (
        air,
        f"按{ASSUMED['aqi']}和{ASSUMED['warning']}判定：当年没有本规则库收录的国家预警标准，属事后假设",
        f"预报不使用任何气象预报；减排清单为虚构的样例市清单（{len(listing.enterprises)}条），人员、企业、用电均为模拟",
    )
