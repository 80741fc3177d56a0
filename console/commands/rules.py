"""lantian rules: the editions on record, one of them in full, and the level a series of AQI reaches."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from emergency.criteria import Judgement
    from plans.schema import Edition

app = typer.Typer(help="Rules as data: list editions, show one, judge a level.", no_args_is_help=False)

KINDS = ("aqi", "ambient", "assessment", "warning", "city")


@app.callback(invoke_without_command=True)
def rules(context: typer.Context) -> None:
    """List every edition with its days in force and how sure we are."""
    if context.invoked_subcommand is not None:
        return
    from plans.rulebook import load

    book = load()
    rows: list[tuple[str, ...]] = [("edition", "from", "until", "sure", "dates", "checked", "source")]
    for dated in (*book.instruments.values(), *book.cities.values()):
        for e in dated:
            days = (str(e.from_), str(e.until or ""))
            rows.append((e.name, *days, e.confidence, e.dates_confidence, str(e.checked_on), e.cites[0].short))
    typer.echo(_table(rows))
    typer.echo(f"\nrulebook {book.digest[:16]}  (sure: A text read or two sources, B one source, C remembered, I ours)")


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="aqi, ambient, assessment, warning, city, or the name of an edition")],
    name: Annotated[str, typer.Argument(help="with city: its name")] = "",
    on: Annotated[str, typer.Option(help="the day, YYYY-MM-DD; today when left out")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Show the edition in force on a day, with its sources and settings."""
    edition = _find(what, name, on)
    data = edition.model_dump(mode="json", by_alias=True, exclude_none=True)
    if as_json:
        typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    typer.echo("\n".join(_heading(edition)))
    for key in ("name", "from", "until", "cites", "checked_on", "confidence", "dates_confidence", "note", "supersedes"):
        data.pop(key, None)
    data.pop("examples", None)
    typer.echo("\n".join(_outline(data)))
    typer.echo(f"\n{len(edition.examples)} worked examples, executed by the test suite")  # type: ignore[attr-defined]


@app.command()
def level(
    edition: Annotated[str, typer.Option(help="warning edition, e.g. warning-2024")] = "",
    daily_aqi: Annotated[str, typer.Option(help="daily AQI, comma-separated; ? is a missing day")] = "",
    hourly_aqi: Annotated[Path | None, typer.Option(help="CSV with one column aqi; blank or ? is missing")] = None,
    first_day: Annotated[str, typer.Option(help="the date of the first value, YYYY-MM-DD")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Judge the warning level of a series of daily AQI, or of hourly AQI by rolling 24 hours."""
    from emergency.criteria import level_of_days, level_of_hours
    from emergency.vocabulary import BEIJING
    from plans.errors import DataError
    from plans.rulebook import load

    book = load()
    if not edition:
        names = ", ".join(one.name for one in book.instruments["warning"])
        raise DataError("A level needs an edition", where="--edition", expected=f"one of {names}", found="nothing")
    criteria = book.warning(edition)
    begin = _day(first_day, "--first-day") if first_day else None
    if bool(daily_aqi) == (hourly_aqi is not None):
        raise DataError("A level needs one series", expected="either --daily-aqi or --hourly-aqi, one of them")
    if hourly_aqi is not None:
        hours = _hours_of(hourly_aqi)
        start = datetime(begin.year, begin.month, begin.day, 1, tzinfo=BEIJING) if begin else None
        judged = level_of_hours(criteria, hours, first_hour=start)
    else:
        judged = level_of_days(criteria, _days_of(daily_aqi), first_day=begin)
    if as_json:
        typer.echo(json.dumps(_as_data(judged), ensure_ascii=False, indent=2))
        return
    covered = ", ".join(str(day) for day in (judged.days or judged.numbers)) or "none"
    typer.echo(f"level    {judged.level.word} {judged.level.chinese}" + (f" ({judged.below})" if judged.below else ""))
    typer.echo(f"days     {covered}")
    for clause in judged.clauses:
        typer.echo(f"clause   {clause.rule_id}: {clause.chinese} ({clause.english}; {clause.citation})")
    typer.echo(f"why      {judged.why}\n         {judged.why_en}")


# --- reading ---------------------------------------------------------------------------------------------------------


def _day(text: str, option: str) -> date:
    from plans.errors import DataError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError("A day cannot be read", where=option, expected="YYYY-MM-DD", found=text) from None


def _aqi(text: str, where: str) -> int | None:
    from plans.errors import DataError

    text = text.strip()
    if text in ("", "?"):
        return None
    if not (text.isascii() and text.isdigit()):
        raise DataError("An AQI cannot be read", where=where, expected="a whole number of 0 or more, or ?", found=text)
    if int(text) > 500:
        raise DataError("An AQI is impossible", where=where, expected="0 to 500 (the scale ends at 500)", found=text)
    return int(text)


def _days_of(text: str) -> list[int | None]:
    from plans.errors import DataError

    parts = text.replace("，", ",").split(",")
    for number, part in enumerate(parts, start=1):
        if not part.strip():
            raise DataError(
                "A day has no value",
                where=f"--daily-aqi day {number}",
                expected="a whole number, or ? for a missing day",
                found="nothing",
                todo="Write ? where the day is missing",
            )
    return [_aqi(part, f"--daily-aqi day {number}") for number, part in enumerate(parts, start=1)]


def _hours_of(path: Path) -> list[int | None]:
    from plans.errors import DataError

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        found = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "no such readable file"
        raise DataError("The file cannot be read", where=str(path), expected="a CSV", found=found) from None
    lines = text.splitlines()
    header = next(csv.reader(io.StringIO(lines[0])), []) if lines else []
    columns = [column.strip() for column in header]
    if columns.count("aqi") != 1:
        found = ", ".join(columns) or "nothing"
        raise DataError("The column is missing", where=f"{path} row 1", expected="one column aqi", found=found)
    at = columns.index("aqi")
    # Blank lines count: with one column, a missing hour is a blank line.
    rows = [next(csv.reader(io.StringIO(line)), []) for line in lines[1:]]
    for number, row in enumerate(rows, start=2):
        if len(row) not in (0, len(columns)):
            raise DataError(
                "A row has another number of cells", where=f"{path} row {number}", expected=len(columns), found=len(row)
            )
    if not rows:
        raise DataError("The file has no hours", where=str(path), expected="one row per hour", found="the header only")
    return [
        _aqi(row[at] if row else "", f"{path} row {number}, column aqi") for number, row in enumerate(rows, start=2)
    ]


def _find(what: str, name: str, on: str) -> Edition:
    from emergency.vocabulary import BEIJING
    from plans.errors import RuleError
    from plans.rulebook import load

    book = load()
    day = _day(on, "--on") if on else datetime.now(BEIJING).date()
    if what == "city":
        if not name:
            raise RuleError(
                "Which city", expected="lantian rules show city NAME, with one of " + ", ".join(book.cities)
            )
        return book.city(name, on=day)
    if what in book.instruments:
        found: Edition = book.instruments[what].must(day)
        return found
    if what in {e.name for dated in (*book.instruments.values(), *book.cities.values()) for e in dated}:
        return book.edition(what)
    expected = "one of " + ", ".join(KINDS) + ", or the name of an edition (lantian rules lists them)"
    raise RuleError("There is no such rule", expected=expected, found=what)


# --- showing ---------------------------------------------------------------------------------------------------------


def _as_data(judged: Judgement) -> dict[str, Any]:
    data: dict[str, Any] = {
        "edition": judged.edition,
        "level": judged.level.word,
        "days": [str(day) for day in judged.days] if judged.days else list(judged.numbers),
        "clauses": [
            {"id": c.rule_id, "chinese": c.chinese, "english": c.english, "citation": c.citation}
            for c in judged.clauses
        ],
        "why": judged.why,
        "why_en": judged.why_en,
        "below": judged.below,
        "missing": list(judged.missing),
    }
    if judged.unit == "hour":
        data["hours"] = list(judged.indices)
    return data


def _heading(edition: Edition) -> list[str]:
    until = edition.until or "open"
    lines = [
        f"{edition.name}   {edition.from_} to {until}   sure {edition.confidence}, dates {edition.dates_confidence}"
    ]
    lines += [
        f"  {c.title} {c.number} {c.clause}".rstrip() + (f" ({c.published})" if c.published else "")
        for c in edition.cites
    ]
    lines.append(
        f"  checked on {edition.checked_on}" + (f"; follows {edition.supersedes}" if edition.supersedes else "")
    )
    return lines + ([f"  {edition.note}"] if edition.note else [])


def _outline(data: Any, depth: int = 0) -> list[str]:
    """The data as an indented outline; criteria in words, settings on one line with their mark and source."""
    pad = "  " * depth
    lines: list[str] = []
    for key, value in data.items():
        if isinstance(value, dict) and {"value", "confidence", "source"} <= set(value):
            lines.append(f"{pad}{key}: {_short(value['value'])}   [{value['confidence']}: {value['source']}]")
        elif (
            key in ("yellow", "orange", "red") and isinstance(value, dict) and {"over", "all_of", "any_of"} & set(value)
        ):
            lines.append(f"{pad}{key}: {_criterion(value)}")
        elif isinstance(value, dict):
            lines += [f"{pad}{key}:", *_outline(value, depth + 1)]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [f"{pad}{key}:"] + [f"{pad}  - {_short(one)}" for one in value]
        else:
            lines.append(f"{pad}{key}: {_short(value)}")
    return lines


def _criterion(value: dict[str, Any]) -> str:
    from plans.schema import Criterion

    criterion = Criterion.model_validate(value)
    return f"{criterion.chinese}   ({criterion.english})"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        if {"value", "confidence", "source"} <= set(value):
            return f"{_short(value['value'])} [{value['confidence']}]"
        return ", ".join(f"{key} {_short(one)}" for key, one in value.items() if one not in ("", [], {}))
    if isinstance(value, list):
        return "、".join(_short(one) for one in value) or "none"
    return "-" if value is None else str(value)


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    )
