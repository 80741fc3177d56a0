"""Signed webhooks (Standard Webhooks 1.0): another system is told, and can prove that it was us.

Also the door to an SMS gateway that takes JSON over HTTP: whatever gateway the city has, a small relay of its own
translates. Only 2xx is taken as handed over; an outage is tried again, a refusal of the request itself is not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from emergency.outward import Resolve, checked
from flows.deliver import Handed
from plans.errors import DataError

SECONDS = 10.0
AGAIN = frozenset({408, 425, 429})
"""Answers beside 5xx after which the same message may be tried again."""


def signature(secret: str, *, identifier: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header; DataError for a secret that is not `whsec_` and base64.

    >>> signature("whsec_c2VjcmV0", identifier="m", timestamp=1, body=b"{}")[:3]
    'v1,'
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise DataError("The webhook secret cannot be read", where="channel", expected="whsec_ and base64") from error
    signed = f"{identifier}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Webhook:
    """An outside channel: one POST a message. The key is the idempotency key (`webhook-id`)."""

    name = "webhook"
    sealed = False

    def __init__(
        self, *, secret: str, clock: Callable[[], datetime], own_network: bool = False, resolve: Resolve | None = None
    ) -> None:
        signature(secret, identifier="check", timestamp=0, body=b"")  # a secret that cannot sign is found at once
        self.secret, self.clock, self.own_network, self.resolve = secret, clock, own_network, resolve

    def send(self, message: Mapping[str, Any], *, address: str) -> Handed:
        """Post once to the address; a drill's message is refused before anything is looked up."""
        if message["drill"]:
            return Handed("refused", "演练消息不得发出")
        words = {name: message[name] for name in ("key", "audience", "recipient", "subject", "body")}
        # The key may hold Chinese, which a header may not; its digest is as good an idempotency key.
        identifier = "msg_" + hashlib.sha256(str(message["key"]).encode()).hexdigest()
        return self.post(words, identifier=identifier, address=address)

    def post(self, content: Mapping[str, Any], *, identifier: str, address: str) -> Handed:
        """Post a content once, signed, under its idempotency key."""
        import httpx

        try:
            target = checked(address, own_network=self.own_network, resolve=self.resolve)
        except DataError as error:
            return Handed("refused", error.sentence())
        body = json.dumps(content, ensure_ascii=False).encode()
        timestamp = int(self.clock().timestamp())
        headers = {
            "host": target.authority,
            "content-type": "application/json; charset=utf-8",
            "webhook-id": identifier,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self.secret, identifier=identifier, timestamp=timestamp, body=body),
        }
        try:
            with httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client:
                answer = client.post(
                    target.url, content=body, headers=headers, extensions={"sni_hostname": target.host}
                )
        except httpx.HTTPError as error:
            return Handed("failed", type(error).__name__)
        if answer.is_success:
            return Handed("handed", f"HTTP {answer.status_code}")
        again = answer.status_code in AGAIN or answer.is_server_error
        return Handed("failed" if again else "refused", f"HTTP {answer.status_code}")
