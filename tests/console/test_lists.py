"""The list on the screen: import in steps, mapping, nothing stored while a cell is wrong, editions, sheets, boards."""

import io
import re

import openpyxl
import pytest

from emergency.office_list import list_of, list_of_plant
from plans.list_export import rows_of

from .conftest import hidden

pytestmark = pytest.mark.anyio

HEADINGS = (
    "编号", "企业名称", "行政区", "行业", "绩效等级", "厂区", "车间", "工序", "单元编号", "单元名称", "单元类型",
    "排放口", "SO2千克每日", "NOx千克每日", "PM千克每日", "VOCs千克每日", "用电占比%", "黄色措施", "橙色措施",
    "红色措施", "核查方式", "联系岗位",
)  # fmt: skip


def workbook(world, *, rename=None, change=None, plants=3):
    """The sample list's first plants as somebody else's workbook."""
    listing = world.settings.lists.fallback
    chosen = [one.identifier for one in listing.enterprises if one.kind == "工业源"][:plants]
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([(rename or {}).get(name, name) for name in HEADINGS])
    for row in rows_of(listing):
        if row["编号"] in chosen:
            sheet.append([(change or {}).get(name, row[name]) for name in HEADINGS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def upload(user, content, *, edition="2027", name="他人的清单.xlsx", **files):
    shown = await user.get("/list/import")
    data = {**hidden(shown.text, "/list/import"), "edition": edition, "sample": "yes"}
    sent = {"file": (name, content), **{key: (f"{key}.csv", value) for key, value in files.items()}}
    return await user.client.post("/list/import", data=data, files=sent)


async def test_a_good_list_is_reported_stored_compared_adopted_and_then_ordered_from(world):
    user, director = await world.user("duty_officer"), await world.user("office_director")
    answer = await upload(user, workbook(world))
    page = answer.headers["location"]
    shown = await user.get(page)
    assert "可以存为版本" in shown.text
    assert 0 == len(world.record.now("edition")), "nothing is stored before somebody says so"

    stored = await user.submit(page, f"{page}/store")
    assert "/list/editions/list-2027?done=stored" == stored.headers["location"]
    diff = await director.get("/list/editions/list-2027")
    assert "移除企业" in diff.text
    before = world.settings.digest_of_list()
    await director.submit("/list/editions/list-2027", "/list/editions/list-2027/adopt")

    assert before != world.settings.digest_of_list()
    assert 3 == len(world.settings.lists.listing().enterprises)
    assert "使用中" in (await user.get("/list")).text


async def test_what_follows_from_an_edition_alone_is_made_when_it_is_stored(world):
    user, director = await world.user("duty_officer"), await world.user("office_director")
    page = (await upload(user, workbook(world))).headers["location"]
    await user.submit(page, f"{page}/store")
    kept = world.record.state("edition", "list-2027")
    (path,) = (world.settings.uploads.parent / "exports").glob(f"{kept.digest}-*.xlsx")
    lists = world.settings.lists
    assert lists.of(kept) == list_of(world.record, kept), "what was remembered is what is read back"

    await director.submit("/list/editions/list-2027", "/list/editions/list-2027/adopt")
    assert path.read_bytes() == (await user.get("/list/export")).content
    plant = lists.listing().enterprises[0].identifier
    alone = list_of_plant(world.record, kept, plant)
    assert [lists.listing().plant(plant)] == list(alone.enterprises)
    assert () == list_of_plant(world.record, kept, "nobody").enterprises


async def test_an_unknown_heading_is_mapped_on_the_screen(world):
    user = await world.user("duty_officer")
    page = (await upload(user, workbook(world, rename={"NOx千克每日": "氮的量"}))).headers["location"]
    shown = await user.get(page)
    assert "还有错误，不能入库" in shown.text
    form = hidden(shown.text, page)
    number = next(key.removeprefix("heading") for key, value in form.items() if value == "氮的量")
    chosen = re.findall(r'name="column(\d+)".*?<option value="([^"]+)" selected', shown.text)
    fields = {f"column{n}": column for n, column in chosen}
    await user.client.post(page, data={**form, **fields, f"column{number}": "NOx千克每日", f"unit{number}": "kg/d"})

    assert "可以存为版本" in (await user.get(page)).text


async def test_a_list_with_a_wrong_cell_is_not_stored_and_the_cell_is_named_in_chinese(world):
    user = await world.user("duty_officer")
    page = (await upload(user, workbook(world, change={"PM千克每日": "约三"}))).headers["location"]
    shown = await user.get(page)

    assert "还有错误，不能入库" in shown.text
    assert re.search(r"Sheet O\d", shown.text)
    forced = await user.client.post(
        f"{page}/store", data={"token": re.search(r'name="token" value="(\w+)"', shown.text)[1]}
    )
    assert 400 == forced.status_code
    assert () == world.record.now("edition")


OLD_XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old xls" + b"\0" * 50


@pytest.mark.parametrize("content", [b"", OLD_XLS, b"\x89PNG\r\n\x1a\n\0\0"])
async def test_what_is_no_list_is_refused_with_one_sentence(world, content):
    answer = await upload(await world.user("duty_officer"), content)

    assert 400 == answer.status_code
    assert "请选择清单文件" in answer.text or "文件不是xlsx工作簿" in answer.text


async def test_a_damaged_workbook_is_one_sentence_on_the_page(world):
    user = await world.user("duty_officer")
    answer = await upload(user, b"PK\x03\x04 but nothing else")
    shown = await user.get(answer.headers["location"])

    assert 409 == shown.status_code
    assert "Traceback" not in shown.text


async def test_the_same_edition_is_not_stored_twice(world):
    user = await world.user("duty_officer")
    page = (await upload(user, workbook(world))).headers["location"]
    await user.submit(page, f"{page}/store")
    again = await user.submit(page, f"{page}/store")

    assert 409 == again.status_code
    assert "已经存在" in again.text


async def test_only_the_director_puts_an_edition_into_use(world):
    user = await world.user("duty_officer")
    page = (await upload(user, workbook(world))).headers["location"]
    await user.submit(page, f"{page}/store")
    token = re.search(r'name="token" value="(\w+)"', (await user.get(page)).text)[1]
    answer = await user.client.post("/list/editions/list-2027/adopt", data={"token": token})

    assert 403 == answer.status_code
    assert "stored" == world.record.state("edition", "list-2027").state.key


async def test_staggered_windows_come_along_and_are_not_counted_twice(world):
    user, director = await world.user("duty_officer"), await world.user("office_director")
    listing = world.settings.lists.fallback
    plant = next(one for one in listing.enterprises if one.kind == "工业源" and one.cut_of("red")["nox"] > 0)
    before = world.settings.lists
    rest = f"{plant.identifier},,2015-11-15,2016-03-15,100,样例通知"
    windows = f"编号,单元编号,开始日期,结束日期,停产比例%,依据\n{rest}\n"
    content = workbook(world, plants=200)
    page = (await upload(user, content, windows=windows.encode())).headers["location"]
    await user.submit(page, f"{page}/store")
    await director.submit("/list/editions/list-2027", "/list/editions/list-2027/adopt")

    assert 1 == len(before.windows())
    assert "错峰生产窗口今天有1个在执行" in (await user.get("/list")).text
    assert "2015-11-15至2016-03-15停产100%" in (await user.get(f"/list/plants/{plant.identifier}")).text


async def test_the_gate_board_is_open_to_everybody_and_its_code_is_a_picture(world):
    plant = next(one for one in world.settings.lists.fallback.enterprises if one.kind == "工业源")
    anyone = world.browser()
    board, code = await anyone.get(f"/board/{plant.identifier}"), await anyone.get(f"/board/{plant.identifier}/qr.svg")

    assert "重污染天气应急减排公示牌" in board.text
    assert ("image/svg+xml", b"<svg") == (code.headers["content-type"], code.content[:4])
    assert 404 == (await anyone.get("/board/nobody")).status_code


async def test_the_sheet_is_a_document_and_the_export_is_read_back_to_the_same_list(world, tmp_path):
    from plans.list_import import import_list

    user = await world.user("duty_officer")
    plant = next(one for one in world.settings.lists.fallback.enterprises if one.kind == "工业源")
    document = await user.get(f"/list/plants/{plant.identifier}/document")
    exported = await user.get("/list/export")
    path = tmp_path / "back.xlsx"
    path.write_bytes(exported.content)

    assert document.content.startswith(b"PK")
    back = import_list(path, city="sample").listing
    assert world.settings.lists.fallback.enterprises == back.enterprises


async def test_a_plant_sees_its_own_sheet_and_no_other(world):
    from console.board import own  # noqa: F401  the route lives there

    user = await world.user("SP001")  # not on the sample list
    assert 404 == (await user.get("/plant")).status_code
    assert 403 == (await user.get("/list/plants/sample-001")).status_code


async def test_the_inspectors_page_adds_up_and_ranks(world):
    world.issue()
    inspector = await world.user("inspector")
    world.clock.forward(hours=40)  # past the deadline of execution
    order = "response-beijing-20151205.0.SP001"
    seen = {"seen": "running", "note": "1号线在生产", "unit": "U1", "unannounced": "yes"}
    await inspector.submit(f"/inspections/{order}", f"/inspections/{order}", **seen)

    shown = await inspector.get("/inspections")
    assert 200 == shown.status_code
    assert "样例1厂" in shown.text
    state = world.record.state("order", order)
    assert state.findings[-1]["verdict"] == "silent", "it never signed; the visit is on record beside"
    assert "not" == state.findings[-1]["measures"][0]["decision"]
    assert "四不两直" in (await inspector.get(f"/orders/{order}")).text
    assert "found" == world.record.state("problem", f"problem-{order}").state.key
