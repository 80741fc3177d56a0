"""Log-in: signed session cookies, tokens against forged forms, and a brake on guessing.

A session is a signed cookie that names account, session, start and last click; nothing about it is kept here except
the sessions that were logged out. It ends after an idle time, after a longest time, at log-out, when the password
changes and when the account is closed, because the account is looked up on every request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from itsdangerous import BadSignature, URLSafeSerializer

from console.links import revoked
from console.settings import Settings
from emergency.directory import Account

WINDOW = 15 * 60.0
"""Seconds in which failed log-ins are counted (these four are settings of the office, confidence I)."""
PER_PAIR = 5
"""Failures of one account from one address: a guesser is stopped, the duty officer at another desk is not."""
PER_ADDRESS = 20
PER_ACCOUNT = 50
HALF_STANDS = 300
"""Seconds between the right password and the code."""
RENEW_AFTER = 60
"""Seconds after which a click writes the cookie anew."""


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in on one browser. Times are seconds of the real clock, whatever clock the record goes by."""

    account: str
    identifier: str
    started: int
    seen: int
    mark: str
    factor: bool = False
    """Whether the log-in provider vouched for a second factor, where the office lets that count."""
    link: str = ""
    """The signed link by which a plant came in, with a second factor or without; taken back, it ends the session."""


class Sessions:
    """Makes and reads session cookies."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.clock = clock
        self.cookie = "__Host-lantian" if settings.secure_cookie else "lantian"
        self._signer = URLSafeSerializer(
            settings.secret_key,
            salt="lantian.session",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )
        self._half = URLSafeSerializer(
            settings.secret_key,
            salt="lantian.half",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )
        self._ended: dict[str, float] = {}

    def begin(self, account: Account, *, factor: bool = False, link: str = "") -> Session:
        """A new session; every log-in gets a new identifier, so none can be planted before it."""
        now = int(self.clock())
        return Session(account.identifier, secrets.token_urlsafe(18), now, now, account.mark, factor, link)

    def written(self, session: Session) -> str:
        """The cookie's text."""
        return str(self._signer.dumps(asdict(session)))

    def read(self, text: str | None) -> tuple[Session, Account] | None:
        """The session and its account when both still stand; None otherwise."""
        if not text:
            return None
        try:
            session = Session(**self._signer.loads(text))
        except (BadSignature, TypeError):
            return None
        now = self.clock()
        idle, longest = self.settings.idle_timeout.total_seconds(), self.settings.longest_session.total_seconds()
        if session.identifier in self._ended or now - session.seen > idle or now - session.started > longest:
            return None
        account = self.settings.directory.account(session.account)
        if account is None or not account.active or account.mark != session.mark:
            return None
        if session.link and revoked(self.settings.office.record, session.link):
            return None
        return session, account

    def half(self, account: Account, *, link: str = "") -> str:
        """The text that says: password (or link) was right just now, the code is still to come."""
        return str(self._half.dumps([account.identifier, account.mark, int(self.clock()), link]))

    def read_half(self, text: str | None) -> tuple[Account, str] | None:
        """The account that was right within HALF_STANDS, and the link it came by ("" for none); None otherwise."""
        if not text:
            return None
        try:
            identifier, mark, at, link = self._half.loads(text)
        except (BadSignature, ValueError, TypeError):
            return None
        account = self.settings.directory.account(identifier)
        stands = account is not None and account.active and account.mark == mark and self.clock() - at <= HALF_STANDS
        if account is None or not stands or (link and revoked(self.settings.office.record, link)):
            return None
        return account, link

    def renewed(self, session: Session) -> Session | None:
        """The session as of this click; None while the cookie is fresh enough."""
        now = int(self.clock())
        return replace(session, seen=now) if now - session.seen >= RENEW_AFTER else None

    def end(self, session: Session) -> None:
        """Log out: this session is over even for somebody who copied the cookie (until the console restarts)."""
        now, longest = self.clock(), self.settings.longest_session.total_seconds()
        self._ended = {key: until for key, until in self._ended.items() if until > now}
        self._ended[session.identifier] = now + longest

    def token(self, session_or_visit: str) -> str:
        """The token that every form of this session (or of this visit to the log-in page) must carry."""
        return hmac.new(self.settings.secret_key, f"form:{session_or_visit}".encode(), hashlib.sha256).hexdigest()

    def right_token(self, session_or_visit: str, given: str) -> bool:
        """Whether a form carries the token, compared in constant time."""
        return hmac.compare_digest(self.token(session_or_visit).encode(), given.encode())


class Attempts:
    """Counts failed log-ins per account, per address and per pair of both."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._failures: dict[tuple[str, str], list[float]] = {}
        self._lock = threading.Lock()

    def wait(self, account: str, address: str) -> int:
        """Seconds until another try is allowed; 0 when it is allowed now."""
        now = self.clock()
        with self._lock:
            waits = [
                times[-most] + WINDOW - now
                for key, most in self._keys(account, address)
                if len(times := [moment for moment in self._failures.get(key, []) if now - moment < WINDOW]) >= most
            ]
        return max(0, *(int(wait) + 1 for wait in waits)) if waits else 0

    def failed(self, account: str, address: str) -> None:
        """Count one failure."""
        now = self.clock()
        with self._lock:
            if len(self._failures) > 10_000:  # a flood of made-up names must not fill the memory
                self._failures = {key: times for key, times in self._failures.items() if now - times[-1] < WINDOW}
            for key, most in self._keys(account, address):
                self._failures[key] = [*self._failures.get(key, [])[-most:], now]

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures of this account from this address."""
        with self._lock:
            self._failures.pop((account, address), None)

    @staticmethod
    def _keys(account: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
        return (((account, address), PER_PAIR), (("", address), PER_ADDRESS), ((account, ""), PER_ACCOUNT))
