"""One cell of somebody's list as the word or number that the list's own column takes, with what was noticed.

Nothing is corrected silently: what changes the text beyond blanks and full-width digits carries a warning, what cannot
be understood is given on as it stands, so that the list's own check refuses it with its sentence.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from plans.enterprise_csv import UNIT_KINDS
from plans.enterprise_list import CHECKS, GRADES, KINDS
from plans.list_import_file import Cell
from plans.list_import_words import CAPACITIES, EMISSIONS, SHARES, Heading, plain

Severity = Literal["error", "warning", "suggestion"]
MEASURE_COLUMNS = ("黄色措施", "橙色措施", "红色措施")
CODES = frozenset({"编号", "统一社会信用代码", "单元编号", "排放口"})
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_EMPTY = frozenset({"", "/", "-", "--", "—", "——", "无", "\\", "n/a", "N/A", "－"})
_TRUE = frozenset(["是", "有", "√", "✓", "Y", "y", "yes", "YES", "Yes", "true", "TRUE", "True", "1"])
_FALSE = frozenset(["否", "无", "×", "✗", "x", "X", "N", "n", "no", "NO", "No", "false", "FALSE", "False", "0", "非"])
_CHECK_WORDS = {
    "用电监控": "用电", "用电监管": "用电", "电量": "用电", "电": "用电", "CEMS": "在线监测", "在线": "在线监测",
    "在线监控": "在线监测", "自动监测": "在线监测", "门禁系统": "门禁", "视频监控": "视频", "台帐": "台账",
    "现场检查": "现场", "现场核查": "现场", "人工": "现场",
}  # fmt: skip
_KIND_WORDS = {"工业": "工业源", "企业": "工业源", "扬尘": "扬尘源", "工地": "扬尘源", "移动": "移动源"}
_UNIT_WORDS = {"产线": "生产线", "线": "生产线", "运输车辆": "运输", "施工工地": "工地", "机动车": "车辆"}
_NOTHING = frozenset(
    ["不限", "不限产", "无", "自主减排", "不减排", "不要求", "无措施", "不停产", "/", "-", "—", "不作要求"]
)
_LIMIT = re.compile(r"(?:限产|减产|压产|降低(?:生产)?负荷|限制负荷|限产限负荷)\s*(\d{1,2})\s*%")
_STOP_PART = re.compile(r"停产\s*(\d{1,2})\s*%(?:\(.*\))?")
_TENTHS = re.compile(r"(?:限产|减产|停产)([一二三四五六七八九])成")
_BAN = re.compile(
    r"(?:停运|停止使用|禁止|停用)(国[一二三四五六])(?:及)?(?:以下)(?:排放标准)?(?:的)?(?:重型|重载)?(?:柴油)?(?:货车|车辆)?(?:运输)?\s*(\d{1,3})\s*%"
)


@dataclass(frozen=True, slots=True)
class Note:
    """Something noticed about one cell."""

    severity: Severity
    message: str
    suggestion: str = ""


Reading = tuple[str, tuple[Note, ...]]

FORMULA_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"})
"""What a spreadsheet shows for a formula that failed (ECMA-376 part 1, 18.18.11); other text may begin with # too."""


def read_cell(value: Any, heading: Heading, *, days: int) -> Reading:
    """The text for the list's column and the notes about it; blank cells give an empty text and no note.

    >>> read_cell("１２．５", Heading("SO2(t/a)", "SO2千克每日", Fraction(1000), True), days=365)[0]
    '34.246575'
    """
    column = heading.column or ""
    shown = value.number_format if isinstance(value, Cell) else ""
    value = value.value if isinstance(value, Cell) else value
    if value is None:
        return "", ()
    if isinstance(value, bool):
        value = "是" if value else "否"
    if isinstance(value, date | datetime | time):
        return str(value), (
            Note("error", "the cell holds a date", "Write the text of the column, and format it as text"),
        )
    if isinstance(value, str) and value in FORMULA_ERRORS:
        return value, (Note("error", "the cell holds an error of its formula", "Mend the formula or write the value"),)
    if column in EMISSIONS or column in CAPACITIES:
        return _amount(value, heading, days)
    if column in SHARES:
        return _share(value, shown, percent=heading.percent)
    if isinstance(value, int | float):
        return _number_as_text(value, shown, column)
    text = str(value)
    if column in CODES:
        return _code(text, column)
    if column in MEASURE_COLUMNS:
        return _measure(plain(text))
    reader = _WORDS.get(column)
    if reader is None:
        kept = " ".join(text.split()) if "\n" in text or "\r" in text else text.strip()
        return kept, (Note("warning", "line breaks were made blanks"),) if kept != text.strip() else ()
    read: Reading = reader(plain(text))
    return read


def decimal_text(value: Fraction) -> str:
    """A number as plain decimal digits, to six places where it does not end sooner.

    >>> decimal_text(Fraction(1, 3)), decimal_text(Fraction(12)), decimal_text(Fraction("1062.4"))
    ('0.333333', '12', '1062.4')
    """
    if value.denominator == 1:
        return str(value.numerator)
    return (
        _digits(Decimal(value.numerator) / Decimal(value.denominator))
        if _ends(value)
        else _digits(Decimal(round(value * 10**6)) / 10**6)
    )


def _ends(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1 and value.denominator < 10**18


def _digits(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exact(value: Any) -> tuple[Fraction | None, str, tuple[Note, ...]]:
    """The exact number of a cell, its text, and notes; None for a blank or for what is no number."""
    if isinstance(value, int | float):
        if not math.isfinite(value):
            return None, str(value), ()
        return Fraction(repr(value)), repr(value), ()
    text = plain(str(value)).replace(" ", "")
    if _THOUSANDS.fullmatch(text):
        return Fraction(text.replace(",", "")), text, (Note("warning", f"{text} is read with a thousands separator"),)
    if _NUMBER.fullmatch(text):
        return Fraction(text), text, ()
    return None, text, ()


def _amount(value: Any, heading: Heading, days: int) -> Reading:
    number, text, notes = _exact(value)
    if number is None:
        if text in _EMPTY:
            return "", (Note("warning", f"{text} is read as blank"),) if text else ()
        hint = re.search(r"\d+(?:\.\d+)?", text)
        return text, (
            Note("error", f"{text} is not a number", f"Write only the number {hint[0]}" if hint else "Write a number"),
        )
    if number < 0:
        return text, (Note("error", "the amount is negative", "Write 0 or more"),)
    factor = heading.factor if heading.factor is not None else Fraction(1)
    if (
        factor == 1
        and not heading.yearly
        and not isinstance(value, int | float)
        and "e" not in text.lower()
        and not notes
    ):
        return text, ()
    return decimal_text(number * factor / (days if heading.yearly else 1)), notes


def _share(value: Any, shown: str, *, percent: bool) -> Reading:
    if "%" in shown and isinstance(value, int | float):
        return decimal_text(Fraction(repr(value)) * 100), ()
    signed = isinstance(value, str) and plain(value).replace(" ", "").endswith("%")
    number, text, notes = _exact(plain(value).replace(" ", "").removesuffix("%") if signed else value)
    if number is None:
        return ("" if text in _EMPTY else text), ()
    if 0 < number < 1 and not signed:
        if not percent:
            return text, (
                Note("error", f"{text} may be {text} % or {decimal_text(number * 100)} %", "Write the share with %"),
            )
        notes = (
            *notes,
            Note("warning", f"read as {text} %", f"Write {decimal_text(number * 100)} if a share was meant"),
        )
    if number == 1 and not signed and not percent:
        return text, (Note("error", "1 may be 1 % or 100 %", "Write the share with %"),)
    if isinstance(value, int | float) or notes:
        return decimal_text(number), notes
    return text, ()


def _number_as_text(value: float, shown: str, column: str) -> Reading:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    text = str(value)
    if shown.strip("0") == "" and shown:
        text = text.zfill(len(shown))
    if column == "统一社会信用代码" and (isinstance(value, float) or abs(value) > 2**53):
        note = Note(
            "error", "the code is stored as a number and has lost digits", "Format the column as text, type it anew"
        )
        return text, (note,)
    if column in ("小微", "样例") and text in ("0", "1"):
        return ("是" if text == "1" else "否"), ()
    if column in MEASURE_COLUMNS:
        return _measure(f"{decimal_text(Fraction(repr(value)) * 100)}%" if "%" in shown else text)
    return text, ()


def _code(text: str, column: str) -> Reading:
    said = plain(text) if not text.isascii() else text.strip()
    if column == "统一社会信用代码":
        said = re.sub(r"[\s\-]", "", said).upper()
        if said in _EMPTY:
            return "", ()
        return said, () if not said else _credit_code(said)
    if said in _EMPTY and column == "排放口":
        return "", ()
    return said, (Note("warning", f"read as {said}"),) if said != text.strip() else ()


def _credit_code(code: str) -> tuple[Note, ...]:
    from stdnum.cn import uscc
    from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError

    try:
        uscc.validate(code)
    except InvalidLength:
        return (
            Note("error", f"a credit code has 18 characters, this one has {len(code)}", "Copy it from the licence"),
        )
    except InvalidChecksum:
        right = uscc.calc_check_digit(code[:17])
        return (Note("error", "the check character is wrong (GB 32100)",
                     f"A character is mistyped, or the last one is {right}"),)  # fmt: skip
    except ValidationError:
        bad = [letter for letter in code if letter in "IOSVZ"]
        swap = "".join({"I": "1", "O": "0", "S": "5", "V": "U", "Z": "2"}.get(letter, letter) for letter in code)
        hint = f"Perhaps {swap}" if bad and uscc.is_valid(swap) else "Copy it from the licence"
        return (Note("error", "the code has characters that credit codes never have", hint),)
    return ()


def _measure(text: str) -> Reading:
    squeezed = text.replace(" ", "").replace("％", "%")
    if squeezed in ("停", "不限"):
        return squeezed, ()
    if squeezed in _NOTHING:
        return "不限", (Note("warning", f"{text} is read as 不限"),)
    if squeezed in ("停产", "全部停产", "全厂停产", "停止生产", "停用", "停工", "停止施工"):
        return "停", () if squeezed == "停产" else (Note("warning", f"{text} is read as 停"),)
    if found := _LIMIT.fullmatch(squeezed):
        word = f"限产{found[1]}%"
        return word, () if squeezed == word else (Note("warning", f"{text} is read as {word}"),)
    if found := _STOP_PART.fullmatch(squeezed):
        word = f"限产{found[1]}%"
        return word, (
            Note("warning", f"{text} is read as {word}", "Name the lines that stop: one row per line, 停 or 不限"),
        )
    if found := _BAN.fullmatch(squeezed):
        word = f"停运{found[1]}及以下{found[2]}%"
        return word, () if squeezed == word else (Note("warning", f"{text} is read as {word}"),)
    if found := _TENTHS.fullmatch(squeezed):
        share = "一二三四五六七八九".index(found[1]) + 1
        return text, (Note("error", f"{text} is not exact enough", f"Write 限产{share}0%"),)
    if re.fullmatch(r"\d{1,2}%", squeezed):
        return text, (Note("error", "a share alone does not say what is done", f"Write 限产{squeezed}"),)
    if "国" in squeezed and "%" not in squeezed:
        return text, (
            Note("error", "the share of the banned vehicles is missing", "Write for example 停运国四及以下55%"),
        )
    return text, ()


def _words(allowed: tuple[str, ...], others: dict[str, str]) -> Any:
    def read(text: str) -> Reading:
        squeezed = text.replace(" ", "")
        if squeezed in allowed:
            return squeezed, ()
        if squeezed in others:
            return others[squeezed], (Note("warning", f"{text} is read as {others[squeezed]}"),)
        return squeezed, ()

    return read


def _grade(text: str) -> Reading:
    bare = text.replace(" ", "").removesuffix("级").removesuffix("企业").upper().replace("−", "-").replace("—", "-")
    bare = {"引领": "引领性", "非引领": "非引领性"}.get(bare, bare)
    if bare in GRADES:
        return bare, ()
    return ("" if bare in _EMPTY else text), ()


def _truth(text: str) -> Reading:
    if text in _TRUE:
        return "是", ()
    if text in _FALSE or text in ("/", "-", "—"):
        return "否", ()
    return text, ()


def _checks(text: str) -> Reading:
    parts = [part.strip() for part in re.split(r"[、,;/+\s]+|和|及", text) if part.strip()]
    read = [_CHECK_WORDS.get(part, part) for part in parts]
    joined = "、".join(dict.fromkeys(read))
    if read != parts and all(part in CHECKS for part in read):
        return joined, (Note("warning", f"{text} is read as {joined}"),)
    return joined, ()


_WORDS: dict[str, Any] = {
    "类别": _words(KINDS, _KIND_WORDS),
    "单元类型": _words(UNIT_KINDS, _UNIT_WORDS),
    "绩效等级": _grade,
    "样例": _truth,
    "小微": _truth,
    "核查方式": _checks,
}
