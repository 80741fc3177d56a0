"""What a person can do on a page another system can do through the API, or it is said here why not."""

import base64
from datetime import date, datetime
from pathlib import Path

import pytest

from console.access import ACCESS
from console.api.door import ACTS, NEEDS, READS, SIGNED
from console.api.reads import Life
from emergency.roster import Rotation, shifts_of
from emergency.roster_store import RosterStore
from plans import rulebook

from .test_api import BODIES, WORDING, act, client

pytestmark = pytest.mark.anyio
ORDER = "response-beijing-20151205.0.SP001"
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 40).decode()

ELSEWHERE = {
    "needs no token": (
        "GET /health", "GET /static/{name}", "GET /favicon.svg", "GET /board/{identifier}",
        "GET /board/{identifier}/qr.svg",
    ),
    "a person's own session, password and second factor": (
        "GET /login", "POST /login", "POST /login/code", "GET /login/oidc", "GET /login/oidc/back", "POST /logout",
        "POST /language", "GET /me", "POST /me/password", "POST /me/factor", "POST /me/factor/confirm",
        "GET /link/{name}", "POST /link/{name}",
    ),
    "what opens doors is given by a person on a page, where its secret is shown once": (
        "GET /accounts", "POST /accounts", "POST /accounts/tokens", "POST /accounts/tokens/{identifier}/close",
        "POST /accounts/{identifier}/renew", "POST /accounts/{identifier}/factor",
        "POST /accounts/{identifier}/close", "POST /accounts/{identifier}/open",
        "POST /list/plants/{identifier}/link",
    ),
    "the form of an act that the API has": (
        "GET /warnings/draft", "GET /warnings/{identifier}/redraft", "GET /duty/roster", "GET /duty/measures",
        "GET /list/import", "GET /inspections/{identifier}", "GET /list/editions/{identifier}",
        "GET /consultations/{identifier}/judgement",
    ),
    "the same data in another dress": (
        "GET /", "GET /desk/live", "GET /wall", "GET /wall/live", "GET /preview", "GET /preview/{name}",
        "GET /duty/calendar.ics", "GET /duty/telephone", "GET /reports", "GET /plant", "GET /plant/document",
    ),
    "an act of the API by another name: a receipt via phone, the check of the chain": (
        "POST /duty/telephone", "POST /record/verify",
    ),
    "the clock of a demonstration": ("GET /replay", "POST /replay"),
}  # fmt: skip


def test_every_page_and_every_act_of_the_console_is_in_the_api_or_it_is_said_why_not():
    told = {f"GET {page}" for page in READS.values()} | {f"POST {page}" for page in (*ACTS.values(), *SIGNED.values())}
    told |= {f"{method} {path}" for method, path in NEEDS}
    told |= {f"GET /{life.value}/{{identifier}}" for life in Life} | {"GET /rules/{name}"}

    left = {f"{method} {path}" for method, path in ACCESS} - told
    assert left == {page for pages in ELSEWHERE.values() for page in pages}


async def test_a_warning_is_drafted_returned_mended_and_withdrawn_through_the_api(world):
    world.conclude()
    before = world.record.head()
    async with client(world, "duty_officer") as duty, client(world) as director:
        shown = (await duty.post("/warnings/preview", json={**WORDING, "consultation": "c1"})).json()
        empty = (await duty.post("/warnings/preview", json={**WORDING, "consultation": "c1", "reason": " "})).json()
        assert world.record.head() == before, "a preview records nothing"
        drafted = await act(duty, "/warnings", BODIES["warnings"], key="draft-0001")
        twice = await act(duty, "/warnings", BODIES["warnings"], key="draft-0002")
        await act(director, "/warnings/warning-001/return", {"reason": "写明时段"}, key="return-0001")
        mended = await act(
            duty, "/warnings/warning-001/redraft", {**WORDING, "reason": "静稳高湿，夜间最重"}, key="redraft-01"
        )
        away = await act(duty, "/warnings/warning-001/withdraw", {"reason": "转好"}, key="withdraw-1")

    assert "" == shown["fault"] and "<status>Draft</status>" in shown["xml"] and shown["papers"]
    assert "原因" in empty["fault"] and "reason" == empty["field"]
    assert {"identifier": "warning-001", "state": "drafted", "version": 1} == drafted.json()
    assert (422, True) == (twice.status_code, "已有草稿" in twice.json()["detail"])
    assert ("drafted", "withdrawn") == (mended.json()["state"], away.json()["state"])
    assert "静稳高湿，夜间最重" == world.record.state("warning", "warning-001").draft.reason


async def test_a_visit_with_its_photograph_is_recorded_through_the_api(world):
    world.issue()
    async with client(world, "inspector") as inspector:
        path = f"/orders/{ORDER}/visits"
        odd = await act(inspector, path, {"seen": "reduced", "note": "x", "photo": "R0lGODlh"}, key="visit-0000")
        made = await act(
            inspector, path, {"seen": "running", "unit": "U1", "note": "照常", "photo": PIXEL}, key="visit-0001"
        )
        again = await act(
            inspector, path, {"seen": "running", "unit": "U1", "note": "照常", "photo": PIXEL}, key="visit-0001"
        )

    assert (422, True) == (odd.status_code, "JPEG" in odd.json()["detail"])
    assert 200 == made.status_code and made.json() == again.json(), made.text
    (seen,) = [one for one in world.record.state("order", ORDER).evidence if one["type"] == "inspection"]
    assert base64.b64decode(PIXEL) == world.record.exhibit(seen["photo"])[1]


async def test_a_plant_signs_reports_and_asks_through_the_api_and_finds_no_other_plant(world):
    world.issue()
    async with client(world, "SP001") as plant, client(world, "SP002") as other, client(world) as office:
        (mine,) = (await plant.get("/my")).json()["items"]
        assert ORDER == mine["identifier"] and "issued" == mine["state"]
        assert "T" in mine["respond_by"] and datetime.fromisoformat(mine["respond_by"]).utcoffset() is not None
        signed = await act(plant, f"/my/{ORDER}/acknowledge", {"signer": "厂长"}, key="sign-0001")
        begun = await act(
            plant, f"/my/{ORDER}/measures", {"unit": "U1", "step": "start", "photo": PIXEL}, key="measure-01"
        )
        await act(plant, f"/my/{ORDER}/questions", BODIES["questions"], key="ask-00001")
        done = await act(plant, f"/my/{ORDER}/execute", {"report": "已停"}, key="execute-1")
        shown = (await plant.get(f"/my/{ORDER}")).json()
        foreign = [
            (await other.get(f"/my/{ORDER}")).status_code,
            (await act(other, f"/my/{ORDER}/acknowledge", {"signer": "厂长"}, key="sign-0002")).status_code,
            (await plant.get(f"/orders/{ORDER}")).status_code,
            (await office.get("/my")).status_code,
        ]

    assert ("acknowledged", 200, "executing") == (signed.json()["state"], begun.status_code, done.json()["state"])
    assert "acknowledged" in {one["kind"] for one in shown["history"]} and shown["version"] >= 4
    assert [404, 404, 403, 403] == foreign


async def test_the_roster_is_changed_and_the_duty_handed_over_through_the_api(world):
    store = RosterStore(world.record)
    for one in shifts_of([("day", "白班", "08:00", "20:00"), ("night", "夜班", "20:00", "08:00")]):
        store.add(one, by="office_director", now=world.clock())
    rotation = Rotation(shift="day", people=("duty_officer", "office_director"), since=date(2015, 12, 1))
    store.add(rotation, by="office_director", now=world.clock())
    async with client(world, "duty_officer") as duty:
        noted = await act(duty, "/duty/roster", BODIES["roster"], key="roster-01")
        wrong = await act(duty, "/duty/roster", {**BODIES["roster"], "shift": "noon"}, key="roster-02")
        number = noted.json()["identifier"]
        assert int(number) in {one["number"] for one in (await duty.get("/duty")).json()["notes"]}
        gone = await act(duty, f"/duty/roster/{number}/withdraw", key="roster-03")
        handed = await act(duty, "/handovers", {"note": "平稳"}, key="handover-1")
        taken = await act(duty, f"/handovers/{handed.json()['identifier']}/take", key="handover-2")

    assert (200, 422, 200) == (noted.status_code, wrong.status_code, gone.status_code)
    assert 200 == handed.status_code and taken.status_code in (200, 409)
    assert handed.json()["identifier"] in {row["stream"] for row in world.record.now("handover")}


async def test_a_list_is_brought_mapped_stored_and_put_into_use_through_the_api(world):
    text = (Path(rulebook.HERE) / "cities" / "sample" / "enterprises" / "2026.csv").read_bytes()
    heading = text.decode("utf-8-sig").splitlines()[0]
    odd = text.decode("utf-8-sig").replace(heading, heading.replace("绩效等级", "评级结果"), 1).encode()
    body = {"edition": "2027", "file": base64.b64encode(odd).decode(), "sample": True}
    async with client(world, "duty_officer") as duty, client(world) as director:
        kept = (await act(duty, "/lists", body, key="list-0001")).json()
        report = (await duty.get(f"/lists/{kept['identifier']}")).json()
        early = await act(duty, f"/lists/{kept['identifier']}/store", key="list-0002")
        unknown = await act(
            duty, f"/lists/{kept['identifier']}/mapping", {"columns": {"评级结果": "等级"}}, key="list-0003"
        )
        mapped = await act(
            duty, f"/lists/{kept['identifier']}/mapping", {"columns": {"评级结果": "绩效等级"}}, key="list-0004"
        )
        stored = (await act(duty, f"/lists/{kept['identifier']}/store", key="list-0005")).json()
        shut = await act(duty, f"/editions/{stored['identifier']}/adopt", key="list-0006")
        adopted = await act(director, f"/editions/{stored['identifier']}/adopt", key="list-0007")
        plants = (await duty.get("/plants?limit=2")).json()

    assert "faulty" == kept["state"] and report["counts"]["error"] > 0 and early.status_code == 422
    assert (422, "usable") == (unknown.status_code, mapped.json()["state"])
    assert ("list-2027", "stored") == (stored["identifier"], stored["state"])
    assert (403, "in_use") == (shut.status_code, adopted.json()["state"])
    assert "2027" == plants["edition"] and 2 == len(plants["items"])


@pytest.mark.parametrize("path", [path for method, path in NEEDS if method == "GET" and "{" not in path])
async def test_every_read_without_a_name_answers(world, path):
    world.issue()
    world.clock.forward(hours=5)
    role = "SP001" if path == "/my" else "administrator" if path == "/webhooks" else "duty_officer"
    async with client(world, role) as caller:
        answer = await caller.get(path, params={"level": "yellow"} if path == "/what-if" else None)

    assert answer.status_code == (404 if path == "/outlook" else 200), answer.text
    if answer.headers["content-type"].startswith("application/json"):
        assert isinstance(answer.json(), dict)
