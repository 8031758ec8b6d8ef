"""What counts as new coverage, and when two crashes are one."""

from __future__ import annotations

from dataclasses import replace

from rumphost.errors import DetachRefused, DriverError, DriverLeak, DriverPanic, Frame
from rumphost.fuzz.coverage import EDGES, CoverageMap, digest, sparse
from rumphost.fuzz.crash import alike, common, crash_of, name, signature
from rumphost.trials.outcome import Trouble


def counts(**edges: int) -> bytes:
    found = bytearray(EDGES)
    for index, bucket in edges.items():
        found[int(index[1:])] = bucket
    return bytes(found)


def test_an_edge_or_an_order_of_magnitude_is_new_once():
    seen = CoverageMap()
    for one, new in (
        (counts(_1=1, _9=2), True),
        (counts(_1=1), False),
        (counts(_1=8), True),
        (counts(_1=8, _9=2), False),
    ):
        assert seen.add(digest(one), sparse(one)) is new
    assert seen.edges == 2
    assert seen.add(b"told before", None) is False


FRAMES = (
    Frame(1, "??"), Frame(2, "foo_copy", "foo.c", 12), Frame(3, "foo_intr", "foo.c", 40),
)  # fmt: skip
PANIC = Trouble("panic", "bad memory access: address 0x1234", "foo0", FRAMES)


def test_a_crash_is_known_by_its_place():
    other = replace(PANIC, message="bad memory access: address 0x77", device="foo1")
    assert signature(PANIC) == signature(other)
    assert signature(PANIC) != signature(replace(PANIC, frames=FRAMES[2:]))
    assert name(PANIC, signature(PANIC)) == "panic-foo_copy-12"


def test_a_hang_is_known_by_what_all_its_places_have_in_common():
    def hang(*functions: str) -> Trouble:
        frames = tuple(Frame(n, one, "foo.c", n) for n, one in enumerate(functions))
        return replace(PANIC, kind="hang", frames=frames)

    one, other = hang("foo_read", "foo_wait", "foo_attach"), hang("foo_wait", "foo_attach")
    loop = common([signature(one), signature(other), signature(one)])
    assert loop == ("hang", "foo_attach", "foo_wait")
    assert alike(signature(one), loop)
    assert not alike(signature(hang("foo_read", "foo_attach")), loop)
    assert name(one, loop) == "hang-foo_wait"


def test_which_failures_are_crashes():
    crash = DriverPanic("bad memory access", FRAMES, driver="foo0")
    refused = DetachRefused(16, driver="foo0")
    storm = DriverPanic("pci_intr(9): interrupt storm on irq 5")
    plain = DriverError("10.0.2.2 does not answer")
    assert crash_of([refused, storm, plain]) is None
    found = crash_of([plain, crash, DriverLeak("left behind")])
    assert found is not None
    assert (found.kind, found.device) == ("panic", "foo0")
    asleep = crash_of([DriverError("not attached within 600 s: it waits for `ready'", FRAMES)])
    assert asleep is not None
    assert asleep.kind == "hang"
