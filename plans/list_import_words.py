"""The words of real lists: which heading means which column, in which unit, in simplified or traditional characters.

Known words only. A heading that is not known is never guessed into a column: it is shown with its nearest known name
and left to the mapping file, because a wrong guess would be a silent misreading of somebody's emissions.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

SIMPLIFIED = str.maketrans(
    "編號業稱類別樣區績級統會碼許負聯繫絡崗廠車間單佔環評產噸黃紅查線監測門視頻賬臺現場換運國揚塵設備輸輛領計總顆揮發機"
    "減應驗證載實際際減預響應無僅當電種縣鄉鎮屬圍開結據錯時範簽標準務責隊員職務",
    "编号业称类别样区绩级统会码许负联系络岗厂车间单占环评产吨黄红查线监测门视频账台现场换运国扬尘设备输辆领计总颗挥发机"
    "减应验证载实际际减预响应无仅当电种县乡镇属围开结据错时范签标准务责队员职务",
)
"""Traditional to simplified, only the characters of the list's own headings and words; names are never converted."""

_HEADINGS: dict[str, str] = {
    "编号": "编号 企业编号 序列号 清单编号 名录编号 企业编码 源编号",
    "企业名称": "企业名称 单位名称 企业 名称 企业全称 污染源名称 项目名称",
    "类别": "类别 源类别 污染源类别 源类型",
    "样例": "样例 是否样例 虚构",
    "行政区": "行政区 区县 区 县区 所属区县 所在区县 行政区划 所属行政区 区县名称",
    "行业": "行业 行业类型 所属行业 重点行业 重点行业类型 行业类别",
    "绩效等级": "绩效等级 绩效分级 绩效 绩效分级等级 绩效评级 等级 绩效分级结果",
    "统一社会信用代码": "统一社会信用代码 信用代码 社会信用代码 统一信用代码 统一社会信用编码",
    "保障类": "保障类 保障类型 保障类别 保障企业类型",
    "允许负荷%": "允许负荷 允许负荷% 最大允许负荷 允许生产负荷 核定最大允许生产负荷",
    "小微": "小微 是否小微 小微企业 小微涉气 是否小微涉气企业 是否小微企业",
    "联系岗位": "联系岗位 负责岗位 责任岗位 联系人岗位 责任人岗位",
    "厂区": "厂区 厂区名称 所在厂区",
    "车间": "车间 车间名称 工段 车间工段",
    "工序": "工序 生产工序 工艺 产污环节 工序名称",
    "单元编号": "单元编号 生产线编号 设备编号 线号 产线编号",
    "单元名称": "单元名称 生产线名称 设备名称 生产线 产线名称 生产设施名称 管控设施",
    "单元类型": "单元类型 设施类型 管控对象类型",
    "排放口": "排放口 排放口编号 排口编号 排放口编码",
    "用电占比%": "用电占比 用电占比% 生产用电占比 电量占比",
    "环评日产能吨": "环评产能 环评日产能 环评批复产能 环评批复日产能 环评设计产能",
    "许可日产能吨": "许可产能 许可日产能 排污许可产能 排污许可载明产能 许可证产能",
    "上年日产量吨": "上年产量 上年日产量 上年实际产量 前一年实际产量 前一年正常生产实际产量 上年日均产量",
    "黄色措施": "黄色措施 黄色预警 黄色 黄色预警措施 黄色预警减排措施 "
    "减排措施黄色 减排措施黄色预警 应急减排措施黄色预警",
    "橙色措施": "橙色措施 橙色预警 橙色 橙色预警措施 橙色预警减排措施 "
    "减排措施橙色 减排措施橙色预警 应急减排措施橙色预警",
    "红色措施": "红色措施 红色预警 红色 红色预警措施 红色预警减排措施 "
    "减排措施红色 减排措施红色预警 应急减排措施红色预警",
    "核查方式": "核查方式 核查方法 监管方式 核查手段 核查途径",
}
HEADINGS: dict[str, str] = {word: column for column, words in _HEADINGS.items() for word in words.split()}

POLLUTANT_WORDS: dict[str, str] = {
    "so2": "SO2千克每日",
    "二氧化硫": "SO2千克每日",
    "nox": "NOx千克每日",
    "氮氧化物": "NOx千克每日",
    "pm": "PM千克每日",
    "颗粒物": "PM千克每日",
    "烟粉尘": "PM千克每日",
    "vocs": "VOCs千克每日",
    "voc": "VOCs千克每日",
    "挥发性有机物": "VOCs千克每日",
}
_AROUND = frozenset(
    [
        "排放量",
        "日排放量",
        "年排放量",
        "日均排放量",
        "基准日排放量",
        "正常日排放量",
        "每日排放量",
        "全年排放量",
        "污染物排放量",
        "污染物日排放量",
        "污染物年排放量",
        "主要污染物排放量",
        "主要污染物日排放量",
        "主要污染物年排放量",
        "基础日排放量",
        "日基准排放量",
        "日均",
        "日",
        "年",
    ]
) | {""}
EMISSIONS = frozenset(POLLUTANT_WORDS.values())
CAPACITIES = frozenset({"环评日产能吨", "许可日产能吨", "上年日产量吨"})
SHARES = frozenset({"用电占比%", "允许负荷%"})

_MASS = {
    "kg": Fraction(1),
    "千克": Fraction(1),
    "公斤": Fraction(1),
    "t": Fraction(1000),
    "吨": Fraction(1000),
    "g": Fraction(1, 1000),
    "克": Fraction(1, 1000),
    "万吨": Fraction(10_000_000),
    "万t": Fraction(10_000_000),
}
_DAY, _YEAR = ("d", "日", "天", "day"), ("a", "年", "y", "year")
_RATE = re.compile(r"(万吨|万t|kg|千克|公斤|吨|克|t|g)(?:[/每]?(d|day|日|天|a|y|year|年))?")
_BRACKET = re.compile(r"[(\[【〔]([^)\]】〕]*)[)\]】〕]")
_NOISE = re.compile(r"[\s*:、,;_·.\"'“”\-/\\]+")


@dataclass(frozen=True, slots=True)
class Heading:
    """What one heading says: the column (None when not known) and how its numbers become the column's unit."""

    text: str
    column: str | None
    factor: Fraction | None = Fraction(1)
    """Number in the file times factor = number in the column; None when the heading names no unit but must."""
    yearly: bool = False
    """Whether the factor still has to be divided by the days of a year."""
    percent: bool = False
    """Whether the heading says that its numbers are percent."""


@lru_cache(maxsize=200_000)
def plain(text: str) -> str:
    """Text with full-width forms made ordinary, characters simplified, and outer blanks gone.

    >>> plain("　限產２０％ ")
    '限产20%'
    """
    return unicodedata.normalize("NFKC", text).translate(SIMPLIFIED).strip()


def heading_of(text: str, *, unit: str | None = None) -> Heading:
    """What a heading means; `unit` overrides the unit it names (from the mapping file).

    >>> heading_of("SO２年排放量（吨）").yearly, heading_of("企業名稱").column, heading_of("随便").column
    (True, '企业名称', None)
    """
    said = re.sub(r"\s+", "", plain(text)).lower()
    units = [rate for part in _BRACKET.findall(said) for rate in _rates(part)]
    bare = _NOISE.sub("", _BRACKET.sub("", said))
    for tail in ("千克每日", "千克每天", "公斤每天", "kg/d", "吨/年", "t/a"):
        squeezed = _NOISE.sub("", tail)
        if bare.endswith(squeezed) and len(bare) > len(squeezed) and (tail not in ("t/a", "kg/d") or tail in said):
            bare, units = bare[: -len(squeezed)], [*units, *_rates(tail)]
            break
    if unit is not None:
        units = _rates(re.sub(r"\s+", "", plain(unit)).lower())
    percent = "%" in said or unit == "%"
    column = HEADINGS.get(bare) or HEADINGS.get(bare.replace("%", ""))
    rest = None
    if column is None:
        column, rest = _emission(bare)
    if column is None and bare.endswith("吨"):
        column, units = HEADINGS.get(bare[:-1]), units or [("吨", "")]
        column = column if column in CAPACITIES else None
    if column in EMISSIONS or column in CAPACITIES:
        factor, yearly = _factor(units, rest if rest is not None else bare)
        if factor is not None and column in CAPACITIES:
            factor /= 1000
        return Heading(text, column, factor, yearly)
    return Heading(text, column, percent=percent)


def _emission(bare: str) -> tuple[str | None, str | None]:
    for word, column in POLLUTANT_WORDS.items():
        if word in bare:
            rest = bare.replace(word, "", 1)
            if rest in _AROUND:
                return column, rest
    return None, None


def _rates(text: str) -> list[tuple[str, str]]:
    """The unit a text is, as (mass, period), or nothing."""
    found = _RATE.fullmatch(text)
    return [(found[1], found[2] or "")] if found else []


def _factor(units: list[tuple[str, str]], words: str) -> tuple[Fraction | None, bool]:
    """Factor to kilograms and whether per year; None where the unit or the period is missing or contradictory."""
    if len(units) != 1:
        return None, False
    mass, period = units[0]
    by_word = {"日": "d", "年": "a"}
    told = {by_word[letter] for letter in "日年" if letter in words.replace("上年", "").replace("前一年", "")}
    if period:
        told.add("d" if period in _DAY else "a")
    if len(told) != 1:
        return None, False
    return _MASS[mass], told == {"a"}
