"""An OpenID provider on 127.0.0.1 that signs with keys of its own, and lies where a test asks it to."""

import base64
import hashlib
import json
import threading
import time
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from console.oidc import Provider

CLIENT, SECRET = "lantian-console", "the-client-secret-of-the-tests"
CONSOLE = "https://console.test"


def half_hash(text: str) -> str:
    """at_hash of Core 3.1.3.6 for RS256."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()


class Local:
    """The provider. What it says can be bent: `claims` go over the right ones (None takes one out)."""

    def __init__(self, base: str) -> None:
        self.base, self.who = base, "duty_officer"
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
        self.signs_with, self.algorithm, self.claims, self.described = self.key, "RS256", {}, {}
        self.codes, self.asked, self.down = {}, [], False
        self.console = CONSOLE

    def description(self):
        """What Discovery finds."""
        return {
            "issuer": self.base,
            "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": f"{self.base}/keys",
            "code_challenge_methods_supported": ["S256"],
            **self.described,
        }

    def allow(self, address: str) -> dict[str, str]:
        """The person says yes: what the browser brings back for the address it was sent to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert ("code", "S256", CLIENT) == (asked["response_type"], asked["code_challenge_method"], asked["client_id"])
        assert f"{self.console}/login/oidc/back" == asked["redirect_uri"] and "openid" in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def tokens(self, form, authorization) -> tuple[int, dict]:
        """The token endpoint: the code once, for the right client with the right verifier."""
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        if authorization != basic or asked is None:
            return 401, {"error": "invalid_client"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.base, "aud": CLIENT, "sub": "f3-91", "preferred_username": self.who, "nonce": asked["nonce"],
            "iat": now, "exp": now + 300, "at_hash": half_hash("the-access-token"), **self.claims,
        }  # fmt: skip
        header = {"alg": self.algorithm, "kid": "first"}
        kept = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(header, kept, self.signs_with, algorithms=[self.algorithm])
        return 200, {"id_token": token, "access_token": "the-access-token", "token_type": "Bearer"}


@contextmanager
def running():
    """The provider on a free port."""
    place: list[Local] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self, status, content, kind="application/json"):
            body = json.dumps(content).encode() if kind == "application/json" else content.encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            local, path = place[0], urlsplit(self.path).path
            local.asked.append(path)
            if local.down:
                self.answer(503, {})
            elif path == "/.well-known/openid-configuration":
                self.answer(200, local.description())
            elif path == "/keys":
                self.answer(200, {"keys": [local.key.as_dict(private=False)]})
            elif path == "/authorize":
                back = f"{local.console}/login/oidc/back?{urlencode(local.allow(self.path))}"
                page = (
                    f'<!doctype html><link rel="icon" href="data:,"><title>SSO</title><a href="{escape(back)}">同意</a>'
                )
                self.answer(200, page, "text/html; charset=utf-8")
            else:
                self.answer(404, {})

        def do_POST(self):
            raw = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(raw).items()}
            place[0].asked.append(self.path)
            self.answer(*place[0].tokens(form, self.headers.get("authorization", "")))

        def log_message(self, *_words):
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    place.append(Local(f"http://127.0.0.1:{web.server_port}"))
    threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield place[0]
    web.shutdown()
    web.server_close()


def settings_for(local: Local, **more) -> Provider:
    """What `oidc.yaml` would say of it."""
    wanted = {
        "issuer": local.base, "client_id": CLIENT, "client_secret": SECRET, "console": CONSOLE,
        "account_claim": "preferred_username", "own_network": True,
    }  # fmt: skip
    return Provider(**{**wanted, **more})


def foreign_key():
    """A key that the provider never published, under its key's name."""
    return RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})


def shared_secret_key():
    """The client's secret as a signing key: everyone who knows the secret could sign with it."""
    return OctKey.import_key(SECRET)
