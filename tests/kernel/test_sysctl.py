"""sysctl(9): the tree by dotted names, reading and writing with types, what crashes leave."""

from __future__ import annotations

import pytest
from fakes import FakeOwner, Fault

from rumphost.errors import DriverPanic, UsageError
from rumphost.kernel.sysctl import BOOL, INT, NODE, QUAD, READWRITE, STRING, Sysctl, SysctlError

HW, WM0, LEAF = 0x1000, 0x2000, 0x3000
UNSIGNED = 0x80000
EPERM = 1


@pytest.fixture
def service(rig):
    service = Sysctl(rig.kernel)
    rig.kernel.register(service)
    values = rig.values = {}

    def access(node, old, length, new, size):
        value = values[node]
        if new:
            values[node] = rig.memory.read(new, size)
        room = rig.memory.read_uint(length, 8)
        assert room >= len(value)
        rig.memory.write(old, value)
        rig.memory.write_uint(length, 8, len(value))
        return 0

    rig.image.export("rumphost_sysctl_access", access)
    rig.image.export("rumphost_sysctl_forget", lambda node: rig.log.append(("forget", node)))
    return service


def create(rig, address, name, *, parent=0, flags=NODE, size=0, owner=None):
    def script():
        yield ("sysctl_create", address, parent, name, 6, flags, 0, size, 0)

    rig.run_script(script, owner=owner)


def tree(rig, flags=INT | READWRITE, size=4, owner=None):
    create(rig, HW, "hw")
    create(rig, WM0, "wm0", parent=HW, owner=owner)
    create(rig, LEAF, "debug", parent=WM0, flags=flags, size=size, owner=owner)


def outcome(rig, start):
    done = []
    start(done.append)
    rig.run()
    (result,) = done
    return result


def test_leaves_have_dotted_names(rig, service):
    tree(rig)
    service.provide("hw.firmware.path", lambda: "/lib/firmware")
    assert service.names() == ["hw.firmware.path", "hw.wm0.debug"]
    assert service.node("hw.wm0.debug").writable


@pytest.mark.parametrize(
    ("flags", "raw", "expected"),
    [
        (INT, b"\xfe\xff\xff\xff", -2),
        (INT | UNSIGNED, b"\xfe\xff\xff\xff", 0xFFFF_FFFE),
        (QUAD, b"\1" + bytes(6) + b"\0", 1),
        (BOOL, b"\1", True),
        (STRING, b"text\0rest", "text"),
    ],
)
def test_values_are_read_by_type(rig, service, flags, raw, expected):
    tree(rig, flags=flags, size=len(raw))
    rig.values[LEAF] = raw
    assert outcome(rig, lambda done: service.read("hw.wm0.debug", done)) == expected


@pytest.mark.parametrize(
    ("flags", "value", "raw"),
    [
        (INT, -1, b"\xff\xff\xff\xff"),
        (INT | UNSIGNED, 0xFFFF_FFFF, b"\xff\xff\xff\xff"),
        (QUAD, 5, b"\5" + bytes(7)),
        (BOOL, True, b"\1"),
        (STRING, "abc", b"abc\0"),
    ],
)
def test_values_are_written_by_type(rig, service, flags, value, raw):
    tree(rig, flags=flags | READWRITE, size=8)
    rig.values[LEAF] = bytes(8)
    outcome(rig, lambda done: service.write("hw.wm0.debug", value, done))
    assert rig.values[LEAF] == raw


@pytest.mark.parametrize(("flags", "value"), [(INT, 1 << 40), (INT, "x"), (STRING, 5)])
def test_a_value_of_another_type_is_refused(rig, service, flags, value):
    tree(rig, flags=flags | READWRITE)
    with pytest.raises(UsageError, match="not a valid value"):
        service.write("hw.wm0.debug", value, lambda _: None)


def test_an_error_of_the_node_is_told(rig, service):
    tree(rig)
    rig.image.export("rumphost_sysctl_access", lambda *_: EPERM)
    error = outcome(rig, lambda done: service.read("hw.wm0.debug", done))
    assert isinstance(error, SysctlError)
    assert str(error) == "sysctl hw.wm0.debug: not permitted"


def test_buffers_are_given_back(rig, service):
    tree(rig)
    rig.values[LEAF] = bytes(4)
    before = dict(rig.memory.allocated)
    outcome(rig, lambda done: service.write("hw.wm0.debug", 1, done))
    assert {address: rig.memory.allocated.get(address) for address in before} == before


def test_the_host_s_own_values(rig, service):
    box = {"value": 1}
    service.provide("kern.x", lambda: box["value"], lambda new: box.update(value=new))
    service.provide("kern.y", lambda: 5)
    assert outcome(rig, lambda done: service.write("kern.x", 2, done)) == 1
    assert outcome(rig, lambda done: service.read("kern.x", done)) == 2
    assert outcome(rig, lambda done: service.write("kern.y", 2, done)).errno == EPERM


def test_what_is_destroyed_is_gone_with_all_below(rig, service):
    tree(rig)

    def destroy():
        yield ("sysctl_destroy", WM0)

    rig.run_script(destroy)
    assert service.names() == []
    with pytest.raises(UsageError, match="no sysctl"):
        service.read("hw.wm0.debug", lambda _: None)


def test_a_crash_in_a_node_s_function_is_told_to_the_reader(rig, service):
    tree(rig)

    def crash(*_):
        raise Fault("bang")

    rig.image.export("rumphost_sysctl_access", crash)
    rig.kernel.scheduler.on_panic = service.panicked
    error = outcome(rig, lambda done: service.read("hw.wm0.debug", done))
    assert isinstance(error, DriverPanic)


def test_who_reads_is_told_when_the_driver_goes(rig, service):
    owner = FakeOwner()
    tree(rig, owner=owner)

    def sleep(*_):
        yield ("kpause", "busy", 0, 0, 0)

    rig.image.export("rumphost_sysctl_access", sleep)
    answers = []
    service.read("hw.wm0.debug", answers.append)
    rig.run()
    assert answers == []
    service.release(owner)
    (error,) = answers
    assert isinstance(error, SysctlError)
    assert error.errno == 6


def test_leaks_and_release(rig, service):
    owner = FakeOwner()
    tree(rig, owner=owner)
    assert [str(leak) for leak in service.leaks(owner)] == [
        "sysctl(9): the node hw.wm0 is still there"
    ]
    service.release(owner)
    rig.run()
    assert rig.log == [("forget", WM0)]
    assert service.leaks(owner) == []
