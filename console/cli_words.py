"""What only the command line says when something is wrong, in Chinese; console.plain has the words of the screens.

Each fault has its Chinese and what a person can do; {expected} stands for what the error expected, as a list of words.
What nobody has put into words is printed in English alone.
"""

from __future__ import annotations

import re

from console import plain
from plans.errors import LantianError

ADVICE = "请联系系统管理员"
TRAIN = "请用 lantian train 重新训练"
FAULTS: dict[str, tuple[str, str]] = {
    # commands and options
    "There is no such command": ("没有这个命令", "可用的命令：{expected}"),
    "The command cannot be loaded": ("命令不能装入", "请重新安装"),
    "A level is not known": ("不认识这个级别", "请写 yellow（黄色）、orange（橙色）或 red（红色）"),
    "A step cannot be used": ("减产步长不能使用", "请填写1到100的整数"),
    "A list is written as workbook or CSV": ("清单只能导出为xlsx或csv", "请以 .xlsx 或 .csv 作文件名的结尾"),
    "The plan has no whole-society emission": ("预案没有全社会排放量", "请先按本市源清单在预案中补上基数"),
    "A level needs an edition": ("没有指明按哪个版本判定", "请以 --edition 指明，可用：{expected}"),
    "A level needs one series": ("须给出一个序列", "请给 --daily-aqi 或 --hourly-aqi，只给一个"),
    "An AQI cannot be read": ("AQI不能识别", "请填写0或正整数，缺测写 ?"),
    "An AQI is impossible": ("AQI不可能是这个数", "请填写0到500的整数"),
    "A day has no value": ("有一天没有数值", "缺测请写 ?"),
    "The file cannot be read": ("文件不能读取", "请核对文件名，并存为UTF-8编码的CSV"),
    "The column is missing": ("缺少列", "第1行须有且只有一列 aqi"),
    "The file has no hours": ("文件没有小时数据", "请每小时一行"),
    "Which city": ("没有指明哪个城市的预案", "请写 lantian rules show city 名称；lantian rules 列出全部版本"),
    "There is no such rule": (
        "没有这条规则", "可用 aqi、ambient、assessment、warning、city 或版本名（lantian rules 列出）"
    ),
    "The date cannot be read": ("日期不能识别", "请写作2026-11-15的形式"),
    "A moment cannot be read": ("时刻不能识别", "请写作 2026-11-22 08:00 的形式"),
    "--received-at cannot be read": ("--received-at 不能识别", "请写作 2026-03-01T12:00+08:00 的形式"),
    "--received-at has no time zone": ("--received-at 没有时区", "请写作 2026-03-01T12:00+08:00 的形式"),
    "--as-of is not a time": ("--as-of 不是时刻", "请写作 2015-11-27T01:00 的形式"),
    "--weather is not known": ("--weather 不能识别", "请写 none、perfect，或 .parquet、.csv 文件"),
    "--areas is not known": ("--areas 不能识别", "可用：{expected}"),
    "--role is not known": ("--role 不能识别", "可用：{expected}"),
    "--data cannot be read": ("--data 不能识别", "请写作 格式:路径，如 prsa:文件夹"),
    "--data and --archive exclude each other": ("--data 和 --archive 不能同时给", "请只给一个"),
    "--out cannot be written": ("--out 不能写入", "请写 .nc 文件，所在文件夹须已存在"),
    "The data are not there": ("数据不存在", "请核对路径"),
    "The data do not reach the time": ("数据没有到这一时刻", "请核对 --as-of"),
    "Perfect weather needs the data": ("实况气象须有数据", "请给 --data"),
    "There is no model": ("没有模型", "请用 lantian train 训练，并以 --model 指明文件夹"),
    "There is no archive": ("没有档案", "请先用 lantian archive load 装入文件"),
    "The archive knows no station": ("档案中没有站点", "请先装入数据，或给 --data"),
    "There is no such stream in the record": ("记录中没有这个事项", "请核对编号"),
    "There is no such reader": ("没有这种读取格式", "可用：{expected}"),
    "There is no such kind of document": ("没有这种文件", "可用：{expected}"),
    # working folders, replays, drills
    "There is no record": ("没有记录", "请先运行演示或回放"),
    "There is no record in the folder": ("文件夹中没有记录", "请先用 lantian office new 开设，或运行回放、演示"),
    "The record has no settings of a post": ("记录中没有值守的设置", "请重新回放"),
    'The record has no note "console"': ("记录中没有值班台的设置", "请由演示或回放生成"),
    'The note "console" is incomplete': ("记录中值班台的设置不完整", ADVICE),
    "The folder holds a record already": ("文件夹中已经有记录", "请以 --home 另给一个空文件夹"),
    "The record belongs to another replay": ("记录属于另一次回放", "请加 --fresh 从头开始"),
    "The replay has not begun": ("回放还没有开始", "请先开始回放"),
    "There is no such replay": ("没有这个回放", "可用：{expected}"),
    "There is no such drill": ("没有这种演练", "请写 announced（预告）或 surprise（突击）"),
    "The Beijing data are not here": (
        "没有找到北京的真实数据",
        "请放到 ../shared/data 或 LANTIAN_DATA 所指的文件夹，或回放模拟数据（lantian replay sample）",
    ),
    "The days are outside what can be replayed": ("日期超出可回放的范围", "可回放 {expected}"),
    "The console does not answer": ("值班台没有应答", "请查看工作文件夹中的 console.log"),
    "The console ended at its start": (
        "值班台启动时退出", "请查看工作文件夹中的 console.log；如端口被占用，请以 --port 另给一个"
    ),
    "The Prefect server does not answer": ("Prefect 服务没有应答", "请稍后再试"),
    "The Prefect server ended at its start": ("Prefect 服务启动时退出", ADVICE),
    "Another lantian serve works in this folder": (
        "这个文件夹已有一个 lantian serve 在运行", "请使用它，或先结束它"
    ),
    "Real work needs TLS on an open network": (
        "正式工作在开放网络上须用TLS", "请在TLS代理之后监听127.0.0.1，并加 --https"
    ),
    "The secret is too short": ("密钥文件过短", "请删除该文件后重新启动"),
    "There is no roster yet": ("还没有值班表", "请先用 lantian duty shift 和 rotation 登记"),
    "The station list is empty": ("站点表是空的", "请至少写一个站点"),
    "A station of the city mean is not in the list": ("参与全市平均的站点不在站点表中", "请核对站点代码"),
    "There is no model in the folder": ("文件夹中没有模型", "请用 lantian office train 训练"),
    "There is no weather for the day, and no model without weather": (
        "当天没有气象预报，文件夹中也没有不用气象的模型",
        "请放入 {expected}，或用 lantian office train 训练",
    ),
    "No model in the folder can be used": ("文件夹中的模型都不能使用", "请用 lantian office train 重新训练"),
    "There are no data of the day": ("当天没有数据", "请查看 lantian sources status"),
    "There are no data of the last day": ("最近一天没有数据", "请查看 lantian sources status"),
    "The data cannot be written": ("数据不能写入", "请检查文件夹的权限和磁盘"),
    # log-in provider and channels
    "The client secret has no place": (
        "没有指明客户端密钥的位置", "请填写 client_secret_file 或 client_secret_env，只填一个"
    ),
    "The client secret is missing": ("没有客户端密钥文件", "请把它放到工作文件夹"),
    "The client secret can be read by others": ("客户端密钥文件可被他人读取", "请把权限改为600"),
    "An address of the log-in provider cannot be used": ("登录服务的地址不能使用", "请填写https地址"),
    "The log-in provider cannot be read": ("登录服务的设置不能读取", "请检查 oidc.yaml"),
    "The channels cannot be read": ("channels.yaml 不能读取", "请检查格式"),
    "There is no such audience": ("channels.yaml 写了不认识的对象", "可用：{expected}"),
    "The webhook has no secret": ("channels.yaml 的回调没有密钥", "请以 secret_file 指明工作文件夹中的文件"),
    "The webhook secret cannot be read": ("回调的密钥不能识别", "请写作 whsec_ 加base64"),
    # sources and enterprise monitoring
    "The receiver would take data from anybody": (
        "没有指明企业，会接收任何人的数据", "请以 --plants 给出企业，或只监听127.0.0.1"
    ),
    "The receiver cannot listen": ("接收方不能监听", "请另选端口"),
    "No receiver answers": ("没有接收方应答", "请先启动 lantian hj212 serve，或核对地址和端口"),
    "The version is not known": ("不认识这个版本", "请写 2005、2017 或 2025"),
    "Some packets were never acknowledged": ("有数据包没有得到应答", "请查看接收方"),
    "The list of plants cannot be read": ("企业表不能读取", "请核对文件名"),
    "A plant cannot be read": ("企业表有一行不能识别", "请写作 MN,PW"),
    "A plant datum has no sender or no code": ("企业数据没有MN或因子编码", ADVICE),
    "The drop folder is not there": ("投放文件夹不存在", "请核对路径"),
    "Some files were refused": ("有文件未被接收", "请查看 refused 文件夹中的 .txt 说明"),
    "One coordinate is missing": ("缺少一个坐标", "请同时给 --latitude 和 --longitude"),
    "Which location?": ("没有指明站点", "请给 --location 编号"),
    "Which city?": ("没有指明城市", "请给 --code，如 430100"),
    "The source is not in the plan": ("来源不在取数计划中", "请先在 sources.yaml 登记"),
    "Nobody says which places to ask for": (
        "没有指明向 openmeteo 要哪些地点", "请在 sources.yaml 写 places: {名称: [纬度, 经度]}，或给站点补上坐标"
    ),
    "There are too many places to ask for": ("地点过多，不能逐个请求", "请在 sources.yaml 以 places 指明其中一些"),
    "The source keeps no past runs": ("这个来源没有以往的起报", "可用：{expected}"),
    "The issue days end before they begin": ("最后一个发布日早于第一个发布日", "请改正日期"),
    "The place is not known": ("不认识这个地点", "可用：{expected}"),
    "A mapping is not there": ("映射文件不存在", "请核对 sources.yaml"),
    "A mapping has no address to ask": ("映射没有可取数的地址", "请把它的文件放入投放文件夹"),
    "This source is asked, it reads no files": ("这个来源是主动取数的，不读文件", "请用 lantian sources pull"),
    "This person cannot take note of alerts": ("此人不能签收值守提醒", "请以 --by 给出账号"),
    "Who acknowledges?": ("没有写明由谁签收", "请以 --by 给出账号"),
    "There is no such open alert": ("没有这条未签收的提醒", "请先列出提醒"),
    "There is no such maintenance window": ("没有这个运维时段", "请先列出"),
    "A maintenance window has no usable length": ("运维时段的长短不能使用", "请核对起止时间"),
    "A maintenance window is incomplete": ("运维时段不完整", "请补充"),
    "Who withdraws it?": ("没有写明由谁撤销", "请填写"),
    "A pollutant is not known": ("不认识这个项目", "可用：{expected}"),
    # AQI tables
    "The gap rule is not known": ("--gaps 不能识别", "可用：{expected}"),
    "The mode is not known": ("--mode 不能识别", "可用：{expected}"),
    "The pollutant is not known": ("不认识这个项目", "可用：{expected}"),
    "hourly-published is a habit under the 2012 edition": ("hourly-published 只用于2012版", "请改用 hourly"),
    "The folder of the output is not there": ("结果文件所在的文件夹不存在", "请先建立"),
    "The output cannot be written": ("结果文件不能写入", "请检查权限和磁盘"),
    "A quoted field does not end": ("引号没有结束", "请检查引号"),
    "A row is empty": ("有空行", "请删去空行，或补上数据"),
    "A result column is already there": ("文件里已经有结果列", "请改名或删去"),
    # the archive and files of observations
    "The archive cannot be opened": ("档案打不开", "请检查路径和数据库服务"),
    "The archive speaks two databases": ("档案不支持这种数据库", "请用SQLite或PostgreSQL"),
    "Some run files were not loaded": ("有起报文件没有装入", "请按上面各行所说改正后再装入"),
    "The archive's address cannot be read": ("档案的地址不能识别", "请写文件名、sqlite:/// 或 postgresql:// 地址"),
    "The file is not an archive": ("文件不是档案", "请核对文件名"),
    "The format is not known": ("不认识这种格式", "可用：{expected}"),
    "The kind of file is not known": ("不认识这种文件", "可用：{expected}"),
    "The kind of table is not known": ("不认识这种表格文件", "可用：{expected}"),
    "The folder is not there": ("文件夹不存在", "请先建立"),
    "The folder holds no such file": ("文件夹中没有所需的文件", "请核对路径"),
    "The city is missing": ("没有写城市", "请补上"),
    "The city is not known by the file name": ("从文件名认不出城市", "请用原来的文件名"),
    "The site is not known": ("不认识这个点位", "请核对文件"),
    "The wind is not known": ("风向不能识别", "请核对文件"),
    "A station stands in two files": ("同一站点出现在两个文件", "请只留一个"),
    "A station code stands twice": ("站点代码重复", "请只留一行"),
    "A station appears twice": ("同一站点出现两次", "请先合并"),
    "A coordinate is not on Earth": ("坐标不对", "请以度填写经度和纬度"),
    "The station is not known": ("不认识这个站点", "可用：{expected}"),
    "The station is not in the dataset": ("数据中没有这个站点", "可用：{expected}"),
    # training and forecasts
    "The effort is not known": ("--effort 不能识别", "请写 demo 或 full"),
    "The model is not known": ("不认识这个模型", "可用：{expected}"),
    "There are no data to train on": ("没有可供训练的数据", "请核对截止日期，并把站点编码与数据中的编码对照"),
    "The model says nothing of a day": ("模型对某一天没有给出预报", "请重新训练"),
    "The training window is too short": ("训练时段过短", "请给更长的数据"),
    "The test begins inside the training": ("检验的第一天落在训练时段内", "请推迟 --from，或提前 --train-until"),
    "The test ends before it begins": ("检验的最后一天早于第一天", "请改正日期"),
    "The test days are outside the data": ("检验日期超出数据", "请核对日期"),
    "The model was not trained for the area": ("模型没有学过这个区域", "可用：{expected}"),
    "The model does not fit the issue time": ("模型与发布时刻不符", "请改为发布后6小时以内的时刻"),
    "The stations are none of those the model was trained with": ("所给站点都不是模型训练时的站点", "应为：{expected}"),
    "The issue hour does not fit the model": ("发布时次与模型不符", "使用气象预报或 full 时只能为24时"),
    "The model file is of another format": ("模型文件格式不同", TRAIN),
    "The model file was changed since it was written": ("模型文件写成后被改动", TRAIN),
    "The model was made by other code": ("模型由不同版本的程序训练", TRAIN),
    "The model has other targets": ("模型的预报项目不同", TRAIN),
    "The file is not a model of ours": ("文件不是本系统的模型", TRAIN),
    "The outlook was made by another model": ("展望由另一个模型作出", "请重新作展望"),
    "The model needs weather of the days ahead": ("模型需要未来气象", "请给 --weather"),
    "The model needs the weather of the days ahead": ("模型需要未来气象", "请给 --weather"),
    "There is no weather run for the day": ("当天没有气象预报", "请补上当天的预报"),
    "There is no weather ahead to train on": ("没有可供训练的未来气象", "请给 --weather"),
    "The model was not trained on kept runs": ("模型不是用存档的气象预报训练的", "请用 --weather 给出气象表"),
    "No weather run is kept of those days": (
        "这些日子没有存档的气象预报",
        "请在 sources.yaml 启用该来源，或装入以往的预报",
    ),
    "There is no such weather": (
        "没有这样的气象预报",
        "请给出气象表文件，或存有气象预报的来源；可在 sources.yaml 启用来源，或装入以往的预报",
    ),
    "The runs are of other places": (
        "存档的气象预报是别的地点的", "请在 sources.yaml 的 places 中用本办的地区代号或站点编码作名称"
    ),
    "The same run of a model says two things": ("同一次模式预报前后两次内容不同", "请换一个收到时间"),
    "A run cannot be received before it is issued": ("预报的收到时间早于起报时间", "请改正"),
    "The weather lacks an area": ("气象表缺少一个区域", "请补上 {expected}"),
    "The weather lacks a variable the model was trained with": ("气象表缺少模型训练时的气象列", "请补上 {expected}"),
    "A row names no station": ("有一行没有站点", "请填写站点或区域"),
    "The table says another weather mode": ("表中写明的气象方式不符", "应为：{expected}"),
    "The weather table is not there": ("气象表不存在", "请核对路径"),
    "The weather table cannot be read": ("气象表不能读取", "请存为 .parquet 或 .csv"),
    "The table holds no weather": ("表中没有气象列", "请核对列名"),
    "A weather column is not numbers": ("气象列不是数字", "请改正"),
    "The weather file is not there": ("气象文件不存在", "请核对路径"),
    "The weather file cannot be read": ("气象文件不能读取", "请核对文件"),
    "The file holds no weather of the contract": ("文件中没有所需的气象要素", "请核对文件"),
    "The library for this file is missing": ("缺少读取这种文件的程序库", ADVICE),
    "The station lies outside the grid": ("站点在网格之外", "请核对坐标"),
    "The station has no coordinates": ("站点没有坐标", "请补上经度和纬度"),
    "There are too few weather runs to learn from, and none can be made of what nobody observed": (
        "可供学习的气象预报次数过少，又含没有观测的要素，不能以实况代替", "请补上训练期间的预报，或去掉这些列"
    ),
    "There is no weather ahead to chain days by": ("没有逐日的未来气象", "请给 --weather"),
    "The climatology is too short": ("气候平均所用的时段过短", "请给更长的数据"),
    "The valid_date is out of reach": ("预报日期超出范围", "请核对 valid_date"),
    "The file has no places": ("文件中没有位置", "请核对经纬度或站点"),
    "The file names no time of issue": ("文件没有写起报时间", "请核对 time 或 forecast_reference_time"),
    "The data hold no weather": ("数据中没有气象要素", "请改用有气象的数据"),
    "No weather variable": ("没有气象要素", "请核对文件"),
    "A lead is negative": ("预报时效为负", "请核对文件"),
    "A dimension is missing": ("缺少一个维度", "需要 {expected}"),
    "issued_at is no instant": ("issued_at 不是时刻", "请核对文件"),
    "The weather mode is not declared": ("没有写明气象的种类", "请写 forecast 或 perfect"),
    "No pollutant can be forecast": ("没有可预报的项目", "请核对数据的项目"),
    "There is no whole day": ("没有完整的一天", "请给更长的数据"),
    "There is no hour before the issue": ("发布时刻之前没有数据", "请核对数据"),
    "There is no hour to make a day of": ("没有可供计算日均值的小时", "请核对数据"),
    "The issue hour is impossible": ("发布时刻不可能", "请填写1到24"),
    "The area is not in the sample": ("样本中没有这个区域", "可用：{expected}"),
    "An outlook cannot be received before it is issued": ("展望的收到时间早于发布时间", ADVICE),
    "Training from an archive needs areas and start": ("用档案训练须给出区域和起始日", "请补上"),
    "The minimum share of stations is impossible": ("站点数的最低比例不可能", "请填写大于0、不超过1的数"),
    "The variable is not known": ("不认识这个要素", "可用：{expected}"),
    "The concentrations differ in shape": ("各项目的数据长短不一", "请核对数据"),
    "No variable of the contract": ("数据中没有约定的项目", "请核对列名"),
    "A coordinate is missing": ("缺少一个坐标", "需要 {expected}"),
    "valid_time does not rise": ("valid_time 没有依次递增", "每个小时只能有一次"),
    "valid_time has a gap": ("valid_time 有空值", "请补上时刻"),
    "valid_time has the wrong type": ("valid_time 的类型不对", "请用UTC时刻"),
    "valid_time is not a whole hour": ("valid_time 不是整点", "请用小时结束的整点"),
    "The dataset carries no marks": ("数据没有质量标记", "请先装入档案"),
    "There is no pollutant to mark": ("没有可标记的项目", "请核对数据"),
    "A maintenance window has no length": ("运维时段的长短不能使用", "请核对起止时间"),
    "There is no station to simulate": ("没有可模拟的站点", "请填写1个以上"),
    "There is no hour to simulate": ("没有可模拟的小时", "开始须早于结束"),
    "A row stands twice": ("有一行重复", "每个站点、发布日和日期只能有一行"),
}  # fmt: skip
"""By the English of the fault: its Chinese, and what a person can do. A test reads the code for what is left over."""
TODO = {
    "The list does not exist": "请核对文件名",
    "The list does not exist or cannot be opened": "请核对文件名",
    "A column is not known": "请改列名，或删去这一列",
    "The mapping names an unknown column": "请改正映射文件",
    "Windows need a day": "请以 --on 给出日期",
    "There is no such token": "请核对编号",
    "There is no such webhook": "请核对编号",
    "There is no such row in the roster": "请核对编号",
}
"""What to do at a terminal where a page offers a choice or is to be loaded again; the fault is in console.plain."""
_DAY = r"(\d{4}-\d{2}-\d{2})"
_FORMS = (
    (re.compile(r"^(\S+) is not a day$"), "{0} 不是日期", "请写作2026-11-15的形式"),
    (re.compile(r"^(\S+) is impossible$"), "{0} 的数值不可能", "请检查单位和列"),
    (re.compile(r"^(\S+) is not a number$"), "{0} 不是数字", "请改正"),
    (re.compile(r"^There is no city plan '(.+)'$"), "没有预案 {0}", "可用：{expected}"),
    (re.compile(r"^There is no (?:\S+ )?edition '(.+)'$"), "没有规则版本 {0}", "可用：{expected}"),
    (re.compile(rf"^Nothing is recorded about (\S+) on {_DAY}"), "规则库没有 {1} 这一天的 {0}", "请指明版本名"),
    (re.compile(rf"^(\S+) was repealed: (\S+) ended on {_DAY}"), "{0} 已废止（{1} 至 {2}）", "请指明版本名"),
)


def said(error: LantianError) -> str:
    """The error for a person at a terminal: its Chinese sentence, and below it the English one of logs and searches.

    >>> from plans.errors import DataError
    >>> print(said(DataError("A level is not known", where="--level", expected="yellow, orange or red", found="blue")))
    不认识这个级别（--level），现为“blue”。请写 yellow（黄色）、orange（橙色）或 red（红色）。
    A level is not known (--level): expected yellow, orange or red, found blue.
    """
    chinese, english = plain.worded(error, words_of(error)), str(error)
    return english if plain.OTHER in chinese or chinese == english else f"{chinese}\n{english}"


def words_of(error: LantianError) -> tuple[str, str] | None:
    """The fault in Chinese and what to do at a terminal; None when the words of the screens serve as they are."""
    for pattern, fault, todo in _FORMS:
        if found := pattern.match(error.what):
            return fault.format(*found.groups()), todo.replace("{expected}", _listed(str(error.expected)))
    if error.what in plain.FAULTS:
        fault, todo = plain.FAULTS[error.what]
        return fault, TODO.get(error.what, todo.replace("再传", "再导入"))
    if error.what not in FAULTS:
        return None
    fault, todo = FAULTS[error.what]
    return fault, todo.replace("{expected}", _listed(str(error.expected)))


def _listed(expected: str) -> str:
    """What was expected as a Chinese list of words.

    >>> _listed("one of a, b"), _listed("a | b"), _listed("beijing or sample"), _listed("2014-04-05 to 2016-02-28")
    ('a、b', 'a、b', 'beijing、sample', '2014-04-05至2016-02-28')
    """
    text = re.sub(rf"^{_DAY} to {_DAY}$", r"\1至\2", expected.removeprefix("one of "))
    return re.sub(r" ?\| ?|, (?:or )?| or ", "、", text)
