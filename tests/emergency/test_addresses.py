"""What may be called: the standard registries' special networks are inside, in whatever notation they come."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency.addresses import may_call, public

INSIDE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
    "192.88.99.1", "198.18.0.1", "203.0.113.9", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1",
    "100:0:0:1::1",
    # IPv4 in disguise: mapped, compatible, translated, local translation, 6to4, Teredo
    "::ffff:10.0.0.1", "::127.0.0.1", "::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
    "2002:7f00:1::", "2002:808:808::1", "2001:0:5ef5:79fd::1",
)  # fmt: skip
OUTSIDE = ("8.8.8.8", "223.5.5.5", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_the_public_internet_is_never_called_unasked(address):
    assert not public(address)
    assert not may_call(address, own_network=False)


@pytest.mark.parametrize("address", OUTSIDE)
def test_the_public_internet_is_called(address):
    assert public(address)
    assert may_call(address, own_network=False)


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "fc00::1", "192.168.1.1", "::ffff:10.0.0.1"])
def test_our_own_network_is_called_only_where_that_is_configured(address):
    assert may_call(address, own_network=True)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "::", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"]
)
def test_no_configuration_leads_to_a_cloud_s_keys_or_into_a_hidden_address(address):
    assert not may_call(address, own_network=True)


@given(st.ip_addresses(v=4))
def test_every_disguise_of_an_ipv4_address_is_judged_as_the_address_itself_or_refused(address):
    number = int(address)
    mapped, translated = (ipaddress.IPv6Address(base | number) for base in (0xFFFF << 32, 0x64_FF9B << 96))

    assert public(str(address)) == public(str(mapped)) == public(str(translated))
    assert not public(str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))))


@given(st.ip_addresses(v=6))
def test_nothing_is_public_that_the_registry_of_this_python_calls_inside(address):
    if public(str(address)) and address.ipv4_mapped is None:
        assert address.is_global
