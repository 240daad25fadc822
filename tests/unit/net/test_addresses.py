"""Special addresses: every spelling of what listens only on a machine or its platform."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.net.addresses import special


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("168.63.129.16", "the platform's own"),
        ("0.0.0.0", "unspecified"),  # noqa: S104 - refused, not bound to
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "link-local"),
        ("::ffff:a83f:8110", "the platform's own"),
        ("::169.254.169.254", "link-local"),
        ("64:ff9b::169.254.169.254", "link-local"),
        ("::ffff:0:169.254.169.254", "link-local"),
        ("2002:a9fe:a9fe::1", "link-local"),
        ("2001:0:1432:201::5601:5601", "link-local"),
        ("2001:0:a9fe:a9fe::ebcd:fdfe", "link-local"),
        ("64:ff9b:1::a9fe:a9fe", "reserved"),
        ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "reserved"),
        ("fec0::1", "reserved"),
        ("feff::1", "reserved"),
        ("fd00::5efe:169.254.169.254", "link-local"),
        ("2603:1030::200:5efe:a9fe:a9fe", "link-local"),
    ],
)
def test_what_listens_only_here_is_special(address: str, kind: str) -> None:
    """Each answers whoever is on the machine, so that a URL there borrows our hands."""
    assert special(address) == kind


@pytest.mark.parametrize(
    "address",
    [
        *("10.1.2.3", "172.16.0.1", "192.168.1.1", "fd00::1", "20.50.2.1", "2603:1030::1"),
        *("100.64.0.1", "64:ff9b:2::1", "fd00::5efe:10.1.2.3", "fd00::5eff:169.254.169.254"),
    ],
)
def test_private_and_public_addresses_are_ordinary(address: str) -> None:
    """Companies have their receivers behind private endpoints."""
    assert special(address) is None


@pytest.mark.parametrize("text", ["hooks.test", "127.1", "2130706433", "0x7f.0.0.1", ""])
def test_what_is_no_address_is_refused(text: str) -> None:
    """A spelling that only some parsers read must not count as ordinary."""
    with pytest.raises(ValueError, match="does not appear to be"):
        special(text)


@given(st.ip_addresses(v=4))
def test_an_address_in_ipv6_clothing_is_as_special(address: ipaddress.IPv4Address) -> None:
    """The kernel connects to what is inside."""
    for prefix in ("::ffff:", "::ffff:0:", "64:ff9b::", "fd00::5efe:", "fd00::200:5efe:"):
        assert special(f"{prefix}{address}") == special(str(address))
