"""What went wrong with a source, in Chinese for people at a screen; the log keeps the English sentence.

Errors are built in one place (plans.errors), in one pattern: what (where): expected, found. What to do. This reads the
pattern back and puts the Chinese words in; what it does not know it says in a plain sentence that points to the log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PATTERN = re.compile(
    r"^(?P<what>[^(:.]+(?:\.\d[^(:.]*)*)(?: \((?P<where>[^()]*(?:\([^()]*\)[^()]*)*)\))?"
    r"(?:: (?:expected (?P<expected>.*?))?(?:(?:, )?found (?P<found>.*?))?)?(?:\.(?:\s.*)?)?$",
    re.DOTALL,
)

FAULTS: Mapping[str, str] = {
    # the way there
    "The source does not answer": "数据来源没有应答",
    "The source is too slow": "数据来源超时未应答",
    "The source cannot be reached": "连不上数据来源",
    "The name of the source cannot be looked up": "数据来源的域名解析不了",
    "The answer was cut off": "返回内容中途断开",
    "The answer has the wrong content type": "返回内容的类型不对",
    "The source refuses": "数据来源拒绝了请求",
    "The service refuses": "数据服务拒绝了请求",
    "The source refuses for now": "数据来源暂时拒绝请求",
    "The source asked for a pause": "数据来源要求暂停请求",
    "The source redirects in a circle": "数据来源反复跳转",
    "The source sends us elsewhere; refused": "数据来源要求转到别处，已拒绝",
    "The source's name leads into a private network; refused": "数据来源的域名指向内部网络，已拒绝",
    "The source's certificate is not valid": "数据来源的证书无效",
    "The source answers with a web page instead of data": "数据来源返回的是网页，不是数据",
    "The address is refused": "地址不允许访问",
    "The host is not configured": "主机没有列入配置",
    "OpenAQ wants a key": "OpenAQ需要密钥",
    "A secret is not set": "密钥没有设置",
    # the answer
    "The answer is empty": "返回内容为空",
    "The answer is damaged": "返回内容损坏",
    "The answer is too large": "返回内容过大",
    "The answer is not JSON": "返回内容不是JSON",
    "The answer is not UTF-8 text": "返回内容不是UTF-8文本",
    "The answer is no list of rows": "返回内容不是记录列表",
    "The answer is in another zone": "返回时间的时区不符",
    "The answer has no results": "返回内容没有结果",
    "The answer has no hours": "返回内容没有逐时数据",
    "The packing is not known": "压缩方式无法识别",
    "The pages do not end": "分页没有尽头",
    "There is no list of rows": "没有找到记录列表",
    "The rows are not where the mapping says": "记录不在字段映射所说的位置",
    "A field is missing in every row": "每条记录都缺字段",
    "A column is missing": "缺少一列",
    "A column stands twice in the header": "表头有重复的列",
    "A row is cut": "记录不完整",
    "A row is cut or too long": "记录不完整或过长",
    "A row is of another day": "记录属于另一天",
    "A row has no hour": "记录没有时间",
    "A row has two hours": "记录有两个不同的时间",
    "No row has a station code": "记录都没有站点编码",
    "A station stands twice or has no code": "站点重复或没有编码",
    "A station has no code": "站点没有编码",
    "A series does not fit": "数据序列长度不符",
    "The unit has changed": "单位变了",
    "An hour carries a zone": "时间带了时区",
    "An hour cannot be read": "时间不能识别",
    "The hour cannot be read": "时间不能识别",
    "A time cannot be read": "时间不能识别",
    "The start cannot be read": "开始时间不能识别",
    "An hour is not whole": "时间不是整点",
    "An hour stands twice": "同一小时出现两次",
    "The hour does not exist": "没有这个小时",
    "A time has no zone": "时间没有时区",
    "There is no such day": "没有这一天的数据",
    "The location is not known there": "对方没有这个站点",
    # models that the clock trains
    "There is no such weather": "没有这样的气象预报",
    "No weather run is kept of those days": "训练期没有存档的气象预报",
    "The runs are of other places": "存档的气象预报是别的地点的",
    "There are too few weather runs to learn from, and none can be made of what nobody observed": (
        "存档的气象预报太少，又没有观测气象可以代替"
    ),
    "The weather lacks an area": "气象预报缺少本地区",
    "The weather table is not there": "气象预报表不存在",
    "The weather table cannot be read": "气象预报表不能读取",
    "There are no data to train on": "没有可供训练的监测数据",
    "The model says nothing of a day": "模型对某一天没有给出预报",
    # files
    "Nobody knows this kind of file": "不认识这种文件",
    "The file holds a single step of a run": "文件只含一次起报的一个时效，请先合并同一起报的文件",
    "No station of the archive lies inside the grid": "网格范围内没有本市站点",
    "The file cannot be moved": "文件不能移走",
    "The file cannot be opened": "文件打不开",
    "The file is too large": "文件过大",
    "The file is empty": "文件为空",
    "The file is not there": "文件不存在",
    "The file is cut or damaged": "文件不完整或已损坏",
    "The file is not text": "文件不是文本",
    "The file is no text": "文件不是文本",
    "The file is not UTF-8 text": "文件不是UTF-8文本",
    "The file is not JSON": "文件不是JSON",
    "The file is no workbook": "文件不是工作簿",
    "The file is no list of readings": "文件不是读数列表",
    "The file is not of the archive": "文件不属于这个数据集",
    "The table is empty": "表为空",
    "The sheet is empty": "工作表为空",
    "The city is missing": "没有写城市",
    "The city is not known by the file name": "从文件名认不出城市",
    "The site is not known": "不认识这个点位",
    "The folder holds no such file": "文件夹中没有所需的文件",
    "The wind is not known": "风向不能识别",
    "A station stands in two files": "同一站点出现在两个文件",
    "A station code stands twice": "站点代码重复",
    "A coordinate is not on Earth": "坐标不对",
    "A rule file has an unknown key": "文件有不认识的项目",
    "The body cannot be kept": "原始数据不能保存",
    # files of weather runs
    "The kind of file is not known": "不认识这种文件",
    "The weather file is not there": "气象文件不存在",
    "The weather file cannot be read": "气象文件不能读取",
    "The file holds no weather of the contract": "文件中没有所需的气象要素",
    "The file names no time of issue": "文件没有写起报时间",
    "The library for this file is missing": "缺少读取这种文件的程序库",
    "The file has no places": "文件中没有位置",
    "The station has no coordinates": "站点没有坐标",
    "The station lies outside the grid": "站点在网格之外",
    "A run cannot be received before it is issued": "预报的收到时间早于起报时间",
    "The same run of a model says two things": "同一次模式预报前后两次内容不同",
    # readings of plants
    "A reading has no plant or no circuit": "读数没有企业或回路",
    "The kind of circuit is not known": "回路类型不能识别",
    "The interval is odd": "读数间隔不对",
    "The interval has not ended": "读数时段尚未结束",
    "The energy is impossible": "电量不合理",
    "A reading stands twice with two values": "同一读数有两个不同的值",
    # the archive and the plan
    "The station is not known": "站点未登记",
    "When was it received?": "没有接收时间",
    "The delay is negative": "时延为负",
    "A changed value claims to be as old as the one held": "改动后的值与已有的值时间相同",
    "A value cannot be received before its hour has ended": "数值早于其时段结束就到了",
    "The database refuses": "数据库拒绝写入",
    "There is no such live source": "没有这个数据来源",
    "The city is not in the table": "城市不在表中",
    "Which cities?": "没有指定城市",
}
"""What the sources, their files and the archive may say; a test reads the code for sentences that are missing here."""

_OF_A_COLUMN = {" is impossible": "的值不合理", " is not a number": "不是数字", " has an unknown unit": "的单位不认识"}
"""Endings of sentences that begin with the name of a column."""
OTHER = "读取未成功，详情见运行日志"
SOMETHING = "有数据未采用，详情见运行日志"


def chinese(error: str) -> str:
    """The error of a source for a screen: the fault, where, and what was found; never an English sentence.

    >>> chinese("The answer is too large (openmeteo): expected at most 8 MiB, found 9 MiB. Ask for less.")
    '返回内容过大（openmeteo），得到 9 MiB'
    >>> chinese("KeyError: 'x'")
    '读取未成功，详情见运行日志'
    """
    read = _PATTERN.match(error.strip())
    word = _word(read["what"].strip()) if read else None
    if read is None or word is None:
        return OTHER if error.strip() else ""
    where = f"（{read['where']}）" if read["where"] else ""
    found = f"，得到 {read['found'].strip()}" if read["found"] and not _SENTENCE.search(read["found"]) else ""
    return f"{word}{where}{found}"


_SENTENCE = re.compile(r"(?:[A-Za-z']{2,}[ ,]+){2,}[A-Za-z']{2,}")
"""Three words in a row are English for the log, not a value for a screen."""
_HAN = re.compile("[\u4e00-\u9fff]")


NOTES: tuple[tuple[str, str], ...] = (
    (r"(\d+) records of hours that have not ended were left out", "{}条记录的时段尚未结束，已略去"),
    (r"(\d+) hours that have not ended were left out", "{}个小时尚未结束，已略去"),
    (r"(\d+) station-hours came twice with other values; the last stands", "{}个站点小时重复且数值不同，以后到的为准"),
    (r"(\d+) rows came twice with other values; the last stands", "{}条记录重复且数值不同，以后到的为准"),
    (r"(\d+) values of (\S+) cannot be measurements and were left out", "{1}有{0}个值不可能是测量值，已略去"),
    (r"(\d+) values of (\S+) are impossible and were left out", "{1}有{0}个值不合理，已略去"),
    (r"(\d+) rows without a station code were left out", "{}条记录没有站点编码，已略去"),
    (r"(\d+) rows without station or time were left out", "{}条记录没有站点或时间，已略去"),
    (r"(\d+) hours with less than (\d+) minutes were left out", "{}个小时不足{}分钟，已略去"),
    (r"O3 exceeds O3_24h at most stations, so the two columns are crossed: O3 was left out",
     "多数站点的O3高于O3_24h，两列可能对调，O3已略去"),
    (r"previous_day(\d+) only repeats the day before and was left out", "前{}天的起报与晚一天的完全相同，已略去"),
    (r"(\d+) stations without coordinates were not asked for: (.+)", "{}个站点没有坐标，未查询：{}"),
    (r"nothing was said of these days", "这些天没有预报值"),
    (r"the file of (\S+) is not there \(yet\)", "{}的文件还没有"),
    (r"sensor (\S+) of location (\S+) speaks (.+): left out", "站点{1}的传感器{0}单位为{2}，已略去"),
    (r"(\S+) stands where (\S+) stands: a new code of the same station\?", "{}与{}位置相同，可能是同一站点换了编码"),
    (r"(\S+): the newest hour is (\S+ \S+) Beijing time", "{}：最新数据到{}"),
    (r"(\S+): no AQI of the city", "{}：没有全市AQI"),
    (r"not an hour of publication", "不是发布时次"),
)  # fmt: skip
"""What a pull says of what it left out, and a bulletin of what it lacks.

A test reads the code for sentences that are missing here."""

_WITH_A_FAULT: tuple[tuple[str, str], ...] = (
    (r"(\d+) rows were left out: (.+)", "{}条记录已略去：{}"),
    (r"(.+?) was left out: (.+)", "{}没有取到：{}"),
)
"""The same with the sentence of an error at its end."""


def told(note: str) -> str:
    """The notes of a pull for a screen, each in Chinese; what is Chinese already stays, numbers and names with it.

    >>> told("3 values of cloud are impossible and were left out；1个新站点（1001A）")
    'cloud有3个值不合理，已略去；1个新站点（1001A）'
    """
    return "；".join(_note(one) for one in note.split("；")) if note else ""


def _note(one: str) -> str:
    for pattern, words in NOTES:
        if found := re.fullmatch(pattern, one):
            return words.format(*found.groups())
    for pattern, words in _WITH_A_FAULT:
        if found := re.fullmatch(pattern, one, re.DOTALL):
            return words.format(found.group(1), chinese(found.group(2)))
    return SOMETHING if _SENTENCE.search(one) and not _HAN.search(one) else one


def _word(what: str) -> str | None:
    if what in FAULTS:
        return FAULTS[what]
    return next((f"{what.removesuffix(end)}{word}" for end, word in _OF_A_COLUMN.items() if what.endswith(end)), None)
