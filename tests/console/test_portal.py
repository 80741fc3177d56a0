"""The portal: measures with reading and photograph, questions, exemptions, forms from without network; only its own."""

from datetime import timedelta

import pytest

from emergency.vocabulary import Role

from .conftest import PASSWORD, hidden

pytestmark = pytest.mark.anyio

ORDER = "response-beijing-20151205.0.SP001"
HERE = f"/my/{ORDER}"
JPEG = b"\xff\xd8\xff\xe0" + b"a small picture" * 20


@pytest.fixture
async def plant(world):
    world.issue()
    user = await world.user("SP001")
    await user.submit(HERE, f"{HERE}/acknowledge", signer="厂长")
    return user


def order(world):
    return world.office.record.state("order", ORDER)


async def report(plant, photo=JPEG, name="p.jpg", **fields):
    shown = await plant.get(HERE)
    data = {**hidden(shown.text, f"{HERE}/measure"), **fields}
    return await plant.client.post(f"{HERE}/measure", data=data, files={"photo": (name, photo)} if photo else None)


async def test_a_measure_begins_and_ends_with_reading_and_photograph(world, plant):
    assert 303 == (await report(plant, reading="1234.5")).status_code
    assert 303 == (await report(plant, photo=None)).status_code
    start, finish = order(world).evidence

    assert ("start", "1234.5", "U1") == (start["step"], start["reading"], start["unit"])
    assert ("image/jpeg", JPEG) == world.record.exhibit(start["photo"])
    assert "finish" == finish["step"]
    assert "已结束" in (await plant.get(HERE)).text


async def test_a_picture_is_known_by_its_bytes_not_by_its_name(world, plant):
    answer = await report(plant, photo=b"<svg onload=alert(1)>", name="innocent.jpg")

    assert 400 == answer.status_code
    assert "照片须为JPEG或PNG" in answer.text
    assert () == order(world).evidence


async def test_a_photograph_is_never_shown_as_a_page(world, plant):
    await report(plant)
    staff = await world.user("duty_officer")
    answer = await staff.get(f"/exhibits/{order(world).evidence[0]['photo']}?as=file")

    assert "sandbox" == answer.headers["content-security-policy"]


async def test_a_measure_of_another_plant_is_refused(world, plant):
    answer = await report(plant, photo=None, unit="U9")

    assert 409 == answer.status_code
    assert "没有这个单元的措施" in answer.text


async def test_a_form_from_without_network_counts_from_when_it_was_filled(world):
    world.issue()
    user = await world.user("SP001")
    world.clock.forward(minutes=100)  # the deadline was one hour
    await user.submit(HERE, f"{HERE}/acknowledge", signer="厂长", offline_seconds=str(90 * 60))

    state = order(world)
    assert world.clock() - timedelta(minutes=90) == state.acknowledged_at
    assert not state.late
    assert "断网时填写" in (await user.get(HERE)).text
    entry = world.record.history("order", ORDER)[-1]
    assert world.clock() == entry.recorded_at, "the record still knows when it came"


@pytest.mark.parametrize("seconds", [3 * 3600, 30 * 3600])
async def test_an_own_time_before_the_order_or_long_ago_is_refused(world, seconds):
    world.issue()
    user = await world.user("SP001")
    world.clock.forward(minutes=100)
    answer = await user.submit(HERE, f"{HERE}/acknowledge", signer="厂长", offline_seconds=str(seconds))

    assert 409 == answer.status_code
    assert "填写时间须在指令下达之后" in answer.text
    assert order(world).acknowledged_at is None


async def test_a_question_is_answered_by_the_office_and_read_by_the_plant(world, plant):
    await plant.submit(HERE, f"{HERE}/ask", kind="appeal", text="2号线本月已停产检修")
    staff = await world.user("duty_officer")
    await staff.submit(f"/orders/{ORDER}", f"/orders/{ORDER}/answer", text="已核实，以现场记录为准")

    assert "已核实，以现场记录为准" in (await plant.get(HERE)).text
    recipients = {message["recipient"] for message in world.record.messages() if "said" in message["key"]}
    assert {"duty_officer", "SP001"} == recipients


async def test_an_exemption_is_asked_for_refused_asked_again_and_granted(world, plant):
    director = await world.user("office_director")
    await plant.submit(HERE, f"{HERE}/exemption", reason="供热保障")
    again = {**hidden_token(await plant.get(HERE)), "reason": "再次"}
    second = await plant.client.post(f"{HERE}/exemption", data=again)
    assert 409 == second.status_code
    await director.submit(f"/orders/{ORDER}", f"/orders/{ORDER}/refuse-exemption", reason="负荷可以下调")
    await plant.submit(HERE, f"{HERE}/exemption", reason="锅炉仅一台")
    await director.submit(f"/orders/{ORDER}", f"/orders/{ORDER}/exempt", reason="仅一台锅炉，同意")

    assert "exempted" == order(world).state.key


def hidden_token(answer):
    import re

    return {"token": re.search(r'name="token" value="([0-9a-f]+)"', answer.text)[1]}


async def test_ledger_and_gate_become_evidence(world, plant):
    await plant.submit(HERE, f"{HERE}/ledger", unit="U1", day="2015-12-06", output="812.5")
    await plant.submit(HERE, f"{HERE}/gate", vehicles="40", banned="2")
    wrong = await plant.submit(HERE, f"{HERE}/gate", vehicles="4", banned="9")

    assert ["ledger", "gate"] == [item["type"] for item in order(world).evidence]
    assert 400 == wrong.status_code


async def test_another_plant_sees_nothing_of_it_and_can_do_nothing(world, plant):
    other = await world.user("SP002")
    token = hidden_token(await other.get("/my"))
    for act in ("acknowledge", "execute", "measure", "ask", "exemption", "ledger", "gate"):
        answer = await other.client.post(f"{HERE}/{act}", data={**token, "signer": "x", "report": "x"})
        assert 404 == answer.status_code, act
    assert 404 == (await other.get(HERE)).status_code


async def test_a_department_answers_its_task_on_the_same_page(world):
    from emergency.office import Instruction

    now = world.clock()
    streets = {"title": "城管局联络员", "role": Role.DEPARTMENT, "enterprise": "dept-urban"}
    world.directory.add_account("streets", PASSWORD, **streets)
    world.draft()
    for role in world.office.desk.authority[next(iter(world.office.desk.authority))].roles:
        world.office.approve_warning("warning-001", by=world.actor(role), now=now)
    sweep = {"unit": "T1", "text": "增加清扫"}
    task = Instruction("dept-urban", "市城市管理局", (sweep,), False, audience="department")
    world.office.issue_warning(
        "warning-001", instructions=[task], list_digest="d" * 64, by=world.actor("duty_officer"), now=now
    )
    user = await world.user("streets")
    path = "/my/response-beijing-20151205.0.dept-urban"
    await user.submit(path, f"{path}/acknowledge", signer="值班科长")
    await user.submit(path, f"{path}/execute", report="已安排12台次")

    state = world.record.state("order", "response-beijing-20151205.0.dept-urban")
    assert ("executing", "值班科长") == (state.state.key, state.acknowledged_by)
    assert 403 == (await user.get("/desk")).status_code


async def test_a_body_larger_than_a_photograph_is_not_read(world, plant):
    answer = await report(plant, photo=JPEG + b"x" * (9 * 2**20))

    assert 413 == answer.status_code
