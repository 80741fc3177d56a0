"""The API: a token does what its position may and its scopes allow, once, and every error is a problem."""

from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest
from starlette.routing import Mount

from console.api.door import NEEDS
from emergency.access_tokens import ACT, READ, SCOPES, SIGN, Tokens
from emergency.vocabulary import Role

from .conftest import NOW

pytestmark = pytest.mark.anyio
PERSONS = [role for role in Role if role not in (Role.ENTERPRISE, Role.DEPARTMENT, Role.SYSTEM)]
WORDING = {
    "starts_at": "2015-12-06T00:00+08:00", "expected_end": "2015-12-08T00:00+08:00", "reason": "静稳高湿",
    "text": "请减少户外活动。",
}  # fmt: skip
BODIES = {
    "opinion": {"daily_aqi": [[90, 120]] * 7, "primary": ["pm25"] * 7, "view": "转差"},
    "absence": {"role": "expert", "why": "未应答"},
    "conclude": {"signed_aqi": [170] * 7, "level": "yellow", "reason": "静稳", "against": "区域联动"},
    "cancel": {"reason": "误报"}, "return": {"reason": "改文字"}, "withdraw": {"reason": "不需要"},
    "acknowledge": {"signer": "厂长", "via": "phone", "witness": "值班员乙"},
    "ask-lift": {"reason": "好转", "below_hours": 48}, "lift": {"reason": "好转", "below_hours": 48},
    "exempt": {"reason": "供暖"}, "refuse-exemption": {"reason": "不符"}, "answer": {"number": 1, "text": "包括"},
    "warnings": {**WORDING, "consultation": "c1"}, "preview": {**WORDING, "consultation": "c1"}, "redraft": WORDING,
    "control": {**WORDING, "measures": "增加洒水"},
    "superior": {"source": "环办〔2015〕1号", "summary": "区域将出现重污染"},
    "pause": {"reason": "降雨"}, "handovers": {"note": "平稳"}, "jump": {"step": 1}, "chase": {},
    "roster": {"kind": "override", "shift": "day", "day": "2015-12-06", "person": "duty_officer"},
    "acknowledge-alert": {"alert": "station_silent|x"}, "visits": {"seen": "reduced", "note": "负荷已降"},
    "lists": {"edition": "2016", "file": "MSwy"}, "mapping": {},
    "map": {"file": "e30=", "source": "本办", "number": "x"},
    "revoke": {"reason": "误发"}, "execute": {"report": "已停"}, "gate": {"vehicles": 3, "banned": 0},
    "measures": {"unit": "U1", "step": "start"}, "questions": {"kind": "question", "text": "夜班是否包括"},
    "exemption": {"reason": "供暖"}, "ledger": {"unit": "U1", "day": "2015-12-06", "output": 3},
    "assign": {"unit": "某分局"}, "rectify": {"report": "已整改"}, "look-back": {"mended": True, "note": "已看"},
}  # fmt: skip


def filled(template):
    values = {"{life}": "warnings", "{identifier}": "x", "{digest}": "0" * 64, "{number}": "7"}
    for name, value in values.items():
        template = template.replace(name, value)
    return template


def body_of(path):
    named = {
        "/orders/chase": {"response": "r"}, "/alerts/acknowledge": BODIES["acknowledge-alert"],
        "/my/x/acknowledge": {"signer": "厂长"}, "/webhooks/x/pause": {},
    }  # fmt: skip
    return named.get(path, BODIES.get(path.rsplit("/", 1)[-1], {}))


def api_of(world):
    (mount,) = [one for one in world.app.routes if isinstance(one, Mount)]
    return mount.app


def client(world, account="office_director", scopes=(READ, ACT, SIGN), *, days=1):
    secret = Tokens(world.record).add(
        title="test", account=account, scopes=scopes, expires_at=NOW + timedelta(days=days), now=NOW
    )[1]
    transport = httpx.ASGITransport(app=world.app, raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.AsyncClient(transport=transport, base_url="https://console.test/api/v1", headers=headers)


async def act(caller, path, body=None, *, key="key-00000001"):
    return await caller.post(path, json=body or {}, headers={"idempotency-key": key})


def test_every_route_of_the_api_stands_in_its_table_and_every_row_has_a_route(world):
    routes = {
        (method, one.path)
        for one in walk(api_of(world).routes)
        for method in getattr(one, "methods", ())
        if method != "HEAD" and one.path != "/openapi.json"
    }
    assert set(NEEDS) == routes


def walk(routes):
    for one in routes:
        inner = getattr(one, "original_router", None)
        if inner is not None:
            yield from walk(inner.routes)
        elif hasattr(one, "methods"):
            yield one


async def test_without_a_token_nothing_is_told(world):
    transport = httpx.ASGITransport(app=world.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://console.test/api/v1") as nobody:
        for headers in ({}, {"authorization": "Bearer lantian_wrong"}, {"authorization": "Basic eA=="}):
            answer = await nobody.get("/status", headers=headers)
            assert (401, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
            assert "Bearer" == answer.headers["www-authenticate"]


WHO = {role.key: role for role in PERSONS} | {"SP001": Role.ENTERPRISE}


@pytest.mark.parametrize("account", WHO)
async def test_each_role_and_scope_passes_exactly_its_own_doors(world, account):
    wrong, role = [], WHO[account]
    for scope in SCOPES:
        async with client(world, account, (scope,)) as caller:
            for (method, template), need in NEEDS.items():
                path = filled(template)
                answer = await caller.request(
                    method, path, json=body_of(path) if method == "POST" else None,
                    headers={"idempotency-key": f"{scope}-{path}"[:80]},
                )  # fmt: skip
                expected = scope == need.scope and role in need.roles
                if (answer.status_code != 403) is not expected or answer.status_code >= 500:
                    wrong.append((scope, method, path, answer.status_code))
    assert [] == wrong


async def test_a_token_ends_with_its_day_its_account_and_its_closing(world):
    async with client(world, "duty_officer", (READ,)) as caller:
        assert 200 == (await caller.get("/status")).status_code
        world.directory.set_active("duty_officer", False)
        assert 401 == (await caller.get("/status")).status_code
        world.directory.set_active("duty_officer", True)
        world.clock.forward(days=2)
        assert 401 == (await caller.get("/status")).status_code
    async with client(world, "duty_officer", (READ,), days=9) as caller:
        for token in Tokens(world.record).all():
            Tokens(world.record).close(token.identifier)
        assert 401 == (await caller.get("/status")).status_code


async def test_a_consultation_is_held_through_the_api_from_call_to_signature(world):
    world.propose()
    async with client(world, "duty_officer") as duty, client(world) as director:
        assert "convened" == (await act(duty, "/consultations/c1/convene")).json()["state"]
        shown = (await duty.get("/consultations/c1")).json()
        missing = shown["body"]["required"]
        for number, role in enumerate(missing):
            await act(duty, "/consultations/c1/absence", {"role": role, "why": "未应答"}, key=f"absence-{number}")
        unsaid = await act(
            director, "/consultations/c1/conclude", {**BODIES["conclude"], "against": ""}, key="conclude-0"
        )
        short = await act(
            director, "/consultations/c1/conclude", {**BODIES["conclude"], "signed_aqi": [170]}, key="conclude-1"
        )
        done = await act(director, "/consultations/c1/conclude", BODIES["conclude"])

    assert (409, "urn:lantian:refused") == (unsaid.status_code, unsaid.json()["type"]), "against the criteria, unsaid"
    assert 422 == short.status_code
    assert (200, "concluded") == (done.status_code, done.json()["state"])
    assert "c1" == world.record.now("consultation", states=("concluded",))[0]["stream"]


async def test_the_same_request_acts_once_and_is_answered_alike(world):
    world.propose()
    async with client(world, "duty_officer") as duty:
        first = await act(duty, "/consultations/c1/convene")
        head = world.record.head()
        again = await act(duty, "/consultations/c1/convene")
        other = await act(duty, "/consultations/c1/cancel", {"reason": "误报"})
        without = await duty.post("/consultations/c1/convene", json={})

    assert first.json() == again.json() and head == world.record.head()
    assert (422, "urn:lantian:key") == (other.status_code, other.json()["type"])
    assert 422 == without.status_code and "Idempotency-Key" in without.json()["detail"]


async def test_a_decision_on_an_older_version_is_refused(world):
    world.propose()
    async with client(world, "duty_officer") as duty:
        seen = (await duty.get("/consultations/c1")).json()["version"]
        await act(duty, "/consultations/c1/convene")
        late = await act(duty, "/consultations/c1/cancel", {"reason": "误报", "version": seen}, key="key-00000002")

    assert (409, "urn:lantian:stale") == (late.status_code, late.json()["type"])


async def test_a_refusal_says_in_chinese_what_would_make_it_possible(world):
    world.conclude()
    world.draft()
    async with client(world, "forecaster") as forecaster:
        answer = await act(forecaster, "/warnings/warning-001/approve")

    assert (409, "urn:lantian:refused") == (answer.status_code, answer.json()["type"])
    assert "不能" in answer.json()["detail"] and "officer" not in answer.json()["detail"]


async def test_what_has_not_changed_is_not_sent_again(world):
    world.propose()
    async with client(world) as caller:
        first = await caller.get("/consultations")
        second = await caller.get("/consultations", headers={"if-none-match": first.headers["etag"]})

        etag = first.headers["etag"]
        others = [
            (await caller.get("/consultations", headers={"if-none-match": value})).status_code
            for value in (f'"old", W/{etag}', "*", '"old"', "")
        ]

    assert (304, b"") == (second.status_code, second.content)
    assert [304, 304, 200, 200] == others
    assert 1 == first.json()["total"]


async def test_the_log_is_read_in_pieces_that_fit_together(world):
    world.conclude()
    async with client(world) as caller:
        whole = (await caller.get("/record?limit=500")).json()["entries"]
        pieces, after = [], 0
        while after is not None:
            part = (await caller.get(f"/record?limit=3&after={after}")).json()
            pieces += part["entries"]
            after = part["next"]

    assert whole == pieces and world.record.head()[1] == whole[-1]["digest"]


@pytest.mark.parametrize("name", ["c1/../x", "x" * 200, "编号", "a b", "%00"])
async def test_a_strange_identifier_is_a_problem_and_no_fault(world, name):
    async with client(world) as caller:
        answer = await caller.get(f"/consultations/{quote(name)}")

    assert answer.status_code in (404, 422) and "detail" in answer.json()


async def test_the_administrator_gives_and_ends_a_token_on_the_page(world):
    admin = await world.user("administrator")
    shown = await admin.submit(
        "/accounts", "/accounts/tokens", title="气象台", account="meteorologist", days="30", scope="read"
    )
    secret = shown.text.split("secret")[1].split(">")[1].split("<")[0]
    headers = {"authorization": f"Bearer {secret}"}
    assert 200 == (await admin.get("/api/v1/status", headers=headers)).status_code
    (token,) = Tokens(world.record).all()
    await admin.submit("/accounts", f"/accounts/tokens/{token.identifier}/close")

    given = await admin.submit(
        "/accounts", "/accounts/tokens", title="厂内系统", account="SP001", days="30", scope="read"
    )
    own = {"authorization": f"Bearer {given.text.split('secret')[1].split('>')[1].split('<')[0]}"}
    assert {"items": []} == (await admin.get("/api/v1/my", headers=own)).json()
    assert 401 == (await admin.get("/api/v1/status", headers=headers)).status_code
    assert secret not in (await admin.get("/accounts")).text


async def test_a_warning_goes_through_the_api_from_its_draft_to_its_lift(world):
    world.conclude()
    world.draft()
    path = "/warnings/warning-001"
    async with client(world, "duty_officer") as duty, client(world) as director:
        early = await act(duty, f"{path}/issue", key="issue-too-early")
        await act(director, f"{path}/approve", key="approve-1")
        issued = await act(duty, f"{path}/issue", key="issue-once")
        head = world.record.head()
        again = await act(duty, f"{path}/issue", key="issue-once")
        assert (200, issued.json(), head) == (again.status_code, again.json(), world.record.head())
        unsigned = await act(duty, f"{path}/lift", BODIES["lift"], key="lift-early")
        without = await act(duty, f"{path}/ask-lift", {"reason": "好转"}, key="ask-without")
        asked = await act(duty, f"{path}/ask-lift", BODIES["ask-lift"], key="ask-lift-1")
        old = await act(director, f"{path}/sign-lift", {"version": asked.json()["version"] - 1}, key="sign-lift-0")
        await act(director, f"{path}/sign-lift", {"version": asked.json()["version"]}, key="sign-lift-1")
        lifted = await act(duty, f"{path}/lift", BODIES["lift"], key="lift-once")

    assert (409, 200, "issued") == (early.status_code, issued.status_code, issued.json()["state"])
    assert (409, 422, 409) == (unsigned.status_code, without.status_code, old.status_code)
    assert (200, "lifted") == (lifted.status_code, lifted.json()["state"])
    assert {"released": 3} == world.office.record.counts("order")
    assert world.record.verify() > 0


async def test_a_plant_is_answered_and_its_request_decided_through_the_api(world):
    world.issue()
    order = "response-beijing-20151205.0.SP001"
    plant = world.actor("SP001")
    world.office.ask(order, kind="question", text="夜班是否包括在内", by=plant, now=world.clock())
    world.office.request_exemption(order, reason="居民供暖", by=plant, now=world.clock())
    async with client(world, "duty_officer") as duty, client(world) as director:
        answered = await act(duty, f"/orders/{order}/answer", BODIES["answer"], key="answer-0")
        nobody = await act(duty, f"/orders/{order}/answer", {"number": 7, "text": "x"}, key="answer-7")
        shut = await act(duty, f"/orders/{order}/exempt", BODIES["exempt"], key="exempt-duty")
        exempted = await act(director, f"/orders/{order}/exempt", BODIES["exempt"], key="exempt-1")

    assert (200, 403, 200) == (answered.status_code, shut.status_code, exempted.status_code)
    assert nobody.status_code == 409
    assert "exempted" == exempted.json()["state"]
