"""Import a workbook of 20,000 enterprises with its report on every cell; against openpyxl reading the same cells."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PLANTS = 20_000
UNITS = (1, 2, 2)
"""Units of the first, second, third plant and so on: 33,333 units, 100,000 measures."""


def run() -> dict[str, Any]:
    """Seconds and MiB of the import in a process of its own, seconds of the bare reading, and what was found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        units = write(path)
        code = "import sys; from benchmarks.speed.list_import import _child; _child(sys.argv[1], sys.argv[2])"
        figures: dict[str, Any] = {
            "enterprises": PLANTS,
            "units": units,
            "MiB of the file": round(path.stat().st_size / 2**20, 1),
        }
        for name in ("bare", "import"):
            done = subprocess.run(
                [sys.executable, "-c", code, name, str(path)], capture_output=True, text=True, check=True
            )
            figures[name] = done.stdout.strip()
        return figures


def write(path: Path) -> int:
    """A workbook with two heading rows, merged, yearly units, full-width digits, wrong cells, totals; its units."""
    import openpyxl
    from stdnum.cn import uscc

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("工业源")
    sheet.append(["样例市重污染天气应急减排清单（虚构）"])
    upper = [
        "编号",
        "企业名称",
        "行政区",
        "行业",
        "绩效等级",
        "统一社会信用代码",
        "是否小微",
        "联系岗位",
        "厂区",
        "车间",
        "工序",
        "生产线编号",
        "生产线",
        "排放口",
        "年排放量（吨/年）",
        None,
        None,
        None,
        "用电占比（%）",
        "减排措施",
        None,
        None,
        "核查方式",
        "备注",
    ]
    lower: list[Any] = [None] * 14 + ["SO2", "NOx", "PM", "VOCs", None, "黄色预警", "橙色预警", "红色预警", None, None]
    sheet.append(upper)
    sheet.append(lower)
    total = 0
    for plant in range(PLANTS):
        stem = f"91420600MA{plant:07d}"
        code = stem + uscc.calc_check_digit(stem)
        for unit in range(1, UNITS[plant % 3] + 1):
            total += 1
            wrong = plant % 500 == 7
            sheet.append(
                [
                    f"S{plant:05d}",
                    f"样例第{plant}厂",
                    f"样例{plant % 9}区",
                    "水泥",
                    "BCD"[plant % 3] + "级",
                    code,
                    "否",
                    "环保负责人岗",
                    "主厂区",
                    "烧成车间",
                    "熟料煅烧",
                    f"U{unit}",
                    f"{unit}号线",
                    f"DA{unit:03d}",
                    "约三吨" if wrong else 1.5 + plant % 97,
                    "１２．５",
                    3 + unit,
                    0,
                    40,
                    "不限",
                    "限产20%",
                    "停产",
                    "用电、在线",
                    "",
                ]
            )
    sheet.append(["合计"])
    book.save(path)
    return total


def _child(name: str, path: str) -> None:
    begin = time.perf_counter()
    if name == "bare":
        import openpyxl

        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        cells = sum(len(row) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True))
        what = f"{cells} cells"
    else:
        from plans.list_import import import_list

        report = import_list(Path(path), sample=True)
        what = f"{len(report.rows)} units, {report.counts}, usable {report.listing is not None}"
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.1f} s, {peak:.0f} MiB, {what}")
