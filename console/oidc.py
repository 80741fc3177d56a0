"""Log-in at the city's own provider (OpenID Connect Core 1.0): authorization code with PKCE, state and nonce.

Off unless `oidc.yaml` stands in the office's folder. The provider says who somebody is and nothing else: accounts and
roles are the directory's. Authlib checks the protocol; the calls are made here, because each goes to an address that
was judged before (`emergency.outward`), over https, without following redirects.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from console.language import N_
from emergency.outward import Resolve, checked
from plans.errors import DataError

FILE = "oidc.yaml"
BACK = "/login/oidc/back"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures with a key that only the provider has; never "none", never one made with the shared secret."""
SECONDS, MOST_BYTES, LEEWAY = 10.0, 1_000_000, 60
KEPT = 3600.0
"""Seconds for which the provider's description and keys are kept."""
AGAIN = 60.0
"""Seconds before keys are fetched anew for a signature that none of them explains."""


class Factor(BaseModel):
    """What the provider must say for its log-in to count as a second factor; empty: it never does."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    amr: tuple[str, ...] = ()
    """Any of these methods (RFC 8176), e.g. mfa, otp, hwk."""
    acr: tuple[str, ...] = ()


class Provider(BaseModel):
    """One provider, as `oidc.yaml` describes it, and the secret it gave us."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    issuer: str
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1, repr=False)
    console: str
    """This console's own address as the provider knows it: never taken from a request."""
    account_claim: str = Field(min_length=1)
    """Which claim of the ID token names the account; one that people cannot change themselves."""
    accounts: Mapping[str, str] = {}
    """Value of the claim to account, where they differ; with any entry, only those who are in it come in."""
    own_network: bool = False
    """The provider stands in the office's own network; plain http is then allowed."""
    factor: Factor = Factor()
    title: str = Field(N_("统一身份认证"), min_length=1, max_length=20)
    prompt: str = Field("", pattern="^(|login|select_account)$")
    """login: ask for the password each time, for desks that several people share."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A log-in that left for the provider, and what its answer must fit."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Known:
    """Whom the provider vouched for."""

    account: str
    factor: bool


class Failed(Exception):
    """The provider could not be asked, or its answer does not hold; `reason` is for the log and names no secret."""

    def __init__(self, reason: str, *, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.unreachable = reason, unreachable


def read(home: Path) -> Provider | None:
    """The provider of an office's folder; None without the file. DataError says what is wrong with it."""
    path = home / FILE
    if not path.is_file():
        return None
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        secret = _secret(home, found)
        provider = Provider(**found, client_secret=secret)
    except (yaml.YAMLError, ValidationError, TypeError, AttributeError) as error:
        raise DataError("The log-in provider cannot be read", where=FILE, found=_first(error)) from error
    for name in ("issuer", "console"):
        _address(getattr(provider, name), name, plain=provider.own_network)
    return provider


def _first(error: Exception) -> str:
    """What is wrong, without the values: a secret must not come to a terminal."""
    if isinstance(error, ValidationError):
        one = error.errors(include_input=False)[0]
        return f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}"
    return str(error).splitlines()[0]


def _secret(home: Path, found: dict[str, Any]) -> str:
    name, variable = found.pop("client_secret_file", None), found.pop("client_secret_env", None)
    if "client_secret" in found or bool(name) == bool(variable):
        raise DataError(
            "The client secret has no place", where=FILE,
            expected="client_secret_file (in the working folder) or client_secret_env, one of them",
        )  # fmt: skip
    if variable:
        return os.environ.get(str(variable), "").strip()
    path = home / str(name)
    if not path.is_file():
        raise DataError("The client secret is missing", where=str(name), expected="a file in the working folder")
    if path.stat().st_mode & 0o077:
        raise DataError("The client secret can be read by others", where=str(name), todo=f"chmod 600 {name}")
    return path.read_text(encoding="utf-8").strip()


def _address(text: str, what: str, *, plain: bool) -> str:
    """An https address (http only where plain is allowed) without password, query or fragment; DataError otherwise."""
    parts = urlsplit(text)
    good = parts.scheme == "https" or (plain and parts.scheme == "http")
    if not good or not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        raise DataError(
            "An address of the log-in provider cannot be used", where=f"{FILE}: {what}",
            expected="https://host/path (http only with own_network: true)", found=text[:80],
        )  # fmt: skip
    return text


class Client:
    """Speaks to one provider; keeps its description and its keys for an hour."""

    def __init__(self, provider: Provider, *, clock: Callable[[], float], resolve: Resolve | None = None) -> None:
        self.provider, self.clock, self.resolve = provider, clock, resolve
        self._kept: dict[str, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def begin(self) -> Begun:
        """A new log-in: where to send the browser, and what to remember; Failed when the provider cannot be asked."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        address = prepare_grant_uri(
            self._described()["authorization_endpoint"], self.provider.client_id, "code",
            redirect_uri=self._back(), scope="openid profile", state=state, nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier), code_challenge_method="S256",
            prompt=self.provider.prompt or None,
        )  # fmt: skip
        return Begun(address, state, nonce, verifier)

    def finish(self, *, code: str, issuer: str | None, verifier: str, nonce: str) -> Known:
        """Who came back with this code; Failed when anything about the answer does not hold."""
        described = self._described()
        promised = described.get("authorization_response_iss_parameter_supported") is True
        if (issuer is not None or promised) and issuer != self.provider.issuer:
            raise Failed("the answer names another issuer (RFC 9207)")
        tokens = self._exchange(described, code, verifier)
        claims = self._checked(str(tokens.get("id_token", "")), nonce, tokens.get("access_token"))
        value = claims.get(self.provider.account_claim)
        if not isinstance(value, str) or not 0 < len(value) <= 200:
            raise Failed(f"the ID token has no claim {self.provider.account_claim}")
        if self.provider.account_claim == "email" and claims.get("email_verified") is not True:
            raise Failed("the e-mail address is not verified")
        amr, acr = claims.get("amr"), claims.get("acr")
        wanted = self.provider.factor
        factor = (isinstance(amr, list) and not set(wanted.amr).isdisjoint(map(str, amr))) or acr in wanted.acr
        known = self.provider.accounts
        return Known(known.get(value, "") if known else value, factor)

    def _back(self) -> str:
        return self.provider.console.rstrip("/") + BACK

    def _exchange(self, described: Mapping[str, Any], code: str, verifier: str) -> dict[str, Any]:
        """The tokens for a code."""
        from authlib.oauth2 import ClientAuth
        from authlib.oauth2.rfc6749.parameters import prepare_token_request

        ways = described.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        way = "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=self._back(), code_verifier=verifier
        )  # fmt: skip
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
        sender = ClientAuth(self.provider.client_id, self.provider.client_secret, way)
        address, headers, body = sender.prepare("POST", described["token_endpoint"], headers, body)
        return self._ask("POST", address, headers=headers, body=body)

    def _checked(self, text: str, nonce: str, access_token: object) -> Mapping[str, Any]:
        """The claims of an ID token whose signature, issuer, audience, times, nonce and at_hash hold (Core 3.1.3.7)."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError

        def opened(*, fresh: bool = False) -> Any:
            return jwt.decode(text, self._keys(fresh=fresh), algorithms=list(ALGORITHMS))

        try:
            try:
                token = opened()
            except (BadSignatureError, InvalidKeyIdError):
                token = opened(fresh=True)  # the provider may have changed its keys
            claims = CodeIDToken(
                token.claims, token.header,
                options={
                    "iss": {"essential": True, "value": self.provider.issuer},
                    "aud": {"essential": True, "value": self.provider.client_id},
                },
                params={"nonce": nonce, "client_id": self.provider.client_id, "access_token": access_token},
            )  # fmt: skip
            claims.validate(now=int(self.clock()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Failed(f"the ID token does not hold: {type(error).__name__} {error}"[:200]) from error
        return dict(claims)

    def _described(self) -> Mapping[str, Any]:
        """The provider's own description (OpenID Connect Discovery 1.0, 4), checked."""
        found = self._remembered(
            "description", self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration", KEPT
        )  # fmt: skip
        if found.get("issuer") != self.provider.issuer:
            raise Failed("the description names another issuer")
        challenges = found.get("code_challenge_methods_supported")
        if challenges is not None and "S256" not in challenges:
            raise Failed("the provider does not know PKCE with S256")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            try:
                _address(str(found.get(name, "")).split("?")[0], name, plain=self.provider.own_network)
            except DataError as error:
                raise Failed(str(error)) from error
        return found

    def _keys(self, *, fresh: bool) -> Any:
        """The provider's keys; those for signatures of ours only. `fresh`: not older than AGAIN."""
        from joserfc.jwk import KeySet

        found = self._remembered("keys", self._described()["jwks_uri"], AGAIN if fresh else KEPT)
        rows = [
            row for row in found.get("keys", ())
            if isinstance(row, dict) and row.get("kty") in ("RSA", "EC", "OKP") and row.get("use", "sig") == "sig"
        ]  # fmt: skip
        return KeySet.import_key_set({"keys": rows})

    def _remembered(self, name: str, address: str, age: float) -> dict[str, Any]:
        with self._lock:
            now = self.clock()
            at, found = self._kept.get(name, (float("-inf"), None))
            if found is None or now - at > age:
                found = self._ask("GET", address, headers={"accept": "application/json"})
                self._kept[name] = (now, found)
            return dict(found)

    def _ask(self, method: str, address: str, *, headers: Mapping[str, str], body: str = "") -> dict[str, Any]:
        """The JSON object that the provider answers; Failed otherwise."""
        import httpx

        try:
            target = checked(address, own_network=self.provider.own_network, resolve=self.resolve)
        except DataError as error:
            raise Failed(str(error), unreachable=True) from error
        sent = {**headers, "host": target.authority}
        try:
            with (
                httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    method, target.url, headers=sent, content=body or None, extensions={"sni_hostname": target.host}
                ) as answer,
            ):
                content = b""
                for piece in answer.iter_bytes():
                    content += piece
                    if len(content) > MOST_BYTES:
                        raise Failed("the provider's answer is too long")
                status = answer.status_code
        except httpx.HTTPError as error:
            raise Failed(f"the provider cannot be reached: {type(error).__name__}", unreachable=True) from error
        if status != 200:
            raise Failed(f"the provider answered HTTP {status}", unreachable=status >= 500)
        try:
            found = json.loads(content)
        except ValueError as error:
            raise Failed("the provider's answer is no JSON") from error
        if not isinstance(found, dict):
            raise Failed("the provider's answer is no JSON object")
        return found
