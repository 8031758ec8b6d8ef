"""The four-way handshake, with the project's own two ends."""

from __future__ import annotations

from scapy.layers.eap import EAPOL_KEY

from rumphost.models.air import Authenticator, Supplicant
from rumphost.models.air.eapol import KeyFrame, pairwise_master_key

POINT, STATION = b"\x02point", b"\x02stati"
GROUP = bytes(range(16, 32))


def both(passphrase: str = "correct horse") -> tuple[Authenticator, Supplicant]:
    master = pairwise_master_key("correct horse", b"net")
    point = Authenticator(master, POINT, STATION, group_key=GROUP)
    return point, Supplicant(passphrase, b"net", STATION, POINT)


def test_both_ends_agree():
    point, station = both()
    second = station.receive(point.start())
    third = point.receive(second)
    assert not point.done
    fourth = station.receive(third)
    assert point.receive(fourth) is None
    assert point.done
    assert station.done
    assert point.keys == station.keys
    assert station.group_key == (1, GROUP)


def test_scapy_reads_the_frames():
    point, station = both()
    first = point.start()
    found = EAPOL_KEY(first[4:])
    assert (found.key_type, found.key_ack, found.has_key_mic, found.secure) == (1, 1, 0, 0)
    third = EAPOL_KEY(point.receive(station.receive(first))[4:])
    assert (third.install, third.key_ack, third.has_key_mic, third.secure) == (1, 1, 1, 1)
    assert (third.encrypted_key_data, third.key_descriptor_type_version) == (1, 2)


def test_a_wrong_passphrase():
    point, station = both("wrong horse!")
    assert point.receive(station.receive(point.start())) is None
    assert point.failed == "wrong passphrase: the integrity code of message 2 is wrong"


def test_old_and_spoilt_frames_are_ignored():
    point, station = both()
    first = point.start()
    second = station.receive(first)
    point.start()
    assert point.receive(second) is None
    assert point.receive(b"\x02\x03\0\x01x") is None
    assert station.receive(b"") is None
    second = station.receive(point.start())
    third = point.receive(second)
    assert station.receive(third[:-1] + bytes([third[-1] ^ 1])) is None
    assert station.failed
    assert station.receive(third) is not None


def test_message_three_is_repeated():
    point, station = both()
    third = point.receive(station.receive(point.start()))
    again = point.start()
    assert KeyFrame.parse(again).replay == KeyFrame.parse(third).replay + 1
    assert point.receive(station.receive(again)) is None
    assert point.done


def test_another_session_has_another_nonce():
    master = pairwise_master_key("correct horse", b"net")
    one = Authenticator(master, POINT, STATION, group_key=GROUP, session=1)
    two = Authenticator(master, POINT, STATION, group_key=GROUP, session=2)
    assert KeyFrame.parse(one.start()).nonce != KeyFrame.parse(two.start()).nonce
