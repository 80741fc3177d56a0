"""Which network addresses the product may call: the public internet, and our own network only where that is configured.

One judgement for everything that leaves the house: sources that are asked, messages that are sent, the provider of a
log-in.
"""

from __future__ import annotations

import ipaddress

_ALSO_INSIDE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.88.99.0/24",  # relays of 6to4, out of use (RFC 7526)
        "::/96",  # IPv4-compatible, out of use (RFC 4291, 2.5.5.1)
        "64:ff9b:1::/48",  # translation within one's own network (RFC 8215)
        "100:0:0:1::/64",  # a prefix that leads nowhere (RFC 9780)
        "3fff::/20",  # documentation (RFC 9637)
        "5f00::/16",  # segment routing within one's own network (RFC 9602)
        "fec0::/10",  # site-local, out of use (RFC 3879)
    )
)
"""Special networks which the registry that comes with Python calls global, at least in some version of it."""

_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that a translator turns into the IPv4 address in their last 32 bits (RFC 6052)."""


def public(address: str) -> bool:
    """Whether an address belongs to the public internet; IPv4 inside IPv6 is looked at too.

    >>> [public(one) for one in ("8.8.8.8", "10.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::a00:1")]
    [True, False, False, False, False]
    """
    found = _plain(address)
    if found is None or any(found.version == network.version and found in network for network in _ALSO_INSIDE):
        return False
    return found.is_global and not found.is_multicast


def may_call(address: str, *, own_network: bool) -> bool:
    """Whether an address is public, or at least an ordinary one of our own network when that is configured.

    Link-local addresses are never called: the key store of a cloud host answers there.

    >>> [may_call(a, own_network=True) for a in ("10.0.0.1", "127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1")]
    [True, True, False, False, False]
    """
    if public(address):
        return True
    found = _plain(address)
    if not own_network or found is None:
        return False
    return not (found.is_link_local or found.is_multicast or found.is_unspecified)


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that is reached in the end; None when the notation hides it (6to4 and Teredo, both out of use)."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return found
    if found.sixtofour or found.teredo:
        return None
    if found in _TRANSLATED:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found
