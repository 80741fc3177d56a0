"""What every page carries: the drill banner, safe text, safe headers, Beijing time."""

import random
import re
import sqlite3

import pytest

from console import words
from console.access import ACCESS
from console.outlook import published_range
from emergency import activation, alert, call, consultation, edition, handover, link, order, problem, warning
from emergency.vocabulary import Level
from plans.rulebook import load

from .conftest import build, make_outlook

pytestmark = pytest.mark.anyio

ORDER = "response-beijing-20151205.0.SP001"
STAFF_PAGES = [
    "/desk", "/consultations", "/consultations/c1", "/consultations/c2", "/warnings", "/warnings/warning-001",
    "/warnings/draft?consultation=c1", "/orders", f"/orders/{ORDER}", "/problems", "/record", "/reports", "/nowhere",
    "/orders?text=%22%3E%3Cscript%3E&page=0", "/record?before=3", "/record?life=order&stream=" + ORDER,
]  # fmt: skip


@pytest.fixture
def full(world):
    world.conclude()
    world.issue()
    world.propose("c2")
    return world


async def test_every_page_of_a_drill_carries_its_banner_and_favicon(full):
    user, plant = await full.user("duty_officer"), await full.user("SP001")
    answers = [await user.get(path) for path in STAFF_PAGES]
    answers += [await plant.get(path) for path in ("/my", f"/my/{ORDER}")]
    answers.append(await full.browser().get("/login"))

    for answer in answers:
        assert answer.status_code in (200, 404), (answer.url, answer.text[-500:])
        assert '<div class="drill"' in answer.text, answer.url
        assert "【演练】" in answer.text.split("</title>")[0], answer.url
    assert (await user.get("/favicon.svg")).text == (await user.get("/static/favicon-drill.svg")).text


async def test_simulated_air_is_said_on_every_page(tmp_path):
    world = build(tmp_path, simulated_air=True)
    user = await world.user("duty_officer")

    for path in ("/desk", "/orders", "/record", "/nowhere"):
        assert "数据为模拟生成" in (await user.get(path)).text
    assert "数据为模拟生成" in (await world.browser().get("/login")).text


async def test_measured_air_is_not_called_simulated(full):
    user = await full.user("duty_officer")

    assert "模拟生成" not in (await user.get("/desk")).text


async def test_every_answer_has_a_strict_policy_and_no_page_is_stored(full):
    user = await full.user("duty_officer")
    paths = [*STAFF_PAGES, "/health", "/static/console.css", "/static/nothing", "/my", "/exhibits/" + "0" * 64]
    for path in paths:
        headers = (await user.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"]
        assert ("nosniff", "DENY") == (headers["x-content-type-options"], headers["x-frame-options"])
        if not path.startswith("/static/console"):
            assert "no-store" == headers["cache-control"], path


async def test_no_page_has_inline_script_style_or_another_host(full):
    user = await full.user("duty_officer")
    for path in STAFF_PAGES:
        html = (await user.get(path)).text
        assert not re.search(r"<script(?![^>]*src=)", html), path
        assert not re.search(r"\son\w+=|\sstyle=", html), path
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html), path


async def test_what_people_type_is_shown_as_text_and_never_runs(full):
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    full.draft("warning-002", reason=evil, replaces="warning-001")
    full.office.return_warning("warning-002", reason=evil, by=full.actor("office_director"), now=full.clock())
    full.office.acknowledge_order(ORDER, signer=evil, by=full.actor("SP001"), now=full.clock())
    user = await full.user("duty_officer")

    for path in ("/desk", "/warnings", "/warnings/warning-002", f"/orders/{ORDER}", "/record"):
        html = (await user.get(path)).text
        assert "&lt;script&gt;alert(1)" in html, path
        assert "<script>alert" not in html, path
        assert "<img src=x" not in html, path


async def test_an_address_that_carries_markup_is_escaped(full):
    user = await full.user("duty_officer")
    html = (await user.get("/orders?text=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")).text

    assert "<script>alert" not in html


async def test_a_fault_inside_is_one_sentence_with_headers_and_no_traceback(full):
    user = await full.user("duty_officer")
    full.app.state.console.air.at = lambda _now: 1 / 0
    answer = await user.get("/desk")

    assert 500 == answer.status_code
    assert "系统出错" in answer.text
    assert "ZeroDivision" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_the_desk_shows_the_outlook_with_range_words_and_source(full):
    user = await full.user("duty_officer")
    html = (await user.get("/desk")).text

    assert "AQI 155–185" in html
    assert "中度污染" in html
    assert "无气象预报" in html
    assert "test-model" in html
    assert "样例站无数据" in html
    assert '<svg class="chart"' in html


async def test_times_are_beijing_times(full):
    user = await full.user("duty_officer")
    html = (await user.get("/desk")).text

    assert "2015年12月5日 09:30" in html
    assert "北京时间" in html


async def test_the_chain_check_says_the_number_of_entries_and_finds_a_forged_row(full):
    user = await full.user("duty_officer")
    good = await user.submit("/record", "/record/verify")
    seq, _digest = full.record.head()
    forger = sqlite3.connect(full.record.engine.url.database)
    with forger:
        forger.execute("DROP TRIGGER log_no_update")
        forger.execute("UPDATE log SET actor = 'somebody-else' WHERE seq = 5")
    forger.close()
    bad = await user.submit("/record", "/record/verify")

    assert f"{seq}条记录，链条完整" in good.text
    assert (409, False) == (bad.status_code, "链条完整" in bad.text)
    assert "entry 5" in bad.text


async def test_an_outlook_exhibit_is_a_page_and_its_file_a_download_that_cannot_run(full):
    digest = full.office.record.state("consultation", "c1").outlook_digest
    user = await full.user("duty_officer")
    page, file = await user.get(f"/exhibits/{digest}"), await user.get(f"/exhibits/{digest}?as=file")

    assert "分位数" in page.text
    assert file.headers["content-disposition"].startswith("attachment")
    assert "application/octet-stream" == file.headers["content-type"]
    assert make_outlook().to_json().encode() == file.content


async def test_an_exhibit_of_markup_is_never_shown_as_a_page(full):
    with full.record.act(full.clock()) as act:
        digest = act.file(b"<script>alert(1)</script>", media_type="text/html", title="x")
    user = await full.user("duty_officer")
    answer = await user.get(f"/exhibits/{digest}")

    assert "application/octet-stream" == answer.headers["content-type"]
    assert "attachment" in answer.headers["content-disposition"]
    assert "sandbox" == answer.headers["content-security-policy"]


def test_every_event_of_every_life_cycle_has_a_chinese_sentence():
    events = {
        (life, transition.event)
        for life, module in (
            ("consultation", consultation), ("warning", warning), ("activation", activation), ("order", order),
            ("problem", problem), ("alert", alert), ("edition", edition),
            ("call", call), ("handover", handover), ("link", link),
        )
        for transition in module.TABLE.transitions
    }  # fmt: skip

    assert events == set(words.SENTENCES)


def test_every_recorded_sentence_is_chinese(full):
    for entry in full.record.entries():
        said = words.sentence(entry)
        assert said != entry.event.kind, (entry.life, entry.event.kind, entry.event.data)


@pytest.mark.parametrize(
    "central, expected",
    [
        (90, (75, 105, "良~轻度污染", "PM2.5")),  # the published form of the brief
        (20, (5, 35, "优", "无")),  # no primary pollutant while all of the range is 优
        (3, (1, 18, "优", "无")),
        (495, (480, 500, "严重污染", "PM2.5")),
        (120, (105, 135, "轻度污染", "PM2.5")),
    ],
)
def test_the_published_range_is_the_centre_plus_and_minus_fifteen(central, expected):
    assert expected == published_range(central, load().aqi("hj633-2012"), half_width=15, primary="pm25")


def test_levels_have_a_word_in_the_style_sheet_of_warnings(full):
    assert [level.word for level in Level] == ["none", "yellow", "orange", "red"]


ODD = (
    "²", "１２", "99999999999999999999", "-1", "nan", "0001-01-01", "9999-12-31", "2015-13-45", "\x00", "'<x>",
    "中" * 300,
)  # fmt: skip
NAMES = (
    "page", "day", "on", "year", "before", "step", "shut", "response", "state", "kind", "temperature", "consultation",
    "stream", "run",
)  # fmt: skip


async def test_no_odd_value_in_an_address_is_an_error_of_the_system(world):
    """A sample of values in addresses; two were found by longer runs of the same and stand first."""
    world.issue()
    user, chooser = await world.user("duty_officer"), random.Random(20261122)
    paths = [path for method, path in ACCESS if method == "GET" and "{" not in path]
    asked = [("/orders", {"page": "²"}), ("/problems/circular", {"day": "0001-01-01"})]
    asked += [
        (chooser.choice(paths), {chooser.choice(NAMES): chooser.choice(ODD), "level": "red"}) for _number in range(300)
    ]

    assert [] == [one for one in asked if (await user.get(one[0], params=one[1])).status_code >= 500]
