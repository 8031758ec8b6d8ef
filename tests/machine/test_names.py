"""Device names with options."""

from __future__ import annotations

import pytest

from rumphost.errors import UsageError
from rumphost.machine.names import DeviceName, ethernet_address, parse_devices


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("", []),
        ("edu", [DeviceName("edu")]),
        ("e1000,edu", [DeviceName("e1000"), DeviceName("edu")]),
        ("edu:addr=7", [DeviceName("edu", {"addr": "7"})]),
        (
            "e1000:mac=52:54:00:12:34:56:addr=0x4, edu",
            [DeviceName("e1000", {"mac": "52:54:00:12:34:56", "addr": "0x4"}), DeviceName("edu")],
        ),
        ("nvme:serial=a=b", [DeviceName("nvme", {"serial": "a=b"})]),
    ],
)
def test_devices(text, devices):
    assert parse_devices(text) == devices


@pytest.mark.parametrize("text", [",", "e1000,", ":mac=1", "e1000:mac", "e1000:=1", "a:b=1:b=2"])
def test_what_is_no_device_is_refused(text):
    with pytest.raises(UsageError):
        parse_devices(text)


def test_a_name_prints_as_it_was_written():
    text = "e1000:mac=52:54:00:12:34:56:addr=4"
    assert str(parse_devices(text)[0]) == text


def test_ethernet_addresses():
    assert ethernet_address("52-54-0-12-34-AB") == "52:54:00:12:34:ab"
    for bad in ("", "52:54:00:12:34", "52:54:00:12:34:xx", "52:54:00:12:34:567"):
        with pytest.raises(UsageError):
            ethernet_address(bad)
