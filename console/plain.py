"""What went wrong in Chinese for people at a screen: what, where, expected, found, what to do. Logs stay English.

Errors are built in one place (plans.errors) from fields; here each kind has its Chinese and what a person can do about
it. What nobody has put into words points to the log instead of showing an English sentence; on an English page the
sentence stands as it is.
"""

from __future__ import annotations

import logging
import re

from console import list_words
from console.language import HAN, current
from emergency import source_words
from plans.errors import LantianError

log = logging.getLogger("lantian.console")
OTHER = "没有办成，详情见运行日志，请联系系统管理员"

FAULTS: dict[str, tuple[str, str]] = {
    # files that people bring
    "The workbook is damaged": ("工作簿已损坏", "请用办公软件打开后另存为xlsx再传"),
    "The workbook is of the old format or locked by a password": (
        "工作簿是旧格式或有密码",
        "请去掉密码，另存为xlsx再传",
    ),
    "The workbook carries macros": ("工作簿带有宏", "请另存为不带宏的xlsx再传"),
    "The workbook declares entities": ("工作簿的内容不安全", "请用办公软件另存为xlsx再传"),
    "The workbook has lost a sheet": ("工作簿缺少工作表", "请用办公软件打开后另存再传"),
    "The workbook unpacks to far too much": ("工作簿展开后过大", "请删去无关的工作表和格式再传"),
    "The file is not a workbook": ("文件不是xlsx工作簿", "请另存为xlsx或CSV再传"),
    "The sheet is too large": ("工作表过大", "请删去空行和无关的列再传"),
    "The list is too large": ("清单文件过大", "请删去无关的工作表再传"),
    "The list cannot be read": ("清单文件不能读取", "请另存为UTF-8编码的CSV或xlsx再传"),
    "The list does not exist": ("清单文件不存在", "请重新选择文件"),
    "The list does not exist or cannot be opened": ("清单文件不存在或打不开", "请重新上传"),
    "The list is empty": ("清单没有数据行", "请检查选择的文件"),
    "No sheet of the file is a reduction list": ("文件中没有减排清单的工作表", "请检查表头，或改用导出的样式"),
    "The mapping names an unknown column": ("列的对应关系写了不存在的列", "请重新选择对应的列"),
    "A column is missing": ("缺少列", "请补上这一列再传"),
    "A column is not known": ("有不认识的列", "请改列名，或选择不导入"),
    "A column stands twice": ("同一列出现两次", "请删去一列"),
    "A row has another number of cells": ("这一行的格数与表头不同", "请检查逗号和引号"),
    "A cell has a control character": ("单元格里有控制字符", "请删去看不见的字符"),
    "A measure cannot be read": ("措施无法识别", "请写作：不限、停、限产20%、停运国四及以下55%、换用低硫煤(SO2 40%)"),
    "A measure is impossible": ("措施比例不可能", "请填写1到100之间的百分数"),
    "A day cannot be read": ("日期不能识别", "请写作2026-11-15的形式"),
    "A share cannot be read": ("比例不能识别", "请填写1到100的整数"),
    "A window ends before it begins": ("错峰窗口的结束日期早于开始日期", "请改正日期"),
    "The windows cannot be read": ("错峰窗口表不能读取", "请存为UTF-8编码的CSV再传"),
    "A plant is not on the list": ("清单里没有这家企业", "请核对企业编号"),
    "A unit is not on the list": ("清单里这家企业没有这个单元", "请核对单元编号"),
    "A plant stands twice": ("同一企业出现两次", "请只保留一行"),
    "A place cannot be read": ("位置不能识别", "请填写经度和纬度，单位为度"),
    "A place lies outside": ("位置不在中国范围内", "请检查经度和纬度是否填反"),
    "Windows need a day": ("有错峰窗口时须指明日期", "请选择日期"),
    # lists and their arithmetic
    "The whole-society emission is missing": ("预案没有全社会排放量", "请先在预案中补上基数"),
    "The list emits more than the whole society": ("清单排放量超过预案所记的全社会排放量", "请核对基数或排放量单位"),
    "The solver found no answer in time": ("试算在时限内没有结果", "请放宽条件后再试"),
    "There is no such plant": ("清单里没有这家企业", "请核对企业编号"),
    "Only plants have a sheet": ("只有工业企业有一厂一案", "请选择工业企业"),
    "A sheet is written as a document": ("一厂一案只能导出为docx或pdf", "请选择其中一种"),
    "An order is written as a document": ("指令只能导出为docx或pdf", "请选择其中一种"),
    "There is no Chinese font for a PDF": ("服务器没有中文字体，不能生成PDF", "请改用docx，并请管理员安装中文字体"),
    # the map
    "The map has no source": ("没有填写底图的来源", "请填写编制单位和时间"),
    "The map holds nothing to draw": ("文件里没有面或线", "请检查导出的内容"),
    "The map is no GeoJSON": ("文件不是GeoJSON", "请导出为FeatureCollection"),
    "The map is not JSON": ("文件不是JSON", "请重新导出GeoJSON"),
    "The map is too fine": ("坐标点过多", "请简化后再导入"),
    "The map is too large": ("底图文件过大", "请简化后再导入"),
    "The review number cannot be read": ("审图号写法不对", "请写作GS(2024)0650号的形式"),
    "A line of the map has no points": ("有一条线没有坐标点", "请检查导出的内容"),
    "A point of the map lies outside China": ("有坐标点不在中国范围内", "请用CGCS2000或WGS 84经纬度，经度在前"),
    # people, tokens, webhooks
    "The account exists already": ("登录名已经存在", "请换一个"),
    "An account needs an identifier": ("没有填写登录名", "请填写1到80个字"),
    "Role and enterprise do not fit": ("企业和部门账号必须填编号，其他角色不能填", "请核对角色和编号"),
    "The password cannot be used": ("密码不合要求", "请换一个较长的密码"),
    "The system does not log in": ("系统角色不能登录", "请选择其他角色"),
    "There is no such account": ("没有这个账号", "请核对登录名"),
    "The plant has no open account": ("这家企业没有可用的账号", "请管理员先为它建立账号"),
    "The account has a second factor": ("这个账号已经设置第二因子", "如需更换，请管理员先取消"),
    "A scope is not known": ("权限不认识", "请重新选择"),
    "A token must end in the future": ("令牌的到期时间已过", "请重新填写有效天数"),
    "A token needs a title": ("没有填写令牌的用途", "请填写"),
    "There is no such token": ("没有这个令牌", "请刷新后再看"),
    "There is no such webhook": ("没有这个回调，或已停用", "请刷新后再看"),
    "There is no such life": ("没有这类通知", "请重新选择"),
    "A webhook needs a title and an address": ("回调须有名称和地址", "请填写"),
    "A drill can never leave the house": ("演练的消息不能外发", "请在正式工作目录登记"),
    "The address cannot be used": ("地址不能使用", "请填写https地址，不带密码"),
    "The host cannot be found": ("找不到对方的主机", "请核对地址和域名解析"),
    "The host has no address": ("对方的域名没有地址", "请核对域名"),
    "The host leads into a private network": ("对方的地址在内部网络或保留网段", "本单位网络内的系统请登记时注明"),
    # the roster and paging
    "A leave ends before it begins": ("请假的结束日期早于开始日期", "请改正日期"),
    "A rotation cannot be for working days and rest days only": ("轮值不能同时只排工作日又只排休息日", "请选择一种"),
    "A rotation needs people and at least one day each": ("轮值须有人员，每人至少一天", "请补充"),
    "A row of the roster cannot be read": ("值班表有一行不能识别", "请联系系统管理员"),
    "A shift has a time that cannot be read": ("班次的时间不能识别", "请写作08:00的形式"),
    "The roster has no shift": ("值班表还没有班次", "请先登记班次"),
    "The roster names an unknown shift": ("值班表用了没有登记的班次", "请先登记班次"),
    "There is no such row in the roster": ("值班表没有这一条", "请刷新后再看"),
    "There is no such step": ("呼叫没有这一级", "请刷新后再选"),
    "There is no such escalation policy": ("没有这种呼叫规则", "请联系系统管理员"),
    "A step cannot be due before the one before it": ("呼叫规则的时间先后不对", "请联系系统管理员"),
    "An escalation policy needs steps and at least one acknowledgement": ("呼叫规则不完整", "请联系系统管理员"),
    "Pages stand at least one minute apart": ("两次呼叫至少间隔一分钟", "请联系系统管理员"),
    "The policy's hours leave no moment in which anybody may be paged": (
        "呼叫规则没有留下可以呼叫的时间",
        "请联系系统管理员",
    ),
    # documents, messages, the record
    "The consultation has no conclusion yet": ("会商还没有形成结论", "请先签发结论"),
    "The warning was never issued": ("预警没有发布过", "请先发布"),
    "The record does not hold the event the document needs": ("记录中没有文件所需的事项", "请核对编号"),
    "A public message needs an issued, approved warning behind it": (
        "对公众的消息须有已批准、已发布的预警",
        "请先完成签批",
    ),
    "The message may not leave the house": ("这条消息不得外发", "请核对是否为演练或草稿"),
    "There is no message to cancel": ("没有可以取消的消息", "请核对预警编号"),
    "A CAP message carries no document type": ("CAP消息的内容不安全", "请联系系统管理员"),
    "The CAP message cannot be read": ("CAP消息不能读取", "请联系系统管理员"),
    "The CAP message lacks an element": ("CAP消息缺少内容", "请联系系统管理员"),
    "An exhibit does not match its digest": ("附件与其摘要不符，可能被改动或损坏", "请停止使用并联系系统管理员"),
    "The chain is broken": ("记录的链条断裂，可能被改动或损坏", "请停止使用并联系系统管理员"),
    "The log has a gap": ("记录缺号，可能被改动或损坏", "请停止使用并联系系统管理员"),
    "A version is missing": ("记录缺少版本，可能被改动或损坏", "请停止使用并联系系统管理员"),
    "The record cannot be opened": ("记录打不开", "请联系系统管理员"),
    # rules
    "A plan follows criteria that do not exist": ("预案引用了不存在的标准", "请联系系统管理员"),
    "A rule file cannot be read": ("规则文件不能读取", "请联系系统管理员"),
    "A rule file has an unknown key": ("规则文件有不认识的项目", "请联系系统管理员"),
    "A rule file holds no mapping": ("规则文件格式不对", "请联系系统管理员"),
    "A rule file is not valid YAML": ("规则文件格式不对", "请联系系统管理员"),
    "A rule file lists no editions": ("规则文件没有版本", "请联系系统管理员"),
    "A rule file names another rule": ("规则文件的名称不符", "请联系系统管理员"),
    "An edition is named twice": ("规则版本重名", "请联系系统管理员"),
    "Two editions overlap": ("规则版本的施行日期重叠", "请联系系统管理员"),
    "No such rule": ("没有这条规则", "请从规则页进入"),
}
"""By the English of the fault: its Chinese, and what a person can do. A test reads the code for what is missing."""
_FORMS = (
    (re.compile(r"^There is no city plan (.+)$"), "没有预案 {0}"),
    (re.compile(r"^There is no (?:.+ )?edition (.+)$"), "没有规则版本 {0}"),
)
_WHERE = (
    (re.compile(r"^(.+) row (\d+), column (.+)$"), "{0} 第{1}行“{2}”列"),
    (re.compile(r"^(.+) row (\d+)$"), "{0} 第{1}行"),
    (re.compile(r"^account (.+)$"), "账号 {0}"),
    (re.compile(r"^base_daily\.(.+)$"), "{0}"),
    (re.compile(r"^(--\S+) day (\d+)$"), "{0} 第{1}天"),
)
_NOTHING = ("nothing", "none", "both", "one of them", "no file", "something else", "an archive")
"""What an error found when there was nothing to show."""
_SPAN = re.compile(r"^(\d{4}-\d{2}-\d{2}) to (\d{4}-\d{2}-\d{2})$")
_NETWORK = {
    "ConnectError": "连不上对方", "ConnectTimeout": "连接超时", "ReadTimeout": "对方没有应答", "ReadError": "连接中断",
    "RemoteProtocolError": "对方的应答不合规范", "WriteError": "连接中断", "WriteTimeout": "发送超时",
}  # fmt: skip
"""What the HTTP library calls an outage."""


def said(error: LantianError) -> str:
    """The error as a sentence for the screen, in the language of the page; the English goes to the log.

    >>> from plans.errors import DataError
    >>> said(DataError("A day cannot be read", where="w.csv row 2, column 开始日期", found="明天"))
    '日期不能识别（w.csv 第2行“开始日期”列），现为“明天”。请写作2026-11-15的形式。'
    """
    log.warning("%s", error)
    return worded(error)


def worded(error: LantianError, known: tuple[str, str] | None = None) -> str:
    """The same without a word to the log; `known` is the fault in Chinese and what to do, where a caller has them."""
    fault, todo = known or _fault(error.what)
    if current() != "zh" or (fault == OTHER and HAN.search(error.what)):
        return str(error)
    where = f"（{_placed(error.where)}）" if error.where and fault != OTHER and _fit(_placed(error.where)) else ""
    found = _SPAN.sub(r"\1至\2", str(error.found)) if error.found is not None else ""
    now = f"，现为“{found}”" if found and found not in _NOTHING and _fit(found) and fault != OTHER else ""
    return f"{fault}{where}{now}。" + (f"{todo}。" if todo else "")


def said_of(text: str) -> str:
    """The same of a sentence that was kept, e.g. why a message did not arrive; short codes stay as they are.

    >>> said_of("The host has no address (a.example)."), said_of("HTTP 503"), said_of("ConnectError")
    ('对方的域名没有地址', 'HTTP 503', '连不上对方')
    """
    if current() != "zh" or not text:
        return text
    if text in _NETWORK:
        return _NETWORK[text]
    for what, (fault, _todo) in FAULTS.items():
        if text.startswith(what) and not text[len(what) :][:1].isalnum():
            return fault
    return text if _fit(text) else OTHER


def of_a_source(error: str) -> str:
    """The error of a source, in Chinese on a Chinese page."""
    return source_words.chinese(error) if current() == "zh" else error


SEE_THE_LOG = "详情见运行日志"


def kept_notes(text: str) -> str:
    """What a pull or a run left in its slot, in Chinese on a Chinese page: notes, or the sentence of an error.

    >>> kept_notes("3 values of cloud are impossible and were left out"), kept_notes("The source is too slow (cnemc)")
    ('cloud有3个值不合理，已略去', '数据来源超时未应答（cnemc）')
    """
    if current() != "zh" or not text:
        return text
    error = source_words.chinese(text)
    if error != source_words.OTHER:
        return error
    noted = source_words.told(text)
    said = noted if noted != source_words.SOMETHING else said_of(text)
    return said if said != OTHER else SEE_THE_LOG


def _fault(what: str) -> tuple[str, str]:
    if what in FAULTS:
        return FAULTS[what]
    for pattern, words in _FORMS:
        if found := pattern.match(what):
            return words.format(*found.groups()), ""
    chinese = source_words.FAULTS.get(what) or list_words.said(what)
    return (chinese, "") if chinese != what and HAN.search(chinese) else (OTHER, "")


def _placed(where: str) -> str:
    for pattern, words in _WHERE:
        if found := pattern.match(where):
            return words.format(*found.groups())
    return where


def _fit(text: str) -> bool:
    """Whether a value may stand in a Chinese sentence: English words in a row are for the log."""
    return len(text) <= 120 and not re.search(r"(?:[A-Za-z']{2,}[ ,]+){2,}[A-Za-z']{2,}", text)
