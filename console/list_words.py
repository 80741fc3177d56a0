"""The report of an import in Chinese: the library speaks English in logs, people at a screen read this."""

from __future__ import annotations

import re

_PLAIN = {
    "the column is missing": "缺少这一列",
    "no such column": "没有这一列",
    "the column is not known and is left out": "不认识这一列，未导入",
    "two columns claim to be the same": "两列表示同一内容",
    "the heading does not say mass and period, or contradicts itself": "表头没有写明质量和周期单位，或前后矛盾",
    "numbers are converted to the day": "数值已换算为每日",
    "numbers are converted": "数值已换算单位",
    "another column gives the same by the day and is used instead": "另一列已给出每日数值，采用那一列",
    "the sheet has no heading of a list, it is left out": "没有找到清单表头，未导入此表",
    "windows are no part of the list, they are left out": "错峰窗口不属于清单，未导入",
    "the cell holds a formula without a stored result": "单元格是公式，没有保存结果",
    "the cell holds an error of its formula": "单元格是公式错误",
    "the cell holds a date": "单元格是日期",
    "the amount is negative": "数值为负",
    "the code is stored as a number and has lost digits": "代码存成了数字，已丢失位数",
    "the code has characters that credit codes never have": "含有信用代码不会有的字符",
    "the check character is wrong (GB 32100)": "校验位不对（GB 32100）",
    "a share alone does not say what is done": "只写比例，没有写明做什么",
    "the share of the banned vehicles is missing": "没有写禁行车辆所占比例",
    "blank plant cells are taken from the row above": "空白的企业栏沿用上一行",
    "blank is taken as 0, as the mapping says": "空白按映射设置计为0",
    "units without a number are counted U1, U2 ...": "没有编号的单元依次编为U1、U2……",
    "the credit code serves as number": "以信用代码作为企业编号",
    "no credit code is on file": "没有统一社会信用代码",
    "no position answers for orders": "没有登记联系岗位",
    "the list has no row": "清单没有数据行",
    "line breaks were made blanks": "换行已改为空格",
    "the plant stands twice on sheets about plants": "企业表中同一企业出现两次",
    "a formula": "公式",
    "no row": "没有数据行",
    "a total": "合计行",
    "a footnote": "说明行",
    "the heading again": "重复的表头",
    "numbers of the columns": "列号行",
    "Name its column, or null, in the mapping file": "请在下方选择对应的列，或选“不导入”",
    "Name the heading that holds it in the mapping file": "请在下方指明哪一列是它",
    "Give its unit, e.g. kg/d or t/a, in the mapping file": "请在下方填写单位，如 kg/d、t/a、吨/年",
    "Set one of them to null in the mapping file": "请把其中一列设为不导入",
    "Name its headings in the mapping file, or skip it": "请改正表头，或在下方选为不导入的工作表",
    "Save them as CSV and give them as --windows": "请另存为CSV，上传时作为错峰窗口一并选择",
    "Copy it from the licence": "请按营业执照填写",
    "Mend the formula or write the value": "请改正公式，或直接填写数值",
    "Open the workbook in the office program and save it": "请用办公软件打开后保存",
    "Give each line a number of its own that stays the same in the next edition": "请为每条线固定一个编号，各版沿用",
    "Repeat the plant's cells on each of its rows": "请在每一行重复填写企业栏",
    "Look for a missing row or a mistyped number": "请查找漏填的行或填错的数字",
    "If it is one plant, give both rows one number": "如果是同一家企业，请用同一个编号",
    "Name the lines that stop: one row per line, 停 or 不限": "请写明停哪几条线：每条线一行，填停或不限",
    "Write the share with %": "请带%填写",
    "Write the text of the column, and format it as text": "请填写该列的内容，并设为文本格式",
    "Write 0 when nothing is emitted, or set blank_emission_is_zero in the mapping file": (
        "没有排放请填0，或在下方勾选“空白排放量按0计”"
    ),
    "Write a number": "请填写数字",
    "Write a plain number": "请填写数字",
    "Write 0 or more": "请填写0或正数",
    "Write the position, never a name": "请填写岗位，不要写姓名",
    "Format the column as text, type it anew": "请把该列设为文本格式后重新填写",
    "Keep one row": "请只保留一行",
    "Make the two agree": "请改为一致",
    "A cell is empty": "不能为空",
    "A cell has a wrong word": "用词不在允许范围内",
    "A cell has a wrong number": "数值不对",
    "A measure cannot be read": "措施无法识别",
    "A measure is impossible": "措施比例不可能",
    "A higher level cuts less": "较高级别的减排量反而较小",
    "A unit stands twice": "单元编号重复",
    "A credit code is wrong": "统一社会信用代码有误",
    "A 小微 plant is exempt": "小微企业豁免，不应有措施",
    "A way of checking is not known": "核查方式不认识",
    "Two rows of one plant disagree": "同一企业的两行不一致",
    "The plant's shares of electricity exceed 100 %": "企业用电占比合计超过100%",
    "A plant of grade A or 引领性 cuts by its own decision": "A级、引领性企业自主减排，不应有强制措施",
    "A 保障类 plant keeps its permitted load": "超出保障类企业允许负荷",
    "保障类 and its permitted load go together": "保障类和允许负荷须同时填写",
}
_PATTERNS = (
    (re.compile(r"^blank is taken as (.+?)(?: for exempt and voluntary plants)?$"), "空白按“{0}”处理"),
    (re.compile(r"^read as (.+)$"), "读作“{0}”"),
    (re.compile(r"^(.+) is read as blank$"), "“{0}”按空白处理"),
    (re.compile(r"^(.+) is read with a thousands separator$"), "“{0}”中的逗号按千位分隔处理"),
    (re.compile(r"^(.+) is read as (.+)$"), "“{0}”读作“{1}”"),
    (re.compile(r"^(.+) is not a number$"), "“{0}”不是数字"),
    (re.compile(r"^(.+) is not exact enough$"), "“{0}”不够明确"),
    (re.compile(r"^(.+) may be (.+ %) or (.+ %)$"), "“{0}”可能是{1}，也可能是{2}"),
    (re.compile(r"^a credit code has 18 characters, this one has (\d+)$"), "信用代码为18位，现为{0}位"),
    (re.compile(r"^A character is mistyped, or the last one is (.+)$"), "可能有一位填错，否则末位应为{0}"),
    (re.compile(r"^the rows add up to (.+)$"), "各行合计为{0}"),
    (re.compile(r"^(.+) has the same name$"), "与{0}同名"),
    (re.compile(r"^(.+): expected at least what (.+) cuts$"), "{0}，应不低于{1}"),
    (re.compile(r"^(.+): expected a cut of at most (.+)$"), "{0}，减产应不超过{1}"),
    (re.compile(r"^(.+): expected at most (.+)$"), "{0}，应不超过{1}"),
    (re.compile(r"^(.+): expected (\d+) to (\d+)$"), "{0}，应为{1}至{2}"),
    (re.compile(r"^(.+): expected (?:one|some) of (.+)$"), "{0}，应为以下之一：{1}"),
    (re.compile(r"^(.+): expected a number of 0 or more$"), "{0}，应为0或正数"),
    (re.compile(r"^(.+): expected (.+) as in row (\d+)$"), "{0}，第{2}行为“{1}”"),
    (re.compile(r"^(.+): expected 不限$"), "{0}，应为不限"),
    (re.compile(r"^(.+): expected a share of 1 to 100 %$"), "{0}，应为1至100%"),
    (re.compile(r"^(.+): expected .+$"), "{0}"),
    (re.compile(r"^the row is left out: (.+)$"), "此行未导入：{0}"),
    (re.compile(r"^sheet (.+) says (.*)$"), "工作表{0}写的是“{1}”"),
    (re.compile(r"^Perhaps (.+); say so in the mapping file$"), "可能是“{0}”，请在下方确认"),
    (re.compile(r"^Write only the number (.+)$"), "请只填数字{0}"),
    (re.compile(r"^Write (.+) if a share was meant$"), "如果是比例，请填{0}"),
    (re.compile(r"^Write for example (.+)$"), "请写作如 {0}"),
    (re.compile(r"^Write (.+)$"), "请写作 {0}"),
    (re.compile(r"^one of (.+)$"), "应为以下之一：{0}"),
    (re.compile(r"^(\d+) rows$"), "{0}行"),
)


def said(text: str) -> str:
    """A sentence of the report in Chinese; as it stands where no translation is known.

    >>> said("the amount is negative"), said("the row is left out: a total"), said("something new")
    ('数值为负', '此行未导入：合计行', 'something new')
    """
    if text in _PLAIN:
        return _PLAIN[text]
    for pattern, words in _PATTERNS:
        found = pattern.match(text)
        if found:
            return words.format(*map(said, found.groups()))
    return text
