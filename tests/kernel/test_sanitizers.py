"""What the kernel says of accesses that a sanitizer refuses, and of undefined behaviour."""

from __future__ import annotations

import pytest
from fakes import FakeOwner, Rig

from rumphost.boundary.guard import Guarded
from rumphost.boundary.shadow import Forbidden, Variable
from rumphost.errors import Frame, SanitizerError
from rumphost.kernel.sanitizers import Sanitizers

ADDRESS = 0x10000


def memory(where: int, *, released: bool = False) -> Forbidden:
    released_at = (7,) if released else ()
    found = Guarded(ADDRESS, 60, 1, released, 0, where, (3,), released_at)
    return Forbidden("memory", where, found)


def variable(kind: str, where: int, *, function: int = 0) -> Forbidden:
    name, source = ("table", "foo.c") if not function else ("frame", "")
    return Forbidden(kind, where, variable=Variable(name, ADDRESS, 20, function, source))


def caught(rig: Rig, found: Forbidden | None, *, write: int = 0, goes_on: int = 0) -> Sanitizers:
    sanitizers = Sanitizers(rig.kernel)
    rig.kernel.register(sanitizers)
    sanitizers.explain = lambda _address, _size: found
    sanitizers.frames = lambda places: [Frame(one, f"foo_{one}", "foo.c", one) for one in places]

    def script():
        yield ("kasan", ADDRESS, 4, write, goes_on)
        rig.log.append("went on")

    rig.spawn(script, owner=FakeOwner())
    rig.run()
    return sanitizers


@pytest.mark.parametrize(
    ("found", "write", "kind", "message"),
    [
        (memory(ADDRESS + 60), 1, "heap overflow",
         "a store of 4 bytes just past the end of 60 bytes, allocated in foo_3 at foo.c:3"),
        (memory(ADDRESS + 62), 0, "heap overflow",
         "a load of 4 bytes 2 bytes past the end of 60 bytes, allocated in foo_3 at foo.c:3"),
        (memory(ADDRESS - 1), 0, "heap underflow",
         "a load of 4 bytes 1 byte before the start of 60 bytes, allocated in foo_3 at foo.c:3"),
        (memory(ADDRESS + 8, released=True), 0, "use after free",
         "a load of 4 bytes at byte 8 of 60 bytes after their release, allocated in foo_3 at"
         " foo.c:3, released in foo_7 at foo.c:7"),
        (variable("global", ADDRESS + 20), 0, "global overflow",
         "a load of 4 bytes just past the end of table, 20 bytes of foo.c"),
        (variable("stack", ADDRESS - 4, function=8), 0, "stack overflow",
         "a load of 4 bytes 4 bytes before frame, 20 bytes on the stack of foo_9"),
        (variable("scope", ADDRESS + 4, function=8), 0, "use after scope",
         "a load of 4 bytes at byte 4 of frame, 20 bytes on the stack of foo_9, whose block has"
         " been left"),
        (Forbidden("gone", ADDRESS), 0, "use of a stack",
         "a load of 4 bytes on the stack of an lwp that has ended, 0x10000"),
        (Forbidden("memory", ADDRESS), 0, "wild access",
         "a load of 4 bytes to memory of the arena that is not allocated, 0x10000"),
        (Forbidden("unknown", ADDRESS), 0, "wild access",
         "a load of 4 bytes to an address that is out of bounds, 0x10000"),
    ],
)  # fmt: skip
def test_words(rig, found, write, kind, message):
    caught(rig, found, write=write)
    (panic,) = rig.panics
    assert isinstance(panic, SanitizerError)
    assert (panic.kind, panic.driver) == (kind, "foo0")
    assert panic.message == f"KASAN: {message}"
    assert rig.log == []


def test_both_places_are_told(rig):
    caught(rig, memory(ADDRESS, released=True))
    assert [place.what for place in rig.panics[0].places] == ["allocated", "released"]


def test_a_driver_that_goes_on(rig):
    sanitizers = caught(rig, memory(ADDRESS + 60), goes_on=1)
    assert rig.log == ["went on"]
    assert rig.panics == []
    (error,) = sanitizers.found
    assert (error.kind, error.driver) == ("heap overflow", "foo0")
    assert rig.kernel.console.text.startswith("foo0: warning: KASAN: a load of 4 bytes just past")


def test_undefined_behaviour_is_told_once(rig):
    sanitizers = Sanitizers(rig.kernel)
    rig.kernel.register(sanitizers)

    def script():
        for _ in range(3):
            yield ("kubsan", "shift by 40 bits", "foo.c", 12, 5)

    rig.run_script(script, owner=FakeOwner())
    (error,) = sanitizers.found
    assert error.kind == "undefined behaviour"
    text = "foo0: warning: KUBSAN: shift by 40 bits, at foo.c:12:5\n"
    assert rig.kernel.console.text == text
    (finding,) = rig.kernel.findings.all
    assert str(finding) == "foo0: KUBSAN: shift by 40 bits, at foo.c:12:5"
