"""One plant, one plan 一厂一案: everything the list and the city plan say about one plant, as data.

Chapters as in the operation plans in use (overview, organisation, response per level and process, how the plan is kept
up to date; annexes: table of measures, check form, gate board). Positions only, never names. A revision history and a
log of drills are given by the caller; where there is none the sheet says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from emergency.vocabulary import Level
from plans.cement_rule import CEMENT, cement_gaps
from plans.city_plan import CityPlan
from plans.doubts import doubts_of
from plans.enterprise_list import LEVEL_KEYS, Enterprise, EnterpriseList, LevelKey, Unit, measure_data
from plans.errors import DataError
from plans.measure import POLLUTANT_NAMES, POLLUTANTS
from plans.staggered import Window

FLOW = (
    "收到预警指令，{respond}分钟内由联系岗位签收；不能签收的，电话告知并由值班人员代签",
    "按本级别措施表逐单元落实，{execute}小时内全部到位，生产负责岗位逐项确认",
    "报告执行情况，附电表读数或现场照片；治理设施保持正常运行",
    "执行期间按核查方式留存用电、在线监测、门禁或台账记录，接受检查",
    "收到解除指令后方可恢复生产，恢复情况记入台账",
)
"""The steps of a plant's operation; the two deadlines come from the city plan's settings."""
REVISE_WHEN = ("合并重组", "工艺或设备变化", "岗位变化", "法规或清单修订", "演练或检查发现缺陷")
"""What calls for a revision (B: the operation plan of 芦台经济开发区, consistent with others)."""
_LEVELS: dict[LevelKey, Level] = {"yellow": Level.YELLOW, "orange": Level.ORANGE, "red": Level.RED}


@dataclass(frozen=True, slots=True)
class Line:
    """One measure of one unit at one level."""

    unit: str
    place: str
    """Site, workshop and process."""
    target: str
    text: str
    checks: tuple[str, ...]
    cut_kg: dict[str, float]
    """Per pollutant, a day."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the revision history or of the log of drills."""

    on: date
    text: str


@dataclass(frozen=True, slots=True)
class PlantSheet:
    """The sheet of one plant under one edition of the list."""

    enterprise: str
    name: str
    sample: bool
    overview: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, ...], ...]
    """Unit, place, outlet, base capacity t/d, base emissions kg/d."""
    responsible: str
    levels: dict[str, tuple[Line, ...]]
    """Level key to measures; empty where nothing is ordered."""
    voluntary: bool
    flow: tuple[str, ...]
    staggered: tuple[str, ...]
    doubts: tuple[str, ...]
    """What in the measures could not be carried out, seen or proven: to be mended before the sheet is signed."""
    revisions: tuple[Entry, ...]
    drills: tuple[Entry, ...]
    list_edition: str
    list_digest: str

    def board(self) -> tuple[str, ...]:
        """The lines of the board at the gate 公示牌: who, which grade, what at each level."""
        told = {
            level: "；".join(line.text.split("（核查")[0] for line in lines) for level, lines in self.levels.items()
        }
        nothing = "自主减排" if self.voluntary else "无强制减排措施"
        grade = dict(self.overview)["绩效等级"]
        return (
            f"{self.name} 重污染天气应急减排公示牌",
            f"绩效等级：{grade or '未定级'}　责任岗位：{self.responsible or '未登记'}",
            *(f"{_LEVELS[key].chinese}预警：{told[key] or nothing}" for key in LEVEL_KEYS),
            f"清单版本：{self.list_edition}（{self.list_digest[:12]}）",
        )

    def as_data(self) -> dict[str, Any]:
        """Plain values for JSON and for a page."""
        data = asdict(self)
        for name in ("revisions", "drills"):
            data[name] = [{"on": entry.on.isoformat(), "text": entry.text} for entry in getattr(self, name)]
        return {**data, "board": list(self.board())}


def sheet_of(
    listing: EnterpriseList,
    identifier: str,
    plan: CityPlan,
    *,
    windows: Sequence[Window] = (),
    revisions: Sequence[Entry] = (),
    drills: Sequence[Entry] = (),
) -> PlantSheet:
    """The sheet of the plant with that number; DataError when the list has none such, or it is no plant."""
    try:
        plant = listing.plant(identifier)
    except KeyError as error:
        raise DataError(
            "There is no such plant", where=f"list {listing.edition}", expected="a number of the list", found=identifier
        ) from error
    if plant.kind != "工业源":
        raise DataError("Only plants have a sheet", where=identifier, expected="工业源", found=plant.kind)
    deadlines = plan.deadlines
    respond, execute = deadlines.order_response_minutes.value, deadlines.order_execution_minutes.value / 60
    return PlantSheet(
        enterprise=plant.identifier,
        name=plant.name,
        sample=plant.sample,
        overview=_overview(plant),
        units=tuple(_unit_row(unit) for unit in plant.units),
        responsible=plant.contact_role,
        levels={key: _lines(plant, key) for key in LEVEL_KEYS},
        voluntary=plant.voluntary,
        flow=tuple(step.format(respond=respond, execute=f"{execute:g}") for step in FLOW),
        staggered=tuple(
            f"{window.unit or '全厂'} {window.first}至{window.last}停产{float(window.share):.0%}（{window.source}）"
            for window in windows
            if window.enterprise == identifier
        ),
        doubts=_doubts(listing, plant),
        revisions=tuple(revisions),
        drills=tuple(drills),
        list_edition=listing.edition,
        list_digest=listing.digest,
    )


def _overview(plant: Enterprise) -> tuple[tuple[str, str], ...]:
    load = "" if plant.permitted_load is None else f"，允许负荷{float(plant.permitted_load):.0%}"
    return (
        ("企业编号", plant.identifier),
        ("统一社会信用代码", plant.credit_code),
        ("行政区", plant.district),
        ("行业", plant.industry),
        ("绩效等级", plant.grade),
        ("保障类", f"{plant.guarantee}{load}"),
        ("小微涉气", "是（豁免）" if plant.small else "否"),
    )


def _unit_row(unit: Unit) -> tuple[str, ...]:
    base = "，".join(
        f"{POLLUTANT_NAMES[key]} {float(unit.base_daily[key]):g}" for key in POLLUTANTS if unit.base_daily[key]
    )
    capacity = "" if unit.base_capacity is None else f"{float(unit.base_capacity):g}"
    return unit.identifier, f"{unit.site} {unit.workshop} {unit.process}", unit.name, unit.outlet, capacity, base


def _lines(plant: Enterprise, level: LevelKey) -> tuple[Line, ...]:
    if plant.small:
        return ()
    return tuple(
        Line(
            unit.identifier,
            f"{unit.site} {unit.workshop} {unit.process}",
            unit.name,
            str(measure_data(unit, level)["text"]),
            unit.checks,
            {key: round(float(value), 2) for key, value in unit.cut_of(level).items() if value},
        )
        for unit in plant.units
        if unit.measures[level].action != "none"
    )


def _doubts(listing: EnterpriseList, plant: Enterprise) -> tuple[str, ...]:
    words = {"operable": "可操作性", "monitorable": "可监测性", "checkable": "可核查性"}
    one = EnterpriseList(listing.city, listing.edition, (plant,), listing.digest)
    found = [f"{doubt.unit} {_LEVELS[doubt.level].chinese}：{words[doubt.lacks]}存疑" for doubt in doubts_of(one)]
    if plant.industry == "水泥" and plant.grade in CEMENT.value:
        found += [
            f"{gap.unit or '全厂'} {_LEVELS[gap.level].chinese}：低于水泥行业指南（应{gap.expected}，现{gap.found}）"
            for gap in cement_gaps(plant)
        ]
    return tuple(dict.fromkeys(found))
