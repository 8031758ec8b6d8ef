# ruff: noqa: ARG001 -- fixtures and scripts take what is given
"""pci(9): configuration space, capabilities, base address registers, names."""

from __future__ import annotations

import struct

import pytest
from pci_fakes import FakeFunction

from rumphost.kernel.pci import ANY_TYPE, Pci, tag_of

TAG = 3 << 11
MEM64, MEM32, IO = 4, 0, 1


@pytest.fixture
def function(rig):
    function = FakeFunction()
    rig.machine.functions = [function]
    rig.kernel.register(Pci(rig.kernel))
    return function


def ask(rig, name, *arguments):
    def script():
        return (yield (name, *arguments))

    return rig.run_script(script)


def test_the_tag_is_the_place_on_the_bus(function):
    assert tag_of(function) == TAG


def test_configuration_space_is_read_and_written(rig, function):
    assert ask(rig, "pci_conf_read", TAG, 0) == 0x100E_8086
    ask(rig, "pci_conf_write", TAG, 4, 0x7)
    assert function.config_read(4, 2) == 7


@pytest.mark.parametrize(("tag", "offset"), [(TAG + 0x100, 0), (TAG, -4), (TAG, 2)])
def test_nobody_there_reads_as_all_ones(rig, function, tag, offset):
    assert ask(rig, "pci_conf_read", tag, offset) == 0xFFFF_FFFF


def test_accesses_are_traced(rig, function):
    events = rig.trace_of(lambda: ask(rig, "pci_conf_write", TAG, 4, 1))
    (event,) = [one for one in events if one.name == "pci.conf_write"]
    assert event.fields == {"function": "00:03.0", "offset": 4, "value": 1}


def test_capabilities_are_found(rig, function):
    power = function.config.add_capability(1, 8)
    messages = function.config.add_capability(5, 16)
    assert ask(rig, "pci_capability", TAG, 1, 0) == power
    assert ask(rig, "pci_capability", TAG, 5, 0) == messages
    assert ask(rig, "pci_capability", TAG, 0x11, 0) == 0


def test_a_list_of_capabilities_that_loops_ends(rig, function):
    offset = function.config.add_capability(1, 8)
    function.config.define(offset + 1, 1, offset)
    assert ask(rig, "pci_capability", TAG, 5, 0) == 0


def test_extended_capabilities_are_found(rig, function):
    function.config.define(0x100, 4, 0x140 << 20 | 1 << 16 | 0x0001)
    function.config.define(0x140, 4, 1 << 16 | 0x0003)
    assert ask(rig, "pci_capability", TAG, 3, 1) == 0x140
    assert ask(rig, "pci_capability", TAG, 1, 1) == 0x100
    assert ask(rig, "pci_capability", TAG, 0x10, 1) == 0


def test_a_function_without_extended_space_has_no_extended_capability(rig):
    rig.machine.functions = [FakeFunction(size=256)]
    rig.kernel.register(Pci(rig.kernel))
    assert ask(rig, "pci_capability", TAG, 3, 1) == 0


@pytest.mark.parametrize(
    ("reg", "type", "expected"),
    [
        (0x10, MEM64, (0xE000_0000, 0x2_0000, 4)),
        (0x10, ANY_TYPE, (0xE000_0000, 0x2_0000, 4)),
        (0x18, IO, (0xC000, 0x40, 0)),
        (0x10, MEM32, None),
        (0x10, IO, None),
        (0x14, ANY_TYPE, None),
        (0x12, ANY_TYPE, None),
        (0x30, ANY_TYPE, None),
    ],
)
def test_base_address_registers(rig, function, reg, type, expected):
    room = rig.memory.allocate(24)
    answer = ask(rig, "pci_mapreg_info", TAG, reg, type, room)
    assert answer == (expected is None)
    if expected is not None:
        assert struct.unpack("<3Q", rig.memory.read(room, 24)) == expected


def test_functions_are_counted_through(rig, function):
    other = FakeFunction(7)
    rig.machine.functions.append(other)
    assert ask(rig, "pci_function", 1) == tag_of(other)
    assert ask(rig, "pci_function", 2) == 0xFFFF_FFFF_FFFF_FFFF


@pytest.mark.parametrize(
    ("what", "identity", "register", "expected"),
    [
        (0, 0x8086, 0, "Intel"),
        (0, 0x7EAD, 0, "vendor 0x7ead"),
        (1, 0x0001_7EAD, 0, "vendor 0x7ead product 0x0001"),
        (2, 0, 0x0200_0003, " (ethernet network, revision 0x03)"),
        (2, 0, 0x0106_0100, " (SATA mass storage, interface 0x01)"),
        (2, 0, 0x0C09_0000, " (serial bus, subclass 0x09)"),
    ],
)
def test_names(rig, function, what, identity, register, expected):
    room = rig.memory.allocate(64)
    ask(rig, "pci_name", what, identity, register, room, 64)
    assert rig.memory.c_string(room) == expected


def test_a_name_is_cut_to_its_room(rig, function):
    room = rig.memory.allocate(8)
    ask(rig, "pci_name", 0, 0x7EAD, 0, room, 6)
    assert rig.memory.read(room, 8) == b"vendo\0\0\0"


def test_prepare_switches_the_bars_on(rig, function):
    rig.kernel.service(Pci).prepare(function)
    assert function.config_read(4, 2) == 3
