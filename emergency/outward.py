"""Where a call that leaves the house may go: only to public addresses, and to the very address that was looked at.

A host name is resolved once; every address it has must be allowed; the connection then goes to that address, so that a
second answer of the name server cannot lead it into the house (rebinding). Redirects are not followed by callers.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from emergency.addresses import may_call
from plans.errors import DataError

Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was checked, and how to reach it."""

    url: str
    """With the address in place of the name."""
    host: str
    """The name, for the certificate."""
    authority: str
    """The name with its port where one was given, for the Host header."""


def checked(url: str, *, own_network: bool = False, resolve: Resolve | None = None) -> Target:
    """The target of a URL; DataError when it is not http(s), carries a password, or leads into the house.

    `own_network` allows private and loopback addresses and plain http: for a gateway that the office runs itself.
    """
    parts = urlsplit(url)
    schemes = ("https", "http") if own_network else ("https",)
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.password:
        raise DataError(
            "The address cannot be used",
            where="address",
            expected=f"{' or '.join(schemes)}://host/path without a password",
            found=parts.scheme or "no scheme",
        )
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        addresses = (resolve or _resolve)(parts.hostname, port)
    except OSError as error:
        raise DataError("The host cannot be found", where=parts.hostname, found=str(error)) from error
    if not addresses:
        raise DataError("The host has no address", where=parts.hostname)
    for address in addresses:
        if not may_call(address, own_network=own_network):
            raise DataError("The host leads into a private network", where=parts.hostname, found=address)
    first = addresses[0]
    place = f"[{first}]" if ":" in first else first
    return Target(parts._replace(netloc=f"{place}:{port}").geturl(), parts.hostname, parts.netloc)


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
