"""Signed links for plants: an address that leads one plant to its orders together with a code that is told apart.

The link is signed, ends by itself, and stands for one account of one plant; a new password or a closed account ends it
at once, because the account's mark is in it, and the office can take one link back alone. The code is made from the
link with the office's own key and is not in it, so whoever finds the link alone cannot come in. Neither of the two is
stored; the record (emergency/link.py) knows a link by its identifier.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from emergency.directory import Account, Directory
from emergency.link import LinkState, PlantLink
from emergency.record import Record
from emergency.vocabulary import Role
from plans.errors import DataError

STANDS = timedelta(hours=48)
"""How long a link stands; a setting of ours (I): an order is answered within hours, a response lasts days."""
DIGITS = 8
PATH = "/link/"


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was read: whom it lets in and until when."""

    identifier: str
    account: str
    mark: str
    ends_at: int
    """Seconds of the real clock."""


class Links:
    """Makes and reads links under the office's key."""

    def __init__(
        self,
        key: bytes,
        directory: Directory,
        *,
        clock: Callable[[], float],
        revoked: Callable[[str], bool] = lambda _identifier: False,
    ) -> None:
        self._key, self._directory, self._clock, self._revoked = key, directory, clock, revoked
        self._signer = URLSafeSerializer(
            key, salt="lantian.link", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )

    def make(self, enterprise: str, *, stands: timedelta = STANDS) -> tuple[str, str]:
        """(token of the address, code) for the plant's first active account; DataError when it has none."""
        for account in self._directory.accounts():
            if account.active and account.role is Role.ENTERPRISE and account.enterprise == enterprise:
                ends_at = int(self._clock() + stands.total_seconds())
                token = str(self._signer.dumps([secrets.token_urlsafe(9), account.identifier, account.mark, ends_at]))
                return token, self.code(token)
        raise DataError("The plant has no open account", where="link", found=enterprise, todo="Open one first")

    def read(self, token: str) -> tuple[Link, Account] | None:
        """The link and its account while both stand and nobody took the link back; None otherwise."""
        try:
            identifier, name, mark, ends_at = self._signer.loads(token)
            link = Link(str(identifier), str(name), str(mark), int(ends_at))
        except (BadSignature, ValueError, TypeError):
            return None
        account = self._directory.account(link.account)
        stands = account is not None and account.active and account.mark == link.mark
        if account is None or not stands or account.role is not Role.ENTERPRISE or self._clock() >= link.ends_at:
            return None
        if self._revoked(link.identifier):
            return None
        return link, account

    def code(self, token: str) -> str:
        """The code of a link; told by another way than the link."""
        made = hmac.new(self._key, f"link-code:{token}".encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(made[:8]) % 10**DIGITS:0{DIGITS}d}"

    def right(self, token: str, given: str) -> bool:
        """Whether the code is that of the link, compared in constant time."""
        return hmac.compare_digest(self.code(token).encode(), given.strip().encode())


def revoked(record: Record, identifier: str) -> bool:
    """Whether a link was taken back; a link that is not on record was made by an earlier version and was not."""
    state = record.state("link", identifier)
    return isinstance(state, PlantLink) and state.state is LinkState.REVOKED
