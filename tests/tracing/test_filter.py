"""Which events the patterns of ``--only`` and ``--not`` match."""

from __future__ import annotations

import pytest

from rumphost.errors import UsageError
from rumphost.tracing import Filter, Pattern


def kept(event, only=(), never=()):
    found = Filter(only, never)
    return found.wants(event.name) and found.accepts(event)


@pytest.mark.parametrize(
    ("pattern", "read", "write"),
    [
        ("bus_space", True, True),
        ("bus_*", True, True),
        ("bus_space.write", False, True),
        ("bus_space.write:CTRL", False, True),
        ("bus_space.write:EERD", False, False),
        (":EERD", True, False),
        (":0x14", True, False),
        (":E*", True, False),
        ("@iex0", True, True),
        ("@00:03.0", True, True),
        ("@iex1", False, False),
        ("%autoconf", True, True),
        ("bus_space.read:EERD@iex*%auto*", True, False),
        ("%intr*", False, False),
        ("callout", False, False),
    ],
)
def test_patterns(bench, pattern, read, write):
    assert kept(bench.read(), [pattern]) is read
    assert kept(bench.write(), [pattern]) is write


def test_elements_of_a_register_array(bench):
    assert kept(bench.write("MTA[12]"), [":MTA"])
    assert kept(bench.write("MTA[12]"), [":MTA*"])
    assert not kept(bench.write("MTA[12]"), [":MT"])


def test_several_patterns_and_exceptions(bench):
    assert kept(bench.read(), ["callout", "bus_space"])
    assert not kept(bench.read(), ["bus_space"], [":EERD"])
    assert kept(bench.write(), ["bus_space"], [":EERD"])
    assert not kept(bench.read(), (), ["bus_space"])
    assert kept(bench.emit("callout.fire", callout="#1"), (), ["bus_space"])


def test_devices_by_field(bench):
    event = bench.emit("ifnet.output", interface="iex0", frames=1)
    assert kept(event, ["@iex0"])
    assert kept(bench.emit("pci.conf_read", function="00:03.0", offset=0, value=1), ["@00:03.?"])


def test_what_a_name_alone_excludes_is_never_made():
    found = Filter(["bus_space.write:CTRL"])
    assert found.wants("bus_space.write")
    assert not found.wants("bus_space.read")
    assert not found.wants("lwp.run")
    assert not Filter((), ["lwp"]).wants("lwp.run")
    assert Filter((), ["lwp@iex0"]).wants("lwp.run")


def test_what_has_to_be_trapped():
    assert Filter(["mutex", "callout"]).traps() == {"lock"}
    assert Filter(["kmem.alloc"]).traps() == {"memory"}
    assert Filter(["bus_space"]).traps() == set()
    assert Filter(["*"]).traps() == {"lock", "memory"}
    assert Filter().traps() == set()


@pytest.mark.parametrize("text", ["", ":", "@", "bus_space:", "%"])
def test_what_is_no_pattern(text):
    with pytest.raises(UsageError, match="no pattern of events"):
        Pattern.parse(text)
