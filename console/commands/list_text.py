"""What `lantian list` prints for people, in the words of the pages of the console; `--json` never comes here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from emergency.terminal import padded
from emergency.vocabulary import Level
from plans.measure import pollutant_name

if TYPE_CHECKING:
    from plans.enterprise_list import Enterprise, EnterpriseList, LevelKey
    from plans.errors import LantianError
    from plans.list_diff import ListDiff
    from plans.list_import import ImportReport
    from plans.list_import_notes import CellIssue
    from plans.reductions import Reduction
    from plans.schema import CityPlan
    from plans.what_if import WhatIf

SEVERITIES = {"error": "错误", "warning": "警告", "suggestion": "建议"}
BESIDE = {"windows": "错峰窗口", "places": "企业位置"}
KINDS = {
    "plant_added": "新增企业", "plant_removed": "移除企业", "plant_changed": "企业信息变更",
    "unit_added": "新增单元", "unit_removed": "移除单元", "unit_changed": "单元变更",
}  # fmt: skip
_NOTHING = ("nothing", "no such column", "no row")
"""What a report found when there was nothing to show."""
_NAME = 4
"""Columns of the longest pollutant."""
_TODO = (
    (re.compile(r"^Name its column, or null, in the mapping file$"), "请在映射文件中写明对应的列，不导入则写 null"),
    (re.compile(r"^Name the heading that holds it in the mapping file$"), "请在映射文件中指明哪一列是它"),
    (re.compile(r"^Give its unit, .+ in the mapping file$"), "请在映射文件中写明单位，如 kg/d、t/a、吨/年"),
    (re.compile(r"^Set one of them to null in the mapping file$"), "请在映射文件中把其中一列写作 null"),
    (re.compile(r"^Name its headings in the mapping file, or skip it$"), "请在映射文件中写明表头，或跳过此表"),
    (re.compile(r"^Save them as CSV and give them as --windows$"), "请另存为CSV，以 --windows 给出"),
    (re.compile(r"^Write 0 when nothing is emitted, or .+$"), "没有排放请填0，或在映射文件中设 blank_emission_is_zero"),
    (re.compile(r"^Perhaps (.+); say so in the mapping file$"), "可能是“{0}”，请在映射文件中写明"),
)
"""What to do at a terminal where the page of the import has a field for it."""


def orders(found: Sequence[Any], level: Level) -> Iterable[str]:
    """The orders of a level, plant by plant, each with its measures."""
    for order in found:
        how = "自主减排" if order.voluntary else "" if order.reachable else "无联系岗位"
        yield f"{order.enterprise}  {order.enterprise_name}  {order.grade}  {how}".rstrip()
        for measure in order.measures:
            yield f"    {measure['text']}"
    yield f"\n{level.chinese}预警：减排指令 {len(found)} 份"


def plants(found: Sequence[Enterprise], listing: EnterpriseList) -> Iterable[str]:
    """The plants, one a line."""
    for one in found:
        marks = [one.guarantee, "小微" if one.small else "", "样例" if one.sample else ""]
        units = "、".join(unit.name for unit in one.units)
        extra = " ".join(mark for mark in marks if mark)
        yield f"{one.identifier}  {one.name}  {one.industry}  {one.grade or one.kind}  {units}  {extra}".rstrip()
    yield f"\n{len(found)} 条，版本 {listing.edition}，摘要 {listing.digest[:16]}"


def mistake(error: LantianError) -> str:
    """One mistake of a list in Chinese; in English while nobody has put it into words."""
    from console import plain
    from console.cli_words import words_of
    from console.language import HAN
    from console.list_words import said

    known = words_of(error)
    if error.what == "A column is missing":
        known = f"缺少列：{str(error.expected).replace(', ', '、')}", "请补上"
    elif known is None and HAN.search(told := said(f"{error.what}: expected {error.expected}")):
        known = told, ""
    chinese = plain.worded(error, known)
    return str(error) if plain.OTHER in chinese else chinese


def heading(plan: CityPlan, listing: EnterpriseList) -> str:
    """By which plan, list and base something is reckoned."""
    from console.rule_words import said_value

    assert plan.base_daily is not None
    mark = " 虚构样例" if plan.sample else ""
    base = f"全社会日排放量来源：{said_value(plan.base_daily.source)}（{plan.base_daily.confidence}）"
    return f"{plan.chinese}{mark}，清单 {listing.edition}，{base}"


def reductions(results: Mapping[LevelKey, Sequence[Reduction]]) -> Iterable[str]:
    """What each level reaches per pollutant, and who gives most."""
    for key, found in results.items():
        yield f"\n{Level.of(key).chinese}（要求各减 {int(found[0].target * 100)}%）"
        for one in found:
            verdict = f"缺 {_tonnes(one.shortfall_kilograms)} 吨/日" if one.short else "达到要求"
            listed = f"清单 {_tonnes(one.listed_kilograms):>6} / 全社会 {_tonnes(one.base_kilograms):>6} 吨/日"
            name = padded(pollutant_name(one.pollutant), _NAME)
            yield f"  {name} {one.percent:>6}  减 {_tonnes(one.reached_kilograms):>6} 吨/日  {listed}  {verdict}"
            most = "，".join(f"{c.enterprise_name} {_tonnes(c.kilograms)} 吨" for c in one.contributors[:3])
            yield f"       减得最多：{most or '无'}"


def issue(one: CellIssue) -> str:
    """One line of the report of an import."""
    from console.list_words import said

    place = " ".join(part for part in (SEVERITIES[one.severity], one.sheet, one.cell, one.column) if part)
    shown = one.found and one.found not in _NOTHING and one.found not in one.message
    found = f"，现为“{said(one.found)}”" if shown else ""
    more = f"（等{one.times}格）" if one.times > 1 else ""
    todo = f"{_todo(one.suggestion)}。" if one.suggestion else ""
    return f"{place}：{said(one.message)}{found}{more}。{todo}"


def imported(report: ImportReport) -> str:
    """How an import went, in one line."""
    told = "，".join(f"{SEVERITIES[name]} {count}" for name, count in report.counts.items())
    return f"{report.file}：{len(report.rows)} 个单元，{told}"


def differences(found: ListDiff) -> Iterable[str]:
    """What changed between two editions, and what it does to the reductions."""
    wide = max((2 * len(KINDS[one.kind]) for one in found.changes), default=0)
    for one in found.changes:
        place = " ".join(part for part in (one.enterprise, one.enterprise_name, one.unit, one.column) if part)
        yield f"{padded(KINDS[one.kind], wide)}  {place}  {one.before or '—'} → {one.after or '—'}"
    yield "减排量变化（千克/日）"
    for level, cuts in found.cuts.items():
        told = "  ".join(f"{pollutant_name(key)} {float(value):+.1f}" for key, value in cuts.items())
        yield f"  {Level.of(level).chinese}  {told}"
    yield f"从版本 {found.before} 到 {found.after}，共 {len(found.changes)} 处差别"


def gap(found: WhatIf, level: Level, doubts: int) -> Iterable[str]:
    """The units that would close the gap, what it comes to, and whether it is enough."""
    for one in found.choices:
        cut = f"{float(one.from_cut):.0%} → {float(one.to_cut):.0%}"
        lost = f"少生产 {float(one.lost_output):.0f} 吨/日"
        yield f"  {one.enterprise} {one.enterprise_name} {one.unit_name}  {cut}  {lost}"
    for was, now in zip(found.before, found.after, strict=True):
        verdict = f"缺 {_tonnes(now.shortfall_kilograms)} 吨/日" if now.short else "达到要求"
        yield f"  {padded(pollutant_name(now.pollutant), _NAME)} {was.percent:>6} → {now.percent:>6}  {verdict}"
    if found.feasible and not found.choices:
        verdict = "清单已达到要求，不需要补差"
    elif found.feasible:
        verdict = f"可以补齐，合计少生产 {float(found.lost_output):.0f} 吨/日"
    else:
        verdict = "补不齐"
    aside = f"没有列入的单元 {len(found.left_aside)} 个"
    yield f"{level.chinese}：{verdict}；{aside}；可操作、可监测、可核查存疑的措施 {doubts} 项"


def _todo(text: str) -> str:
    from console.list_words import said

    for pattern, words in _TODO:
        if found := pattern.match(text):
            return words.format(*found.groups())
    return said(text)


def _tonnes(kilograms: Fraction) -> str:
    return f"{float(kilograms) / 1000:.2f}"
