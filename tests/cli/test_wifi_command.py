"""``rumphost wifi``: scan, join and status of a driver of a NetBSD tree, and what is wrong usage.

What needs the tree (RUMPHOST_SYS) runs NetBSD's own iwm on the model of its card.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Result

Wifi = Callable[..., Result]
HOME = ("--ap", "ssid=home,channel=6,signal=-50")
CAFE = ("--ap", "ssid=the cafe,channel=11,signal=-71,passphrase=correct horse")


@pytest.fixture
def wifi(rumphost: Callable[..., Result]) -> Wifi:
    """Run a subcommand with the tree, on the model."""
    tree = os.environ.get("RUMPHOST_SYS") or os.environ.get("RUMPHOST_SYS_OF_TESTS")
    if not tree or not (Path(tree) / "dev/pci/if_iwm.c").exists():
        pytest.skip("RUMPHOST_SYS names no NetBSD kernel source tree with iwm")

    def run(what: str, *arguments: str) -> Result:
        return rumphost("wifi", what, "iwm", *arguments, "--sys", tree)

    return run


@pytest.fixture(autouse=True)
def _keep_the_trees_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command must not see RUMPHOST_SYS, but these tests do."""
    if tree := os.environ.get("RUMPHOST_SYS"):
        monkeypatch.setenv("RUMPHOST_SYS_OF_TESTS", tree)


def test_scan(wifi):
    result = wifi("scan", *HOME, *CAFE)
    assert result.status == 0
    rows = [line.split("\t") for line in result.out.splitlines()]
    assert [row[0:1] + row[2:5] for row in rows] == [
        ["home", "6", "-50 dBm", "open"],
        ["the cafe", "11", "-71 dBm", "WPA2-PSK"],
    ]
    assert rows[1][5:] == ["ESS,privacy,short preamble", "1-54 Mb/s"]
    assert "iwm0: hw rev: 0x140, fw ver 23.214 (API ver 9)" in result.err
    assert "firmware: if_iwm/iwm-7260-9, a test image for the model" in result.err
    assert "2 networks" in result.err


def test_scan_as_records(wifi):
    result = wifi("scan", *HOME, *CAFE, "--format", "json")
    home, cafe = result.events
    assert (home["event"], home["ssid"], home["channel"]) == ("network", "home", 6)
    assert (cafe["signal_dbm"], cafe["security"]) == (-71, "WPA2-PSK")
    assert cafe["frequency"] == 2462


def test_a_hidden_network_by_its_name(wifi):
    ghost = ("--ap", "ssid=ghost,channel=3,hidden=on")
    assert wifi("scan", *ghost).out.startswith("(hidden)\t")
    assert wifi("scan", "ghost", *ghost).out.startswith("ghost\t")


def test_join(wifi):
    result = wifi("join", "the cafe", "--passphrase", "correct horse", *HOME, *CAFE)
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[0].startswith("iwm0: joined 'the cafe' 02:")
    assert lines[1] == "iwm0: DHCP lease 10.0.2.15/24 from 10.0.2.2, router 10.0.2.2, 86400 s"
    assert lines[2].startswith("64 bytes from 10.0.2.2: icmp_seq=0 ttl=64 time=")
    assert "3 packets transmitted, 3 packets received, 0.0% packet loss" in lines


def test_join_as_records(wifi):
    result = wifi("join", "home", *HOME, "--ping", "1", "--format", "json")
    assert [event["event"] for event in result.events] == [
        "joined", "lease", "reply", "ping_statistics",
    ]  # fmt: skip
    assert result.one("joined")["channel"] == 6
    assert result.one("lease")["address"] == "10.0.2.15"


def test_status(wifi):
    result = wifi("status", "home", *HOME)
    assert result.status == 0
    assert result.out.splitlines()[-1].endswith(
        "media autoselect (OFDM54 mode 11g), status: active"
    )
    idle = wifi("status", *HOME, "--format", "json").one("status")
    assert (idle["state"], idle["bssid"], idle["address"]) == ("down", None, "00:15:17:72:60:03")


def test_the_air_in_a_file(wifi, tmp_path):
    path = tmp_path / "air.pcap"
    assert wifi("join", "home", *HOME, "--pcap", str(path)).status == 0
    data = path.read_bytes()
    assert data[:4] == bytes.fromhex("4d3cb2a1")
    assert int.from_bytes(data[20:24], "little") == 127  # radiotap
    assert b"home" in data


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("nowhere",), 1, "iwm0: cannot join|there is no network 'nowhere'"),
        (("the cafe",), 2, "'the cafe' has WPA2-PSK: it takes a passphrase"),
        (("home", "--passphrase", "correct horse"), 2, "'home' is open"),
        (("the cafe", "--passphrase", "wrong horse"), 1, "the passphrase is wrong"),
    ],
)
def test_what_cannot_be_joined(wifi, arguments, status, words):
    result = wifi("join", *arguments, *HOME, *CAFE)
    assert result.status == status
    assert any(one in result.err for one in words.split("|"))


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ("channel=6", "an access point has an ssid=NAME"),
        ("ssid=a,channel=900", "channel=900: 1 to 14, or 36 to 165 is expected"),
        ("ssid=a,signal=5", "signal=5: dBm, such as -50 is expected"),
        ("ssid=a,passphrase=short", "passphrase=short: 8 to 63 characters is expected"),
        ("ssid=a,bssid=1", "bssid=1: an address is expected"),
        ("ssid=a,colour=red", "'colour=red': write one of ssid, channel"),
        ("ssid=" + "x" * 33, "is no SSID: it has more than 32 bytes"),
    ],
)
def test_access_points_that_are_none(rumphost, point, words):
    result: Any = rumphost("wifi", "scan", "iws", "--ap", point)
    assert result.status == 2
    assert words in " ".join(result.err.split())


def test_a_driver_without_an_interface(rumphost):
    result = rumphost("wifi", "scan", "iws")
    assert result.status == 2
    assert "iws0 has no network interface" in result.err


def test_a_driver_for_another_device(rumphost):
    result = rumphost("wifi", "scan", "teach")
    assert result.status == 2
    assert "teach: no device on sim:iwm7260 that it would drive" in result.err


def test_access_points_where_there_is_no_air(rumphost):
    result = rumphost("wifi", "scan", "teach", "-m", "sim:teach", *HOME)
    assert result.status == 2
    assert "--ap: sim:teach has no model of a wireless card" in result.err
