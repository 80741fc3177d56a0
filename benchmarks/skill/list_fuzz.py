"""Workbook mutations against the import: harmless ones give the very same list, harmful ones are told, none crashes.

The oracle is the list from which the workbook was written. `python -m benchmarks list_fuzz` runs LANTIAN_FUZZ of them
(50,000 when not set); the tests run a few hundred.
"""

from __future__ import annotations

import io
import os
import random
import tempfile
import time
import zipfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl

from plans.enterprise_csv import COLUMNS, PLANT_COLUMNS, read_list
from plans.enterprise_list import EnterpriseList
from plans.errors import DataError
from plans.list_export import csv_text
from plans.list_import import ImportReport, import_list

Row = dict[str, str]
EMISSIONS = tuple(column for column in COLUMNS if column.endswith("千克每日"))
OTHER_WORDS: dict[str, tuple[str, ...]] = {
    "编号": ("企业编号", "編號", "编 号"),
    "企业名称": ("单位名称", "企業名稱", "企业名称*"),
    "类别": ("源类别", "類別"),
    "行政区": ("区县", "所屬區縣", "行政區"),
    "行业": ("行业类型", "行業"),
    "绩效等级": ("绩效分级", "績效等級"),
    "统一社会信用代码": ("信用代码", "統一社會信用代碼"),
    "小微": ("是否小微", "是否小微涉气企业"),
    "单元名称": ("生产线", "生產線名稱"),
    "单元编号": ("生产线编号", "產線編號"),
    "用电占比%": ("用电占比（%）", "用電佔比％"),
    "黄色措施": ("黄色预警", "黃色預警減排措施"),
    "橙色措施": ("橙色预警措施",),
    "红色措施": ("红色预警减排措施", "紅色措施"),
    "核查方式": ("核查方法", "监管方式"),
    "环评日产能吨": ("环评批复产能（吨/日）", "环评产能(t/d)"),
}
_FULL = str.maketrans("0123456789.%", "０１２３４５６７８９．％")
GARBAGE: tuple[Any, ...] = ("约10", "12,5", "#REF!", "-3", "1/3", "十二", "1.2.3", "∞", "nan", "1e999", "10吨")


def a_list(rng: random.Random) -> list[Row]:
    """Rows of a small valid list."""
    from stdnum.cn import uscc

    rows: list[Row] = []
    for plant in range(rng.randint(2, 5)):
        stem = f"9142{rng.randrange(10**13):013d}"
        own = {
            "编号": f"P{plant:03d}",
            "企业名称": f"样例{rng.choice('甲乙丙丁戊己')}{plant}号厂",
            "类别": "工业源",
            "样例": "是",
            "行政区": f"样例{rng.randint(1, 9)}区",
            "行业": rng.choice(["水泥", "铸造", "家具"]),
            "绩效等级": rng.choice(["B", "B-", "C", "D", "非引领性"]),
            "统一社会信用代码": rng.choice(["", stem + uscc.calc_check_digit(stem)]),
            "保障类": "",
            "允许负荷%": "",
            "小微": "否",
            "联系岗位": rng.choice(["环保负责人岗", "厂长岗"]),
        }
        for unit in range(1, rng.randint(1, 3) + 1):
            cuts = rng.choice([("不限", "限产20%", "停"), ("限产10%", "限产35%", "限产50%"), ("停", "停", "停")])
            cuts = rng.choice([cuts, cuts, ("停运国四及以下30%", "停运国四及以下55%", "停运国五及以下80%")])
            rows.append(
                {
                    **own,
                    "厂区": "主厂区",
                    "车间": f"{rng.randint(1, 3)}车间",
                    "工序": "焙烧",
                    "单元编号": f"L{unit}",
                    "单元名称": f"{unit}号线",
                    "单元类型": "生产线",
                    "排放口": f"DA{unit:03d}",
                    **{column: _number(rng) for column in EMISSIONS},
                    "用电占比%": str(rng.randint(2, 30)),
                    "环评日产能吨": _number(rng),
                    "许可日产能吨": rng.choice(["", "2400"]),
                    "上年日产量吨": "",
                    "黄色措施": cuts[0],
                    "橙色措施": cuts[1],
                    "红色措施": cuts[2],
                    "核查方式": rng.choice(["用电", "用电、门禁", "现场"]),
                }
            )
    return rows


def _number(rng: random.Random) -> str:
    return rng.choice([str(rng.randint(1, 3000)), f"{rng.randint(1, 9000)}.{rng.randint(1, 9)}"])


def oracle(rows: list[Row], folder: Path) -> EnterpriseList:
    """The list that the rows are, read by the plain reader."""
    path = folder / "oracle.csv"
    path.write_text(csv_text(rows), encoding="utf-8")
    return read_list(path, city="c")


def harmless(rows: list[Row], rng: random.Random, path: Path) -> list[str]:
    """Write the rows as an office might have; returns the names of the mutations."""
    done: list[str] = []

    def chance(name: str, share: float = 0.4) -> bool:
        if rng.random() < share:
            done.append(name)
            return True
        return False

    order = list(COLUMNS)
    if chance("columns in another order", 0.3):
        rng.shuffle(order)
    words = {column: column for column in order}
    for column, others in OTHER_WORDS.items():
        if rng.random() < 0.5:
            words[column] = rng.choice(others)
    scale = {column: Decimal(1) for column in EMISSIONS}
    for column in EMISSIONS:
        name = column.removesuffix("千克每日")
        kind = rng.choice(["own", "kg/d", "t/d", "t/a"])
        if kind != "own":
            done.append(f"unit {kind}")
            scale[column] = {"kg/d": Decimal(1), "t/d": Decimal("0.001"), "t/a": Decimal("0.365")}[kind]
            told = {"kg/d": "（千克/日）", "t/d": "(t/d)", "t/a": "年排放量（吨/年）"}[kind]
            words[column] = rng.choice([name, name.translate(_FULL)]) + told
    full, real, spaced = chance("full-width digits"), chance("numbers as numbers"), chance("blanks around")
    grade, stop = chance("grade with 级"), chance("停产 for 停")
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    groups = [rows]
    if len({row["编号"] for row in rows}) > 2 and chance("two sheets", 0.25):
        names = sorted({row["编号"] for row in rows})
        groups = [[r for r in rows if r["编号"] in names[:2]], [r for r in rows if r["编号"] not in names[:2]]]
    title, blank, total = chance("title rows"), chance("blank rows"), chance("totals")
    merged = chance("merged plants", 0.3) and order == list(COLUMNS)
    for number, group in enumerate(groups):
        sheet = first if number == 0 else book.create_sheet()
        sheet.title = f"工业源{number + 1}"
        if title:
            sheet.append(["样例市应急减排清单"])
            sheet.append([])
        sheet.append([words[column] for column in order])
        last = ""
        top = 0
        for row in group:
            if blank and rng.random() < 0.2:
                if merged and top:
                    last = ""
                sheet.append([])
            cells: list[Any] = []
            for column in order:
                text: Any = row[column]
                if column in EMISSIONS:
                    text = format((Decimal(text) * scale[column]).normalize(), "f")
                    if full:
                        text = text.translate(_FULL)
                    elif real:
                        text = float(text)
                elif column in ("黄色措施", "橙色措施", "红色措施"):
                    text = "停产" if stop and text == "停" else text.translate(_FULL) if full else text
                elif column == "绩效等级" and grade and text in ("B", "C", "D"):
                    text = f"{text}级"
                if spaced and isinstance(text, str) and text:
                    text = f" {text}　" if column != "编号" else f"{text} "
                cells.append(text or None)
            sheet.append(cells)
            here = sheet.max_row
            if merged and row["编号"] == last:
                for column in PLANT_COLUMNS:
                    at = order.index(column) + 1
                    for area in list(sheet.merged_cells.ranges):
                        if area.min_col == at and area.min_row == top:
                            sheet.unmerge_cells(str(area))
                    if sheet.cell(top, at).value is not None:
                        sheet.merge_cells(start_row=top, end_row=here, start_column=at, end_column=at)
            else:
                last, top = row["编号"], here
        if total:
            sheet.append([None] * order.index("企业名称") + ["合计"])
            sheet.append(["注：数据由企业填报"])
    book.save(path)
    return done


def harmful(rows: list[Row], rng: random.Random, path: Path) -> str:
    """Write the rows with one mistake that nobody may overlook; returns its name."""
    header: list[Any] = list(COLUMNS)
    grid: list[list[Any]] = [[row[column] for column in COLUMNS] for row in rows]
    where = rng.randrange(len(grid))
    kind = rng.choice(
        ["garbage", "no column", "no unit", "twice a column", "twice a row", "grade", "code", "measure", "weaker red"]
    )
    at = header.index(rng.choice(EMISSIONS))
    if kind == "garbage":
        grid[where][at] = rng.choice(GARBAGE)
    elif kind == "no column":
        at = header.index(rng.choice([*EMISSIONS, "企业名称", "行政区", "红色措施", "绩效等级", "单元名称"]))
        for row in [header, *grid]:
            del row[at]
    elif kind == "no unit":
        header[at] = header[at].removesuffix("千克每日") + "排放量"
    elif kind == "twice a column":
        for row in [header, *grid]:
            row.append(row[at])
    elif kind == "twice a row":
        grid.append(list(grid[where]))
    elif kind == "grade":
        grid[where][header.index("绩效等级")] = rng.choice(["E", "甲级", "A+", "BC"])
    elif kind == "code":
        grid[where][header.index("统一社会信用代码")] = rng.choice(["91420600MA00000001", "9142", "１２３", "O" * 18])
    elif kind == "measure":
        words = ["少排", "限产", "限产0%", "限产三成", "30%", "停一半", "停运国四及以下", "限产120%", "限产20%-30%"]
        grid[where][header.index("红色措施")] = rng.choice(words)
    else:
        grid[where][header.index("橙色措施")] = "停"
        grid[where][header.index("红色措施")] = "限产20%"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [header, *grid]:
        sheet.append([value or None for value in row])
    book.save(path)
    return kind


def damaged(source: bytes, rng: random.Random) -> tuple[str, bytes]:
    """The bytes of a workbook with something broken: bytes flipped, cut short, or XML mutated inside the zip."""
    kind = rng.choice(["flip", "cut", "xml", "noise"])
    if kind == "cut":
        return kind, source[: rng.randrange(len(source))]
    if kind == "noise":
        return kind, rng.randbytes(rng.randint(0, 400))
    if kind == "flip":
        data = bytearray(source)
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return kind, bytes(data)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        chosen = rng.choice(before.namelist())
        for name in before.namelist():
            data = bytearray(before.read(name))
            if name == chosen and data:
                at = rng.randrange(len(data))
                data[at : at + rng.randint(0, 12)] = rng.choice([b"", b"<", b"&#0;", b"<x/>", b"\xff", b'"', b"9" * 30])
            if name != chosen or rng.random() > 0.1:
                after.writestr(name, bytes(data))
    return kind, out.getvalue()


def once(seed: int, folder: Path) -> str:
    """One mutation; its name. AssertionError on a crash-free but silent misreading, any other error on a crash."""
    rng = random.Random(seed)
    rows = a_list(rng)
    wanted = oracle(rows, folder)
    path = folder / "mutant.xlsx"
    sort = rng.choice(["harmless", "harmful", "damaged"])
    if sort == "harmful":
        name = harmful(rows, rng, path)
        report = _read(path)
        assert report is None or report.listing is None, f"seed {seed}: {name} went unnoticed"
        return f"harmful: {name}"
    names = harmless(rows, rng, path)
    if sort == "harmless":
        report = import_list(path, city="c", edition="oracle")
        assert report.listing is not None, f"seed {seed}: {names}: {[str(one) for one in report.issues[:3]]}"
        assert _by_name(report.listing) == _by_name(wanted), f"seed {seed}: {names}: another list"
        return "harmless"
    name, data = damaged(path.read_bytes(), rng)
    path.write_bytes(data)
    report = _read(path)
    if report is not None and report.listing is not None and name in ("flip", "cut"):
        assert _by_name(report.listing) == _by_name(wanted), f"seed {seed}: {name} misread"
    return f"damaged: {name}"


def _read(path: Path) -> ImportReport | None:
    try:
        return import_list(path, city="c")
    except DataError as error:
        assert "\n" not in str(error)
        return None


def _by_name(listing: EnterpriseList) -> list[Any]:
    return sorted(listing.enterprises, key=lambda one: one.identifier)


def run() -> dict[str, Any]:
    """How many mutations of each kind went through, and every failure."""
    count = int(os.environ.get("LANTIAN_FUZZ", "50000"))
    done: Counter[str] = Counter()
    failures: list[str] = []
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            try:
                done[once(seed, Path(folder))] += 1
            except Exception as error:  # a crash is the very thing that is counted
                failures.append(f"seed {seed}: {type(error).__name__}: {error}"[:300])
    return {
        "mutations": count,
        "seconds": round(time.perf_counter() - begin),
        "kinds": dict(sorted(done.items())),
        "failures": len(failures),
        "first failures": failures[:10],
    }
