"""Whole journeys of the response: a receipt and an inspection on the phone, a what-if, a list from a workbook."""

import io
import random

import pytest
from PIL import Image

from .browser import IN_BOTH, ORDER, PHONE, chromium, fits, people, said, say, served, tongue  # noqa: F401  fixtures
from .test_lists import workbook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600), IN_BOTH]


def photograph() -> bytes:
    """A JPEG as a phone makes it, some hundred kilobytes."""
    rows = random.Random(1)
    picture = Image.frombytes("RGB", (640, 480), rows.randbytes(640 * 480 * 3))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


def test_receipt_on_the_phone_with_a_measure_a_reading_and_a_photograph(served, people, say):
    world, _base = served
    world.conclude()
    world.issue()
    plant = people("SP001", viewport=PHONE)
    plant.get_by_role("link", name=say("查看并签收")).click()
    assert fits(plant)
    plant.get_by_role("button", name=say("签收")).click()
    plant.get_by_label(say("电表读数（可不填）")).first.fill("1234.5")
    plant.get_by_label(say("照片（可不填）")).first.set_input_files(
        {"name": "meter.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    )
    plant.get_by_role("button", name=say("报告开始执行")).click()
    said(plant, say("措施执行情况已报告。"))
    plant.get_by_role("button", name=say("报告已执行")).click()
    said(plant, say("执行情况已报告。"))

    assert fits(plant)
    order = world.office.record.state("order", ORDER)
    assert ("executing", "1234.5") == (order.state.key, order.evidence[0]["reading"])
    kind, content = world.office.record.exhibit(order.evidence[0]["photo"])
    assert "image/jpeg" == kind and content.startswith(b"\xff\xd8\xff")


def test_an_inspection_on_the_phone_with_a_photograph_becomes_a_finding_and_a_problem(served, people, say):
    world, _base = served
    world.conclude()
    world.issue()
    world.office.acknowledge_order(ORDER, signer="厂长", by=world.actor("SP001"), now=world.clock())
    world.clock.forward(hours=40)  # past the deadline of execution
    inspector = people("inspector", viewport=PHONE)
    inspector.goto(f"/orders/{ORDER}")
    inspector.get_by_role("link", name=say("现场检查")).click()
    inspector.get_by_label(say("照常生产")).check()
    inspector.get_by_label(say("现场情况")).fill("1号线在生产")
    inspector.get_by_label(say("照片"), exact=True).set_input_files(
        {"name": "line.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    )
    assert fits(inspector)
    inspector.get_by_role("button", name=say("记录检查")).click()
    said(inspector, say("现场检查已记录，核查结论已更新。"))

    assert fits(inspector)
    order = world.office.record.state("order", ORDER)
    visit = next(one for one in order.evidence if one["type"] == "inspection")
    assert ("running", True) == (visit["seen"], visit["unannounced"])
    assert world.office.record.exhibit(visit["photo"])[1].startswith(b"\xff\xd8\xff")
    assert "found" == world.office.record.state("problem", f"problem-{ORDER}").state.key


def test_what_if_the_gap_of_a_level_is_closed_and_a_plant_is_kept(served, people, say):
    world, _base = served
    before = world.record.head()
    duty = people("duty_officer")
    duty.get_by_role("navigation").get_by_role("link", name=say("清单")).click()
    duty.get_by_role("link", name=say("补差试算")).click()
    duty.get_by_label(say("级别")).select_option("orange")
    duty.get_by_label(say("减产步长")).select_option(label=say("整条停产"))
    duty.get_by_role("button", name=say("试算")).click()
    units = duty.locator(f'td[data-label="{say("企业")}"] a')
    units.first.wait_for()
    plant = units.first.get_attribute("href").rsplit("/", 1)[1]
    duty.get_by_label(say("不得再减的企业或单元（编号，或编号/单元）")).fill(plant)
    duty.get_by_role("button", name=say("试算")).click()
    duty.get_by_text(say("本办指定保留")).wait_for()

    assert plant not in [one.get_attribute("href").rsplit("/", 1)[1] for one in units.all()]
    assert duty.locator(".chart-box svg").count()
    assert before == world.record.head(), "trying changes nothing"


def test_list_import_from_the_workbook_to_the_edition_in_use(served, people, say):
    world, _base = served
    duty = people("duty_officer")
    duty.get_by_role("navigation").get_by_role("link", name=say("清单")).click()
    duty.get_by_role("link", name=say("导入新版本")).click()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    book = {"name": "清单.xlsx", "mimeType": kind, "buffer": workbook(world)}
    duty.get_by_label(say("清单文件（xlsx 或 CSV，80兆以内）")).set_input_files(book)
    duty.get_by_label(say("版本名称")).fill("2027")
    duty.get_by_label(say("虚构样例")).check()
    duty.get_by_role("button", name=say("上传并校验")).click()
    duty.get_by_text(
        say("没有错误，可以存为版本“%(edition)s”。入库后还须启用才用于下达指令。", edition="2027")
    ).wait_for()
    duty.get_by_role("button", name=say("存为新版本")).click()
    said(duty, say("清单已入库为新版本，尚未启用。"))

    before = world.settings.digest_of_list()
    director = people("office_director")
    director.goto("/list/editions/list-2027")
    director.get_by_role("button", name=say("启用此版本")).click()
    said(director, say("清单版本已启用，今后的指令按此版本下达。"))

    assert before != world.settings.digest_of_list()
    assert 3 == len(world.settings.lists.listing().enterprises)
