"""lantian list: the reduction list shown, checked, imported, compared, and held against 10, 20 and 30 percent."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from plans.enterprise_list import EnterpriseList, LevelKey

app = typer.Typer(
    add_completion=False,
    help="应急减排清单：查看、校验、核算、导入导出、对比、补差试算、一厂一案。",
    no_args_is_help=True,
)

File = Annotated[Path | None, typer.Option("--file", help="清单 CSV；默认用样例清单")]
City = Annotated[str, typer.Option("--city", help="按哪个城市预案的全社会排放量和减排比例要求")]
Windows = Annotated[Path | None, typer.Option("--windows", help="错峰窗口 CSV")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON")]
LEVELS = "级别：yellow 黄色 | orange 橙色 | red 红色"


@app.command()
def show(
    file: File = None,
    level: Annotated[str, typer.Option(help=f"{LEVELS}；不给则不列措施")] = "",
    plant: Annotated[str, typer.Option(help="只看一家企业，写编号")] = "",
    as_json: AsJson = False,
) -> None:
    """列出清单中的企业；给 --level 则列出各企业在该级别的措施。"""
    from console.commands import list_text
    from emergency.vocabulary import Level
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
        _print(list_text.orders(orders, Level.of(level)))
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
    _print(list_text.plants(shown, plants))


@app.command()
def check(file: File = None, as_json: AsJson = False) -> None:
    """逐格校验清单，每处错误一句话；有错误则退出码为 2。"""
    from console.commands.list_text import mistake
    from plans.enterprise_csv import check_list, read_list

    path = file or _sample()
    errors = check_list(path)
    if as_json:
        typer.echo(json.dumps([str(error) for error in errors], ensure_ascii=False, indent=2))
    else:
        for error in errors:
            typer.echo(mistake(error), err=True)
    if errors:
        sys.exit(2)
    if not as_json:
        plants = read_list(path)
        units = sum(len(one.units) for one in plants.enterprises)
        typer.echo(f"{path.name} 可以使用：{len(plants.enterprises)} 条，{units} 个单元")


@app.command()
def reductions(
    file: File = None,
    level: Annotated[str, typer.Option(help=f"{LEVELS}；默认三级都算")] = "",
    city: City = "sample",
    as_json: AsJson = False,
) -> None:
    """核算各级别减排量占全社会日排放量的比例，及与要求的差距。"""
    from console.commands import list_text
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
    typer.echo(list_text.heading(plan, plants))
    _print(list_text.reductions(results))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="收到的清单文件，.xlsx 或 CSV")],
    mapping: Annotated[Path | None, typer.Option("--mapping", help="映射文件（YAML），写明不认识的表头")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="把清单写入此 CSV；没有错误才写")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="企业为虚构样例")] = False,
    as_json: AsJson = False,
) -> None:
    """导入他人的清单：逐格报告；给 --out 则写出。有错误则退出码为 2。"""
    from console.commands import list_text
    from plans.list_export import write_csv
    from plans.list_import import import_list
    from plans.list_import_header import mapping_of

    report = import_list(file, mapping=mapping_of(mapping), sample=sample)
    if as_json:
        typer.echo(json.dumps(report.as_data(), ensure_ascii=False, indent=2))
    else:
        for issue in report.issues:
            typer.echo(list_text.issue(issue), err=issue.severity == "error")
        typer.echo(list_text.imported(report))
    if report.listing is None:
        sys.exit(2)
    if out is not None:
        write_csv(report.rows, out)
        for kind, content in report.beside.items():
            beside = out.with_name(f"{out.stem}-{kind}.csv")
            beside.write_text(content, encoding="utf-8")
            typer.echo(f"{list_text.BESIDE[kind]}已写入 {beside.name}")


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="写入的文件，.xlsx 或 .csv")],
    file: File = None,
) -> None:
    """把清单导出为工作簿或 CSV，再导入时内容不变。"""
    from plans.errors import DataError
    from plans.list_export import rows_of, write_csv, write_workbook

    writers = {".xlsx": write_workbook, ".csv": write_csv}
    if out.suffix not in writers:
        raise DataError(
            "A list is written as workbook or CSV", where=str(out), expected=".xlsx or .csv", found=out.suffix
        )
    rows = rows_of(_read(file))
    writers[out.suffix](rows, out)
    typer.echo(f"{len(rows)} 个单元已写入 {out.name}")


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="前一版清单（CSV）")],
    after: Annotated[Path, typer.Argument(help="后一版清单（CSV）")],
    as_json: AsJson = False,
) -> None:
    """逐格对比两版清单，并给出减排量的变化。"""
    from console.commands import list_text
    from plans.list_diff import diff_lists

    found = diff_lists(_read(before), _read(after))
    if as_json:
        typer.echo(json.dumps(found.as_data(), ensure_ascii=False, indent=2))
        return
    _print(list_text.differences(found))


@app.command()
def whatif(
    file: File = None,
    level: Annotated[str, typer.Option(help=LEVELS)] = "red",
    city: City = "sample",
    windows: Windows = None,
    on: Annotated[str, typer.Option("--on", help="按哪一天的错峰窗口，如 2026-01-10")] = "",
    shut: Annotated[str, typer.Option("--shut", help="已停产的企业编号，以逗号分隔")] = "",
    keep: Annotated[str, typer.Option("--keep", help="不得再减的企业或单元（编号，或编号/单元），以逗号分隔")] = "",
    step: Annotated[int, typer.Option("--step", help="减产步长（%）；100 为整条停产")] = 100,
    as_json: AsJson = False,
) -> None:
    """补差试算：差多少、由哪些单元补，使少生产的量最小；并列出存疑措施的项数。"""
    from fractions import Fraction

    from console.commands import list_text
    from emergency.vocabulary import Level
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
    typer.echo(list_text.heading(plan, plants))
    _print(list_text.gap(found, Level.of(level), len(doubts)))


@app.command()
def sheet(
    plant: Annotated[str, typer.Argument(help="清单中的企业编号")],
    out: Annotated[Path | None, typer.Option("--out", help="写成文件，.docx 或 .pdf；不给则输出 JSON")] = None,
    address: Annotated[str, typer.Option("--address", help="公示牌二维码的网址")] = "",
    file: File = None,
    city: City = "sample",
    windows: Windows = None,
) -> None:
    """一厂一案：输出 JSON，或以 --out 写成文件。"""
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
    typer.echo(f"{made.name}的一厂一案已写入 {out.name}")


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


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
