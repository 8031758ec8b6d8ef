"""CCMP and the keys of WPA2, against the test vectors of IEEE 802.11."""

from __future__ import annotations

import pytest

from rumphost.models.air import eapol
from rumphost.models.air.ccmp import CcmpKey, NotAuthentic, key_number, packet_number

KEY = bytes.fromhex("c97c1f67ce371185514a8a19f2bdd52f")
PLAIN = bytes.fromhex(
    "0808c32c0fd2e128a57c5030f1844408abaea5b8fcba8033f8ba1a55d02f85ae967bb62fb6cda8eb7e78a050"
)
SEALED = bytes.fromhex(
    "0848c32c0fd2e128a57c5030f1844408abaea5b8fcba80330ce70020769703b5"
    "f3d0a2fe9a3dbf2342a643e43246e80c3c04d019"
    "7845ce0b16f97623"
)


def test_the_vector_of_the_standard():
    key = CcmpKey(KEY)
    key.sent = 0xB5039776E70C - 1
    assert key.protect(PLAIN) == SEALED
    assert packet_number(SEALED) == 0xB5039776E70C
    assert key_number(SEALED) == 0
    assert CcmpKey(KEY).open(SEALED) == PLAIN


@pytest.mark.parametrize("at", [4, 16, 24, 40, -1], ids=["addr1", "addr3", "pn", "data", "mic"])
def test_a_change_shows(at):
    spoilt = bytearray(SEALED)
    spoilt[at] ^= 1
    with pytest.raises(NotAuthentic, match="wrong integrity code"):
        CcmpKey(KEY).open(bytes(spoilt))


def test_what_changes_on_the_way_does_not_show():
    again = SEALED[:1] + bytes([SEALED[1] | 0x08]) + SEALED[2:22] + b"\x10\x80" + SEALED[24:]
    assert CcmpKey(KEY).decrypt(again) == PLAIN[24:]


def test_a_frame_without_a_counter():
    with pytest.raises(NotAuthentic, match="no CCMP header"):
        CcmpKey(KEY).open(PLAIN)


def test_frames_with_a_priority():
    plain = b"\x88\x01" + PLAIN[2:24] + b"\x05\0" + PLAIN[24:]
    sealed = CcmpKey(KEY, number=2).protect(plain)
    assert key_number(sealed) == 2
    assert CcmpKey(KEY).open(sealed) == plain
    other = sealed[:24] + b"\x06" + sealed[25:]
    with pytest.raises(NotAuthentic):
        CcmpKey(KEY).open(other)


def test_pairwise_master_keys():
    assert eapol.pairwise_master_key("password", b"IEEE").hex() == (
        "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
    )
    assert eapol.pairwise_master_key("ThisIsAPassword", b"ThisIsASSID").hex() == (
        "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af"
    )
    assert eapol.pairwise_master_key("ab" * 32, b"any") == b"\xab" * 32


def test_the_pseudo_random_function():
    assert eapol.prf(b"\x0b" * 20, b"prefix", b"Hi There", 64).hex() == (
        "bcd4c650b30b9684951829e0d75f9d54b862175ed9f00606e17d8da35402ffee"
        "75df78c3d31e0f889f012120c0862beb67753e7439ae242edb8373698356cf5a"
    )


def test_key_data_is_wrapped_and_padded():
    for size in (8, 22, 40):
        data = bytes(range(size))
        wrapped = eapol.wrap(KEY, data)
        assert len(wrapped) % 8 == 0
        assert eapol.unwrap(KEY, wrapped)[:size] == data
    assert eapol.unwrap(bytes(16), eapol.wrap(KEY, b"x" * 16)) is None
