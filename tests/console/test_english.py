"""The console in English: the catalogue is whole, nothing of ours is left in Chinese, and the record stays as it is."""

import ast
import re
import threading
from html.parser import HTMLParser

import pytest
from babel.messages.pofile import read_po

from console import language
from console.access import ACCESS, PUBLIC
from console.language import CATALOGUE, HAN, finish, show, speaking, word
from console.language_extract import ROOT, gathered, kept, text_of

from .conftest import PLANTS, hidden

PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")
AGAIN = "gather anew with ./run words, and write the English into console/locale/en/LC_MESSAGES/console.po"
VOID = {"meta", "link", "input", "br", "img", "hr", "path", "rect", "line", "circle", "polyline", "polygon"}
READ = ("title", "aria-label", "placeholder", "alt", "data-label")
"""Attributes that a reader meets."""


class Page(HTMLParser):
    """What a page says in Chinese where it claims to be English."""

    def __init__(self, html):
        super().__init__()
        self.stack, self.chinese, self.foreign, self.attributes, self.links = [], [], [], [], set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        tongue = found.get("lang") or (self.stack[-1][1] if self.stack else "")
        if tag == "a" and (found.get("href") or "").startswith("/"):
            self.links.add(found["href"])
        if not tongue.startswith("zh"):
            self.attributes += [found[name] for name in READ if HAN.search(found.get(name) or "")]
        if tag not in VOID:
            self.stack.append((tag, tongue))

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not HAN.search(data):
            return
        marked = bool(self.stack) and self.stack[-1][1].startswith("zh")
        (self.foreign if marked else self.chinese).append((self.stack[-1][0] if self.stack else "", data.strip()))

    def ours(self):
        """Chinese that no element marks; in the title and in attributes, what is no name or word marked elsewhere."""
        marked = sorted({text for _tag, text in self.foreign}, key=len, reverse=True)

        def rest(text):
            for name in marked:
                text = text.replace(name, "")
            return HAN.search(text)

        left = [text for tag, text in self.chinese if tag != "title" or rest(text)]
        return left + [text for text in self.attributes if rest(text)]


# --- the catalogue ----------------------------------------------------------------------------------------------------


def test_every_text_of_ours_has_its_english_and_none_is_left_over():
    wanted = {(one.context, one.id) for one in gathered() if one.id}
    there = {(one.context, one.id): one.string for one in kept() if one.id}

    assert ([], []) == (sorted(wanted - set(there), key=str), sorted(set(there) - wanted, key=str)), AGAIN
    assert [] == [key for key, english in there.items() if not english], AGAIN


def test_places_agree_and_no_english_holds_chinese():
    wrong = [
        one.id
        for one in kept()
        if one.id and (set(PLACES.findall(one.id)) != set(PLACES.findall(one.string)) or HAN.search(one.string))
    ]

    assert [] == wrong


def test_the_catalogue_is_written_as_the_gathering_writes_it():
    with CATALOGUE.open("rb") as file:
        read = read_po(file, locale="en")

    assert CATALOGUE.read_text() == text_of(read), AGAIN


PLAIN = {
    "console/list_words.py",  # turns English reports of the import into Chinese; in English they stay as they are
    "console/plain.py",  # turns English errors into Chinese; on an English page they stay as they are
    "console/air.py", "console/watch.py",  # read once for all readers; gathered whole, translated on the page
    "console/language.py", "console/language_extract.py",
    "console/cli.py", "console/cli_words.py",  # the command line, which speaks Chinese to everybody
}  # fmt: skip
RECORDED = {
    "；", "，", "。", "：", "周", "年", "月", "日 ", "日",  # marks between values; the Chinese form of a date
}  # fmt: skip


def test_no_page_says_a_chinese_sentence_past_the_catalogue():
    """Of the console's own modules; what goes into the record or to another system stands in KEPT with its reason."""
    found = []
    for path in sorted((ROOT / "console").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name in PLAIN or name.startswith(("console/api/", "console/commands/")):
            continue
        found += [f"{name}: {text}" for text in _loose(ast.parse(path.read_text())) if text not in RECORDED]

    assert sorted(KEPT) == sorted(set(found))


KEPT = {
    "console/app.py: 蓝天",  # the name of the application, on no page
    "console/outlook.py: 无", "console/words.py: 无",  # gathered from the vocabulary
    "console/words.py: 一二三四五六日",  # the Chinese form of a date
    "console/public/front.py: 没有这个页面。", "console/public/front.py: 页面正在准备，请稍后再试。",  # of no page
    "console/public/snapshot.py: 空气重污染预警",  # the title of the feed
    "console/staff/duty.py: 无人值班", "console/staff/duty.py: 加密会商 ",  # the calendar file
    "console/staff/duty.py: 值班与会商",
    "console/staff/duty.py: 拨打", "console/staff/duty.py: 全天",  # written into the record
    "console/staff/lists.py: 编号",  # a column of the list
    "console/staff/me.py: 蓝天 ",  # the name in the authenticator
}  # fmt: skip


def _loose(node):
    """Chinese constants outside `_()` and `N_()`, but for documentation and what is compared with."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
        for one in node.keywords:
            yield from _loose(one.value)
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.Constant):
            if isinstance(child.value, str) and HAN.search(child.value) and not isinstance(node, ast.Compare):
                yield child.value
        else:
            yield from _loose(child)


WRITTEN = {"值班负责人", "厂长", "已按任务布置落实", "已按指令落实全部措施", "属地生态环境分局", "工业源", "无"}
"""What templates fill into fields that will be posted, and what they compare values with."""


def test_no_template_and_no_script_says_chinese_past_the_catalogue():
    found = []
    for path in sorted((ROOT / "console" / "templates").rglob("*.html")):
        text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S)
        text = re.sub(r"""_\(\s*("(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*')""", "", text)
        loose = {part for part in re.findall(r"[^\"'<>{}]*", text) if HAN.search(part)} - WRITTEN
        found += [(path.name, part.strip()[:80]) for part in sorted(loose)]
    for path in sorted((ROOT / "console" / "static").glob("*.js")):
        found += [(path.name, line.strip()) for line in path.read_text().splitlines() if HAN.search(line)]

    assert [("place.js", PLACE_NOTED)] == found, "put it into _(), then " + AGAIN


PLACE_NOTED = (
    'document.getElementById("place").value = '
    "`${longitude.toFixed(5)}, ${latitude.toFixed(5)}（±${Math.round(accuracy)}米）`;"
)
"""Filled into a field that is recorded."""


# --- the pages --------------------------------------------------------------------------------------------------------


async def english(world, who):
    user = world.browser()
    answer = await user.client.post("/language", data={"language": "en", "back": "/login"})
    assert 303 == answer.status_code
    answer = await user.log_in(who)
    assert 303 == answer.status_code, answer.text
    return user


def busy(world):
    """Something on every page: a warning in force, receipts, a question, evidence, an overdue order, a hand-over."""
    world.conclude()
    world.issue()
    world.propose("c2")
    office, order = world.office, "response-beijing-20151205.0.SP001"
    plant = world.directory.account("SP001").actor
    world.clock.forward(hours=2)
    office.acknowledge_order(order, signer="厂长", by=plant, now=world.clock())
    office.ask(order, kind="question", text="夜班是否包括在内", by=plant, now=world.clock())
    office.request_exemption(order, reason="居民供暖", by=plant, now=world.clock())
    world.clock.forward(hours=2)


THINGS = {
    "/consultations/{identifier}": "/consultations/c1", "/warnings/{identifier}": "/warnings/warning-001",
    "/consultations/{identifier}/judgement": "/consultations/c2/judgement",
    "/orders/{identifier}": "/orders/response-beijing-20151205.0.SP001", "/rules/{name}": "/rules/warning-2024",
    "/inspections/{identifier}": "/inspections/response-beijing-20151205.0.SP001",
    "/list/plants/{identifier}": "/list/plants/sample-002", "/board/{identifier}": "/board/sample-002",
    "/preview/{name}": "/preview/en", "/my/{identifier}": "/my/response-beijing-20151205.0.SP001",
}  # fmt: skip


def addresses():
    for (method, template), roles in sorted(ACCESS.items()):
        path = THINGS.get(template, template)
        if method == "GET" and "{" not in path:
            yield path, roles


@pytest.mark.anyio
@pytest.mark.parametrize("who", ["duty_officer", "office_director", "administrator", "inspector", PLANTS[0]])
async def test_no_page_says_anything_of_ours_in_chinese(world, who):
    busy(world)
    user, seen, wrong = await english(world, who), 0, []
    todo = [path for path, roles in addresses() if roles is PUBLIC or world.directory.account(who).role in roles]
    known = set(todo)
    while todo:
        path = todo.pop(0)
        answer = await user.get(path, follow_redirects=True)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        seen += 1
        page = Page(answer.text)
        wrong += [(path, text) for text in page.ours()]
        if "<html" in answer.text and path != "/preview":
            assert '<html lang="en">' in answer.text, path
        assert not re.search("[\ue000-\ue002]", answer.text), path
        fresh = {
            link
            for link in page.links
            if not link.startswith(("/list/plants", "/rules", "/preview")) and len(known) < 90
        }
        todo += sorted(fresh - known)
        known |= fresh
    assert [] == [one for one in wrong if one[0] != "/preview"]
    assert seen >= (4 if who in PLANTS else 25)


@pytest.mark.anyio
async def test_chinese_is_the_language_until_another_is_chosen(world):
    browser = world.browser()
    shown = await browser.get("/login", headers={"accept-language": "en-GB,en"})

    assert '<html lang="zh-CN">' in shown.text
    assert "登录" in shown.text
    assert "English</button>" in shown.text


@pytest.mark.anyio
async def test_the_chosen_language_survives_logging_in_and_out_and_can_be_changed_back(world):
    user = await english(world, "duty_officer")
    desk = await user.get("/desk")

    assert "Needs me now" in desk.text
    await user.submit("/desk", "/logout")
    assert "Log in" in (await user.get("/login")).text
    await user.client.post("/language", data={"language": "zh", "back": "/login"})
    assert '<html lang="zh-CN">' in (await user.get("/login")).text


@pytest.mark.anyio
async def test_the_switch_goes_back_to_the_page_and_never_elsewhere(world):
    user = await world.user("duty_officer")
    shown = await user.get("/standing?year=2014")
    back = hidden(shown.text, "/language")["back"]

    assert "/standing?year=2014" == back
    for given in (back, "//elsewhere.test", "https://elsewhere.test/", "/\\elsewhere.test", "/a\r\nset-cookie: x=y"):
        answer = await user.client.post("/language", data={"language": "en", "back": given})
        assert (303, back if given == back else "/") == (answer.status_code, answer.headers["location"])
        assert "HttpOnly" in answer.headers["set-cookie"]


@pytest.mark.anyio
async def test_an_unknown_language_and_another_site_are_refused(world):
    browser = world.browser()

    unknown = await browser.client.post("/language", data={"language": "xx", "back": "/"})
    elsewhere = await browser.client.post(
        "/language", data={"language": "en", "back": "/"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert (400, 403) == (unknown.status_code, elsewhere.status_code)
    browser.client.cookies.set("lantian-language", "xx")
    assert '<html lang="zh-CN">' in (await browser.get("/login")).text


@pytest.mark.anyio
async def test_what_is_recorded_stays_chinese_whatever_language_the_page_is_read_in(world):
    busy(world)
    user = await english(world, "duty_officer")
    answer = await user.submit("/duty/handover", note="quiet night")

    assert 303 == answer.status_code, answer.text
    row = world.office.record.now("handover")[-1]
    matters = world.office.record.state("handover", row["stream"]).open_matters
    assert matters
    assert all(HAN.search(one) and "\ue000" not in one for one in matters)


@pytest.mark.anyio
async def test_a_field_that_will_be_posted_holds_what_was_written_in_chinese(world):
    world.conclude()
    user = await english(world, "duty_officer")
    english_form = await user.get("/warnings/draft?consultation=c1")
    chinese = await world.user("duty_officer")
    chinese_form = await chinese.get("/warnings/draft?consultation=c1")

    def fields(html):
        inputs = re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', html)
        areas = re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', html, re.S)
        return {name: value for name, value in [*inputs, *areas] if name not in ("token", "back")}

    assert fields(chinese_form.text) == fields(english_form.text)
    assert HAN.search(fields(english_form.text)["text"])


@pytest.mark.anyio
async def test_a_refusal_is_said_in_english_from_its_fields(world):
    world.conclude()
    world.draft()
    user = await english(world, "office_director")
    shown = await user.get("/warnings/warning-001")
    await user.client.post("/warnings/warning-001/approve", data=hidden(shown.text, "/warnings/warning-001/approve"))
    again = await user.client.post(
        "/warnings/warning-001/return",
        data={**hidden(shown.text, "/warnings/warning-001/approve"), "seen": "3", "reason": "x"},
    )

    assert 409 == again.status_code
    alert = re.search(r'role="alert">(.*?)</div>', again.text, re.S)[1]
    assert not HAN.search(alert), alert


@pytest.mark.anyio
async def test_the_public_page_has_an_english_address(world):
    busy(world)
    user = await world.user("duty_officer")
    shown = await user.get("/preview/en")

    assert '<html lang="en">' in shown.text
    assert "Yellow warning of heavy air pollution" in shown.text
    assert 'href="/preview"' in shown.text
    assert 'href="/preview/en"' in (await user.get("/preview")).text


# --- the marks --------------------------------------------------------------------------------------------------------


def test_a_name_is_marked_a_word_is_translated_and_a_field_keeps_its_text():
    with speaking("en"):
        name, known = show("样例第一水泥厂"), show("橙色")

        assert '<p><span lang="zh">样例第一水泥厂</span> Orange</p>' == finish(f"<p>{name} {known}</p>")
        assert '<input value="橙色">' == finish(f'<input value="{known}">')
        assert '<input value="样例第一水泥厂" lang="zh">' == finish(f'<input value="{name}">')
        assert '<textarea name="x" lang="zh">橙色</textarea>' == finish(f'<textarea name="x">{known}</textarea>')
        assert '<td data-label="Orange">' == finish(f'<td data-label="{known}">')
    assert "橙色" == show("橙色")


def test_marks_that_somebody_types_come_to_nothing():
    with speaking("en"):
        typed = show("\ue000<b>\ue001 x\ue002 水 \ue001\ue001")

        assert not re.search("[\ue000-\ue002]", finish(f"<p>{typed}</p>"))


def test_a_sentence_of_another_floor_is_english_only_when_all_of_it_is_ours():
    assert "Warning warning-001" == word("预警 warning-001")
    assert word("预警 某人写的") is None
    assert "Good–Light pollution" == word("良~轻度污染")
    trigger = "可能出现轻度污染及以上天气：12月19日轻度污染及以上概率71%（阈值50%）"
    said = "Light pollution or worse is likely: Light pollution or worse on 19 Dec: probability 71% (threshold 50%)"
    assert said == word(trigger)
    assert word("良、" * 200 + "良") is None  # too long to be one of ours; nobody makes a page slow by writing


def test_why_an_outlook_says_what_it_says_is_english_to_the_last_word():
    why = [
        "3月10日AQI中位数204：同期通常为114，预报的湿度和降水使其升高50，当前污染水平使其降低14。",
        "3月13日AQI中位数78：同期通常为78。",
        "与2014年2月6日相似（当日AQI 155），其后三天AQI为119、缺、36。",
        "与2014年2月6日相似，其后三天AQI为119、65、36。",
        "与3月9日1时发布的展望相比：3月11日由200改为162；3月12日由64改为53。",
        "没有上一次展望可以比较。",
    ]
    notes = [
        "最近24小时无数据的站点：1001A、1002A",
        "缺少气象观测：风速、气温",
        "最新数据截至03月09日22时，缺最后2小时",
        "训练期没有存档的气象预报，模型用观测气象模拟的预报训练",
    ]

    assert [] == [one for one in why + notes if (english := word(one)) is None or HAN.search(english)]
    assert "Compared with the outlook of 9 Mar 1:00: 11 Mar: 200 to 162; 12 Mar: 64 to 53." == word(why[4])


def test_two_readers_at_once_get_their_own_language():
    said = {"zh": set(), "en": set()}

    def read(code):
        with speaking(code):
            for _ in range(300):
                said[code].add(language._("退出"))

    threads = [threading.Thread(target=read, args=(code,)) for code in said for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ({"退出"}, {"Log out"}) == (said["zh"], said["en"])


def test_a_sentence_of_the_watch_is_english_around_the_name_of_the_city_and_its_stations():
    language.know(["样例市", "万寿西宫"])
    with speaking("en"):
        said = finish(f"<p>{show('样例市今日 12 时累计 AQI 150，已超过 100，首要污染物 PM2.5')}</p>")
        station = finish(f"<p>{show('站点 1001A（万寿西宫）已 5 小时无数据（最新 12-05 06:00）')}</p>")

        assert '<span lang="zh">样例市</span>: AQI 150 over the first 12 hours' in said
        assert '<p>Station 1001A (<span lang="zh">万寿西宫</span>): no data for 5 h (latest 12-05 06:00)</p>' == station
        assert '<p><span lang="zh">万寿西宫</span></p>' == finish(f"<p>{show('万寿西宫')}</p>")
        assert '<option lang="zh">万寿西宫</option>' == finish(f"<option>{show('万寿西宫')}</option>")
    assert word("某人写的今日 12 时累计 AQI 150，已超过 100，首要污染物 PM2.5") is None
