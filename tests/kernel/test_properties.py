# ruff: noqa: ARG005 -- fixtures and scripts take what is given
"""Device properties: what the host gives, and how it reads them all."""

from __future__ import annotations

import struct

import pytest

from rumphost.errors import UsageError
from rumphost.kernel.device import Device
from rumphost.kernel.properties import BOOL, DATA, NUMBER, STRING, Properties

RECORD = 64 + 4 + 4 + 8 + 256


@pytest.fixture
def service(rig):
    service = Properties(rig.kernel)
    rig.kernel.register(service)
    return service


def initial(rig, xname):
    """Return (key, type, number, data) of each property, as the shim asks for them."""
    room = rig.memory.allocate(RECORD)

    def script(index):
        return (yield ("property_initial", xname, index, room))

    found = []
    while rig.run_script(script, len(found)):
        key, kind, size, number, data = struct.unpack("<64sIIQ256s", rig.memory.read(room, RECORD))
        found.append((key.rstrip(b"\0").decode(), kind, number, data[:size]))
    return found


def test_each_type_goes_over(rig, service):
    service.give("wm*", "mac-address", b"\x52\x54\0\0\0\1")
    service.give("wm0", "no-phy", True)
    service.give("wm0", "cfg", 0x1234)
    service.give("wm0", "label", "left")
    service.give("iwm0", "cfg", 1)
    assert initial(rig, "wm0") == [
        ("mac-address", DATA, 0, b"\x52\x54\0\0\0\1"),
        ("no-phy", BOOL, 1, b""),
        ("cfg", NUMBER, 0x1234, b""),
        ("label", STRING, 0, b"left\0"),
    ]
    assert initial(rig, "teach0") == []


def test_what_is_given_last_counts(service):
    service.give("*", "cfg", 1)
    service.give("wm0", "cfg", 2)
    assert service.given("wm0") == {"cfg": 2}


def test_too_long_is_refused(service):
    with pytest.raises(UsageError, match="longer than 255"):
        service.give("wm0", "key", bytes(256))
    with pytest.raises(UsageError, match="a name longer than 63"):
        service.give("wm0", "k" * 64, 1)


def test_all_of_a_device_are_read(rig, service):
    text = (
        '<?xml version="1.0"?><plist version="1.0"><dict><key>a</key><integer>0x10</integer>'
        "<key>b</key><data>UlQ=</data><key>c</key><true/></dict></plist>"
    )
    rig.image.export("rumphost_device_properties", lambda dev: rig.memory.put_string(text))
    done = []
    service.read(Device(1, "wm0", "wm", 0, rig.image, None, 0xD000), done.append)
    rig.run()
    assert done == [{"a": 16, "b": b"RT", "c": True}]
