"""lantian list: the reduction list shown, checked, imported, compared, and held against 10, 20 and 30 percent."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from datetime import date

    from plans.enterprise_list import EnterpriseList, LevelKey
    from plans.schema import CityPlan

app = typer.Typer(help="The reduction list: show it, check it, and what each level reaches.", no_args_is_help=True)

File = Annotated[Path | None, typer.Option("--file", help="a CSV list; the sample list when left out")]
City = Annotated[str, typer.Option("--city", help="the city plan that gives base and targets")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command()
def show(file: File = None, level: str = "", plant: str = "", as_json: AsJson = False) -> None:
    """List the plants; with --level their measures at that level, with --plant one plant only."""
    from plans.errors import DataError

    plants = _read(file)
    if plant and plant not in {one.identifier for one in plants.enterprises}:
        raise DataError("There is no such plant", where="--plant", expected="a number of the list", found=plant)
    if level:
        orders = [order for order in plants.orders_for(_level(level)) if plant in ("", order.enterprise)]
        if as_json:
            data = [
                {
                    "enterprise": o.enterprise,
                    "name": o.enterprise_name,
                    "grade": o.grade,
                    "voluntary": o.voluntary,
                    "reachable": o.reachable,
                    "measures": [dict(m) for m in o.measures],
                }
                for o in orders
            ]
            typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
            return
        for order in orders:
            how = "自主减排" if order.voluntary else "" if order.reachable else "无联系岗位"
            typer.echo(f"{order.enterprise}  {order.enterprise_name}  {order.grade}  {how}".rstrip())
            for measure in order.measures:
                typer.echo(f"    {measure['text']}")
        typer.echo(f"\n{len(orders)} orders at {level}")
        return
    shown = [one for one in plants.enterprises if plant in ("", one.identifier)]
    if as_json:
        data = [
            {
                "enterprise": e.identifier,
                "name": e.name,
                "kind": e.kind,
                "industry": e.industry,
                "grade": e.grade,
                "district": e.district,
                "sample": e.sample,
                "guarantee": e.guarantee,
                "small": e.small,
                "units": [u.name for u in e.units],
            }
            for e in shown
        ]
        typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    for one in shown:
        marks = [one.guarantee, "小微" if one.small else "", "样例" if one.sample else ""]
        units = "、".join(unit.name for unit in one.units)
        extra = " ".join(mark for mark in marks if mark)
        typer.echo(f"{one.identifier}  {one.name}  {one.industry}  {one.grade or one.kind}  {units}  {extra}".rstrip())
    typer.echo(f"\n{len(shown)} entries, edition {plants.edition}, digest {plants.digest[:16]}")


@app.command()
def check(file: File = None, as_json: AsJson = False) -> None:
    """Check every cell of a list; one sentence per mistake, exit code 2 when there is any."""
    from plans.enterprise_csv import check_list, read_list

    path = file or _sample()
    errors = check_list(path)
    if as_json:
        typer.echo(json.dumps([str(error) for error in errors], ensure_ascii=False, indent=2))
    else:
        for error in errors:
            typer.echo(str(error), err=True)
    if errors:
        sys.exit(2)
    if not as_json:
        plants = read_list(path)
        units = sum(len(one.units) for one in plants.enterprises)
        typer.echo(f"{path.name} can be used: {len(plants.enterprises)} entries, {units} units")


@app.command()
def reductions(file: File = None, level: str = "", city: City = "sample", as_json: AsJson = False) -> None:
    """What each level reaches of the whole-society daily emission, and what is short."""
    from plans.enterprise_list import LEVEL_KEYS
    from plans.errors import RuleError
    from plans.reductions import reductions as reached_by
    from plans.rulebook import load

    plan = load().city(city)
    if plan.base_daily is None:
        raise RuleError(
            "The plan has no whole-society emission",
            where=f"cities/{city}/plan.yaml, key base_daily",
            expected="t a day per pollutant",
            found="nothing",
            todo="Enter it from the city's source inventory",
        )
    plants = _read(file)
    levels = (_level(level),) if level else LEVEL_KEYS
    base = plan.base_daily.value
    results = {
        key: reached_by(plants, key, base, target_percent=plan.response.of(key).reduction_percent.value)
        for key in levels
    }
    if as_json:
        typer.echo(
            json.dumps(
                {key: [_data(one) for one in found] for key, found in results.items()}, ensure_ascii=False, indent=2
            )
        )
        return
    typer.echo(_heading(plan, plants))
    for key, found in results.items():
        typer.echo(f"\n{key} (target {int(found[0].target * 100)} % each)")
        for one in found:
            verdict = f"SHORT by {float(one.shortfall_kilograms) / 1000:.2f} t" if one.short else "reached"
            listed = f"listed {float(one.listed_kilograms) / 1000:.2f} of {float(one.base_kilograms) / 1000:.2f} t/d"
            cut = float(one.reached_kilograms) / 1000
            typer.echo(f"  {one.pollutant:5} {one.percent:>6}  cut {cut:6.2f} t/d  {listed}  {verdict}")
            top = ", ".join(f"{c.enterprise_name} {float(c.kilograms) / 1000:.2f} t" for c in one.contributors[:3])
            typer.echo(f"        most: {top or 'nobody'}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="a workbook (.xlsx) or CSV as it was sent")],
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="a YAML file for headings that are not known")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="write the list here (CSV); only when no cell is wrong")
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="the enterprises are fictional")] = False,
    as_json: AsJson = False,
) -> None:
    """Report on every cell of somebody's list; with --out store it. Exit code 2 while a cell is wrong."""
    from plans.list_export import write_csv
    from plans.list_import import import_list
    from plans.list_import_header import mapping_of

    report = import_list(file, mapping=mapping_of(mapping), sample=sample)
    if as_json:
        typer.echo(json.dumps(report.as_data(), ensure_ascii=False, indent=2))
    else:
        for issue in report.issues:
            typer.echo(str(issue), err=issue.severity == "error")
        told = ", ".join(f"{count} {name}s" for name, count in report.counts.items())
        typer.echo(f"{report.file}: {len(report.rows)} units, {told}")
    if report.listing is None:
        sys.exit(2)
    if out is not None:
        write_csv(report.rows, out)
        for kind, content in report.beside.items():
            beside = out.with_name(f"{out.stem}-{kind}.csv")
            beside.write_text(content, encoding="utf-8")
            typer.echo(f"{kind} are written to {beside.name}")


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="a file to write, .xlsx or .csv")],
    file: File = None,
) -> None:
    """Write a list as a workbook or CSV that is read back to the very same list."""
    from plans.errors import DataError
    from plans.list_export import rows_of, write_csv, write_workbook

    writers = {".xlsx": write_workbook, ".csv": write_csv}
    if out.suffix not in writers:
        raise DataError(
            "A list is written as workbook or CSV", where=str(out), expected=".xlsx or .csv", found=out.suffix
        )
    rows = rows_of(_read(file))
    writers[out.suffix](rows, out)
    typer.echo(f"{len(rows)} units written to {out.name}")


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="the earlier edition (CSV)")],
    after: Annotated[Path, typer.Argument(help="the later edition (CSV)")],
    as_json: AsJson = False,
) -> None:
    """What changed between two editions, cell by cell, and what that does to the reductions."""
    from plans.list_diff import diff_lists

    found = diff_lists(_read(before), _read(after))
    if as_json:
        typer.echo(json.dumps(found.as_data(), ensure_ascii=False, indent=2))
        return
    for one in found.changes:
        place = " ".join(part for part in (one.enterprise, one.enterprise_name, one.unit, one.column) if part)
        typer.echo(f"{one.kind:13} {place}  {one.before or '-'} -> {one.after or '-'}")
    for level, cuts in found.cuts.items():
        typer.echo(f"{level:7} " + "  ".join(f"{key} {float(value):+.1f} kg/d" for key, value in cuts.items()))
    typer.echo(f"{len(found.changes)} differences from {found.before} to {found.after}")


@app.command()
def whatif(
    file: File = None,
    level: str = "red",
    city: City = "sample",
    windows: Annotated[Path | None, typer.Option("--windows", help="staggered production (CSV)")] = None,
    on: Annotated[str, typer.Option("--on", help="the day the windows are looked at, YYYY-MM-DD")] = "",
    shut: Annotated[str, typer.Option("--shut", help="plants that stand still anyway, by commas")] = "",
    keep: Annotated[str, typer.Option("--keep", help="plants or plant/unit that must not be asked, by commas")] = "",
    step: Annotated[int, typer.Option("--step", help="cuts in steps of so many percent; 100: whole stops")] = 100,
    as_json: AsJson = False,
) -> None:
    """Which units would close the gap to the target at the least lost output, and which measures are doubtful."""
    from fractions import Fraction

    from plans.doubts import doubts_of
    from plans.errors import DataError, RuleError
    from plans.rulebook import load
    from plans.staggered import read_windows
    from plans.what_if import close_gap

    plan = load().city(city)
    key = _level(level)
    if plan.base_daily is None:
        raise RuleError(
            "The plan has no whole-society emission",
            where=f"cities/{city}/plan.yaml, key base_daily",
            expected="t a day per pollutant",
            found="nothing",
        )
    if not 1 <= step <= 100:
        raise DataError("A step cannot be used", where="--step", expected="1 to 100", found=step)
    plants = _read(file)
    found = close_gap(
        plants,
        key,
        plan.base_daily.value,
        target_percent=plan.response.of(key).reduction_percent.value,
        steps=[Fraction(percent, 100) for percent in [*range(step, 100, step), 100]],
        windows=read_windows(windows, listing=plants) if windows else (),
        on=_day(on) if on else None,
        shut=[one for one in shut.split(",") if one],
        keep=[one for one in keep.split(",") if one],
    )
    doubts = doubts_of(plants)
    if as_json:
        data = {**found.as_data(), "doubts": [{n: getattr(d, n) for n in type(d).__slots__} for d in doubts]}
        typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    typer.echo(_heading(plan, plants))
    for one in found.choices:
        cut = f"{float(one.from_cut):.0%} -> {float(one.to_cut):.0%}"
        typer.echo(f"  {one.enterprise} {one.enterprise_name} {one.unit_name}  {cut}  {float(one.lost_output):.0f} t/d")
    for was, now in zip(found.before, found.after, strict=True):
        typer.echo(f"  {now.pollutant:5} {was.percent:>6} -> {now.percent:>6}  {'SHORT' if now.short else 'reached'}")
    verdict = (
        f"closed at {float(found.lost_output):.0f} t/d lost" if found.feasible else "cannot be closed by this list"
    )
    typer.echo(
        f"{level}: the gap is {verdict}; {len(found.left_aside)} units left aside, {len(doubts)} doubtful measures"
    )


@app.command()
def sheet(
    plant: Annotated[str, typer.Argument(help="the plant's number on the list")],
    out: Annotated[Path | None, typer.Option("--out", help="write the sheet here (.docx or .pdf)")] = None,
    address: Annotated[str, typer.Option("--address", help="where the QR code of the gate board leads")] = "",
    file: File = None,
    city: City = "sample",
    windows: Annotated[Path | None, typer.Option("--windows", help="staggered production (CSV)")] = None,
) -> None:
    """One plant, one plan: print the sheet as JSON, or write it as a document with --out."""
    from datetime import UTC, datetime

    from emergency.plant_paper import write_sheet
    from emergency.plant_sheet import sheet_of
    from plans.rulebook import load
    from plans.staggered import read_windows

    plants = _read(file)
    resting = read_windows(windows, listing=plants) if windows else ()
    made = sheet_of(plants, plant, load().city(city), windows=resting)
    if out is None:
        typer.echo(json.dumps(made.as_data(), ensure_ascii=False, indent=2))
        return
    write_sheet(made, out, now=datetime.now(UTC), address=address)
    typer.echo(f"the sheet of {made.name} is written to {out.name}")


def _heading(plan: CityPlan, plants: EnterpriseList) -> str:
    assert plan.base_daily is not None
    mark = " 虚构样例" if plan.sample else ""
    base = f"base of the whole society [{plan.base_daily.confidence}: {plan.base_daily.source}]"
    return f"{plan.chinese}{mark}, list {plants.edition}, {base}"


def _data(one: Any) -> dict[str, Any]:
    return {
        "pollutant": one.pollutant,
        "base_kg": float(one.base_kilograms),
        "listed_kg": float(one.listed_kilograms),
        "reached_kg": float(one.reached_kilograms),
        "reached_percent": float(one.reached * 100),
        "target_percent": float(one.target * 100),
        "short": one.short,
        "shortfall_kg": float(one.shortfall_kilograms),
        "contributors": [
            {
                "enterprise": c.enterprise,
                "name": c.enterprise_name,
                "kg": float(c.kilograms),
                "percent": float(c.share * 100),
            }
            for c in one.contributors
        ],
    }


def _read(file: Path | None) -> EnterpriseList:
    from plans.enterprise_csv import read_list

    return read_list(file or _sample())


def _sample() -> Path:
    import plans.rulebook

    return plans.rulebook.HERE / "cities" / "sample" / "enterprises" / "2026.csv"


def _day(text: str) -> date:
    from datetime import date

    from plans.errors import DataError

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DataError("A day cannot be read", where="--on", expected="YYYY-MM-DD", found=text) from error


def _level(text: str) -> LevelKey:
    from plans.enterprise_list import LEVEL_KEYS
    from plans.errors import DataError

    for key in LEVEL_KEYS:
        if text == key:
            return key
    raise DataError("A level is not known", where="--level", expected="yellow, orange or red", found=text)
