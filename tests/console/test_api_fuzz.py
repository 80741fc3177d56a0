"""Requests made from the API's own description: never a fault, never an answer that is not described."""

import os
from collections import Counter
from datetime import timedelta

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from emergency.access_tokens import SCOPES, Tokens

from .conftest import NOW, build

EXAMPLES = int(os.environ.get("LANTIAN_API_EXAMPLES", "25"))
"""Requests made of every operation; the long run of docs/operate.md sets it higher."""
WHO = ("office_director", "duty_officer", "inspector", "mayor")
MANY = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
CHECKS = [not_a_server_error, content_type_conformance, status_code_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory):
    """A drill with a consultation, a warning in force and its orders, and one token for each of four positions."""
    world = build(tmp_path_factory.mktemp("fuzz"), secure_cookie=False)
    world.conclude()
    world.issue()
    world.propose("c2")
    secrets = [
        Tokens(world.record).add(title="fuzz", account=who, scopes=SCOPES, expires_at=NOW + timedelta(days=1), now=NOW)[
            1
        ]
        for who in WHO
    ]
    yield world, secrets
    world.record.engine.dispose()


@pytest.mark.timeout(900)
def test_no_request_brings_a_fault_or_an_answer_nobody_described(lived_in):
    world, secrets = lived_in
    known = ["c1", "c2", "warning-001", "response-beijing-20151205.0.SP001"]
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", world.app)
    operations = [one.ok() for one in schema.get_all_operations()]
    seen: Counter[int] = Counter()

    def ask(case):
        text = str(case.path_parameters.get("identifier", "")) if case.path_parameters else ""
        if len(text) % 2:  # half of the requests name something that exists
            case.path_parameters["identifier"] = known[len(text) // 2 % len(known)]
        answer = case.call(headers={"authorization": f"Bearer {secrets[len(str(case.body)) % len(secrets)]}"})
        seen[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    for operation in operations:

        @settings(parent=MANY)
        @given(case=operation.as_strategy())
        def asked(case):
            ask(case)

        asked()

    assert 22 == len(operations)
    assert 0 == seen[401], "the fuzz must get through the door"
    assert {200, 404, 409} <= set(seen)


def test_the_record_stands_after_all_that(lived_in):
    assert 0 < lived_in[0].record.verify()
