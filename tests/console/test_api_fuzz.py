"""Requests made from the API's own description: never a fault, never an answer that is not described.

Rounds of requests, well-formed and ill-formed, go on until LANTIAN_API_SECONDS are over (60 in CI, 10 elsewhere; one
round at least); every round meets an office of its own. The long run of docs/api.md sets it to 1800.
"""

import hashlib
import json
import os
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from console import uploads
from emergency.access_tokens import SCOPES, Tokens
from emergency.compliance import Finding, Verdict
from emergency.roster import Rotation, shifts_of
from emergency.roster_store import RosterStore
from emergency.vocabulary import Level
from plans import rulebook
from plans.list_export import csv_text, rows_of

from .conftest import NOW, build

SECONDS = float(os.environ.get("LANTIAN_API_SECONDS", "60" if os.environ.get("CI") == "true" else "10"))
EXAMPLES = 40 if SECONDS > 300 else 8
"""Well-formed requests made of every operation in a round; ill-formed ones are half as many."""
ROUND = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False)
CHECKS = [not_a_server_error, content_type_conformance, status_code_conformance, response_schema_conformance]
WHO = (
    "office_director", "duty_officer", "inspector", "mayor", "territory", "forecaster", "expert", "administrator",
    "SP001",
)  # fmt: skip
KNOWN = {
    "consultations": ("c1", "c2", "c3"),
    "warnings": ("warning-001", "warning-002"),
    "orders": tuple(f"response-beijing-20151205.0.SP00{number}" for number in (1, 2, 3)),
    "problems": tuple(f"problem-response-beijing-20151205.0.SP00{number}" for number in (1, 2)),
    "my": ("response-beijing-20151205.0.SP001",),
    "responses": ("response-beijing-20151205",),
    "editions": ("list-2027",),
    "handovers": ("handover-1",),
    "calls": ("call-1",),
    "links": ("link-1",),
    "plants": ("SP001", "SP002"),
    "rules": ("hj633-2012", "beijing-2013"),
    "webhooks": ("0" * 12,),
}
LIST = (Path(rulebook.HERE) / "cities" / "sample" / "enterprises" / "2026.csv").read_bytes()
LISTS = (hashlib.sha256(LIST).hexdigest(), "0" * 64)
KEYS = ("the-same-key-again", "another-key-of-mine")


def office(folder):
    """A drill with something in every life to act on, and one token for each of nine positions."""
    world = build(folder, secure_cookie=False)
    world.conclude()
    world.issue()
    world.draft("warning-002", level="orange", replaces="warning-001")
    for identifier in ("c2", "c3"):
        world.propose(identifier)
    world.office.convene("c3", by=world.actor("duty_officer"), now=NOW)
    world.clock.forward(hours=12)
    for order in KNOWN["orders"][:2]:
        world.office.record_finding(order, Finding(Verdict.SILENT, 0.5, None, "未签收"), now=world.clock())
    rest_of_the_house(world)
    tokens = Tokens(world.record)
    end = NOW + timedelta(days=1)
    return world, [tokens.add(title="fuzz", account=who, scopes=SCOPES, expires_at=end, now=NOW)[1] for who in WHO]


def rest_of_the_house(world):
    """A roster, a call, a hand-over, a link, and a list that was brought but is not in use."""
    by, now = world.actor("duty_officer"), world.clock()
    store = RosterStore(world.record)
    for one in shifts_of([("day", "白班", "08:00", "20:00"), ("night", "夜班", "20:00", "08:00")]):
        store.add(one, by="office_director", now=now)
    store.add(Rotation("day", ("duty_officer", "office_director"), now.date()), by="office_director", now=now)
    world.office.open_call(
        "call-1", matter_life="warning", matter="warning-001", level=Level.YELLOW, episode="beijing-20151205",
        policy="convene", what="预警待发布",
        since=now, now=now,
    )  # fmt: skip
    world.office.write_handover(
        "handover-1", episode="", shift="day", shift_name="白班", day=now.date(), to_person="", note="平稳",
        open_matters=(), by=by, now=now,
    )  # fmt: skip
    world.office.make_link(
        "link-1", enterprise="SP001", enterprise_name="样例1厂", account="SP001", by=by,
        ends_at=now + timedelta(days=1), now=now,
    )  # fmt: skip
    uploads.keep(world.settings.uploads, LIST, name="list.csv", edition="2028", sample=True)
    listing = world.settings.lists.listing()
    world.office.store_edition(
        replace(listing, edition="2027"), csv_text(rows_of(listing)), file="list.csv", by=by, now=now
    )


def one_round(folder, number: int, seen: Counter[str]) -> None:
    """Every operation is asked; `seen` counts the answers. A fault or an answer nobody described raises."""
    world, secrets = office(folder)
    etags = [""]

    def ask(case, pick: int) -> None:
        if pick % 4:  # three of four requests name something that exists
            _aim(case, pick)
        headers = {"authorization": f"Bearer {secrets[pick % len(secrets)]}"}
        if case.method == "POST" and pick % 5 == 0:
            headers["idempotency-key"] = KEYS[pick % 2]
        if case.method == "GET" and pick % 3 == 0:
            headers["if-none-match"] = etags[-1]
        answer = case.call(headers=headers)
        seen[str(answer.status_code)] += 1
        etags.extend(answer.headers.get("etag", ()))
        case.validate_response(answer, checks=CHECKS)

    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", world.app)
    for operation in [one.ok() for one in schema.get_all_operations()]:
        for mode, examples in ((GenerationMode.POSITIVE, EXAMPLES), (GenerationMode.NEGATIVE, EXAMPLES // 2)):
            if mode is GenerationMode.POSITIVE or negatable(operation):
                made = given(case=operation.as_strategy(generation_mode=mode), pick=st.integers(0, 10_000))(ask)
                seed(number)(settings(parent=ROUND, max_examples=examples)(made))()
    assert 0 < world.record.verify(), "the record's chain stands after all that"
    world.record.engine.dispose()


def negatable(operation) -> bool:
    """Whether anything about a request to it can be wrong."""
    return bool(operation.body or operation.query or operation.path_parameters)


def _aim(case, pick: int) -> None:
    if not isinstance(case.path_parameters, dict):
        return
    for name, values in (("digest", LISTS), ("number", (1, 2, 4))):
        if name in case.path_parameters:
            case.path_parameters[name] = values[pick % len(values)]
    if "identifier" not in case.path_parameters:
        return
    life = str(case.path_parameters.get("life") or case.path.split("/")[1])
    known = KNOWN.get(life, KNOWN["orders"])
    case.path_parameters["identifier"] = known[pick % len(known)]


@pytest.mark.timeout(1200 + 3 * SECONDS)
def test_no_request_brings_a_fault_or_an_answer_nobody_described(tmp_path):
    until, seen, rounds = time.monotonic() + SECONDS, Counter(), 0
    while not rounds or time.monotonic() < until:
        folder = tmp_path / str(rounds)
        folder.mkdir()
        one_round(folder, rounds, seen)
        rounds += 1
    print(json.dumps({"seconds": round(SECONDS), "rounds": rounds, **dict(sorted(seen.items()))}))

    assert seen["401"] < sum(seen.values()) / 10, "all but ill-formed tokens must get through the door"
    assert {"200", "304", "403", "404", "409", "422"} <= set(seen)
