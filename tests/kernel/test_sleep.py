"""What the pages that block share: ticks, labels, queues of sleepers."""

from __future__ import annotations

import pytest

from rumphost.kernel.hypercall import PARKED, hypercall
from rumphost.kernel.sleep import Labels, SleepQueues, tick_deadline_ns, ticks_left_ns


@pytest.mark.parametrize(
    ("now_ns", "ticks", "deadline_ns"),
    [
        (0, 1, 10_000_000),
        (1, 1, 10_000_000),
        (9_999_999, 1, 10_000_000),
        (10_000_000, 1, 20_000_000),
        (25_000_000, 3, 50_000_000),
        (0, 0, 10_000_000),
        (0, -5, 10_000_000),
    ],
)
def test_deadlines_are_ticks_of_the_clock(rig, now_ns, ticks, deadline_ns):
    rig.machine.events.advance_to(now_ns)
    assert tick_deadline_ns(rig.kernel, ticks) == deadline_ns
    left_ns = ticks_left_ns(rig.kernel, ticks)
    assert left_ns == (deadline_ns - now_ns if ticks else None)


def test_labels_count_by_appearance_and_are_not_used_again():
    labels = Labels()
    assert [labels.of(address) for address in (500, 30, 500)] == ["#1", "#2", "#1"]
    labels.forget(500)
    assert labels.of(500) == "#3"


class Sleepers:
    """kpause puts to sleep on the address ``ticks``."""

    def __init__(self, rig):
        self.counts: list[tuple[int, int]] = []
        self.queues = SleepQueues(rig.kernel, lambda *change: self.counts.append(change))

    @hypercall
    def kpause(self, lwp, wmesg, ticks, interruptible, mutex):
        timeout_ns = 1000 if wmesg == "short" else None
        self.queues.sleep(lwp, ticks, wmesg, timeout_ns, interruptible=bool(interruptible))
        return PARKED


def test_queues_tell_of_each_change(rig):
    sleepers = Sleepers(rig)
    rig.kernel.register(sleepers)

    def script(wmesg):
        yield ("kpause", wmesg, 7, 0, 0)
        rig.log.append(wmesg)

    lwps = [rig.spawn(script, wmesg) for wmesg in ("a", "short", "b")]
    rig.run(until_ns=0)
    assert sleepers.queues.sleepers(7) == lwps
    rig.run()
    assert sleepers.queues.wake(7, 1) == 1
    assert sleepers.queues.wake(7) == 1
    assert sleepers.queues.wake(7) == 0
    rig.run()
    assert rig.log == ["short", "a", "b"]
    assert sleepers.counts == [(7, 1), (7, 2), (7, 3), (7, 2), (7, 1), (7, 0)]
