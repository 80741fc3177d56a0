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

app = typer.Typer(add_completion=False, help="规则：列出全部版本，查看一个版本，判定预警级别。", no_args_is_help=False)

LEVELS = ("yellow", "orange", "red")
AS_WRITTEN = ("id", "english")
"""Keys whose values are identifiers or English names."""
KINDS = ("aqi", "ambient", "assessment", "warning", "city")


@app.callback(invoke_without_command=True)
def rules(context: typer.Context) -> None:
    """列出全部规则版本、实施日期和把握；子命令查看一个版本，或判定预警级别。"""
    if context.invoked_subcommand is not None:
        return
    from console.rule_words import said_value
    from emergency.terminal import table
    from plans.rulebook import load

    book = load()
    rows: list[tuple[str, ...]] = [("版本", "实施", "至", "把握", "日期", "核对日期", "依据")]
    for dated in (*book.instruments.values(), *book.cities.values()):
        for e in dated:
            days = (str(e.from_), str(e.until or ""))
            source = said_value(e.cites[0].short)
            rows.append((e.name, *days, e.confidence, e.dates_confidence, str(e.checked_on), source))
    typer.echo(table(rows))
    typer.echo(f"\n规则库摘要 {book.digest[:16]}  把握（日期：实施日期的把握）：{_marks()}")


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="aqi | ambient | assessment | warning | city，或版本名")],
    name: Annotated[str, typer.Argument(help="city 之后写城市预案名")] = "",
    on: Annotated[str, typer.Option(help="哪一天的版本，如 2019-12-01；默认今天")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """查看某一天有效的版本：依据、设定和内容。"""
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
    typer.echo(f"\n附 {len(edition.examples)} 个算例，每次发布软件前全部重新计算。")  # type: ignore[attr-defined]


@app.command()
def level(
    edition: Annotated[str, typer.Option(help="预警分级版本，如 warning-2024")] = "",
    daily_aqi: Annotated[str, typer.Option(help="日AQI，以逗号分隔；? 为缺测日")] = "",
    hourly_aqi: Annotated[Path | None, typer.Option(help="小时AQI的 CSV，有一列 aqi；空白或 ? 为缺测")] = None,
    first_day: Annotated[str, typer.Option(help="第一个数值的日期，如 2015-12-07")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """判定预警级别：按日AQI序列，或按小时AQI连续24小时滑动平均。"""
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
    covered = "、".join(str(day) for day in judged.days) or "、".join(f"第{number}天" for number in judged.numbers)
    below = f"（{_below(criteria, judged)}）" if judged.below else ""
    typer.echo(f"级别  {judged.level.chinese} {judged.level.word}{below}")
    typer.echo(f"日期  {covered or '无'}")
    for clause in judged.clauses:
        typer.echo(f"条件  {clause.rule_id}：{clause.chinese}（{clause.english}；{clause.citation}）")
    typer.echo(f"理由  {judged.why}\n      {judged.why_en}")


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


def _marks() -> str:
    from console.rule_words import said_value

    return "，".join(said_value(mark) for mark in ("A", "B", "C", "I"))


def _below(criteria: Any, judged: Judgement) -> str:
    return next((one.chinese for one in criteria.below_yellow if one.name == judged.below), str(judged.below))


def _heading(edition: Edition) -> list[str]:
    from console.rule_words import said_value

    days = f"{edition.from_} 起" + (f"，至 {edition.until}" if edition.until else "")
    lines = [f"{edition.name}   {days}   把握 {edition.confidence}，日期 {edition.dates_confidence}"]
    for cite in edition.cites:
        words = " ".join(said_value(part) for part in (cite.title, cite.number, cite.clause) if part)
        lines.append(f"  {words}" + (f"（{cite.published} 发布）" if cite.published else ""))
    after = f"；接替 {edition.supersedes}" if edition.supersedes else ""
    lines.append(f"  核对 {edition.checked_on}{after}；{_marks()}")
    return lines + ([f"  {said_value(edition.note)}"] if edition.note else [])


def _outline(data: Any, depth: int = 0, within: tuple[str, ...] = ()) -> list[str]:
    """The data as an indented outline; criteria in words, settings on one line with their mark and source."""
    from console.rule_words import said_key, said_value

    pad = "  " * depth
    lines: list[str] = []
    for name, value in data.items():
        key, own = said_key(name, within=within), (*within, name)
        if isinstance(value, dict) and {"value", "confidence", "source"} <= set(value):
            source = said_value(value["source"])
            lines.append(f"{pad}{key}：{_short(value['value'], own)}   [{value['confidence']}：{source}]")
        elif (
            name in ("yellow", "orange", "red")
            and isinstance(value, dict)
            and {"over", "all_of", "any_of"} & set(value)
        ):
            lines.append(f"{pad}{key}：{_criterion(value)}")
        elif isinstance(value, dict):
            lines += [f"{pad}{key}：", *_outline(value, depth + 1, own)]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [f"{pad}{key}："] + [f"{pad}  - {_short(one, own)}" for one in value]
        else:
            lines.append(f"{pad}{key}：{_short(value, own)}")
    return lines


def _criterion(value: dict[str, Any]) -> str:
    from plans.schema import Criterion

    criterion = Criterion.model_validate(value)
    return f"{criterion.chinese}（{criterion.english}）"


def _short(value: Any, within: tuple[str, ...] = ()) -> str:
    from console.rule_words import said_key, said_value

    if isinstance(value, dict):
        if {"value", "confidence", "source"} <= set(value):
            return f"{_short(value['value'], within)} [{value['confidence']}]"
        return "，".join(
            f"{said_key(key, within=within)} {one if key in AS_WRITTEN else _short(one, (*within, key))}"
            for key, one in value.items()
            if one not in ("", [], {})
        )
    if isinstance(value, list):
        return "、".join(_short(one, within) for one in value) or "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    return "—" if value is None else said_value(str(value))
