"""workqueue(9): order, waiting, destroying, misuse."""

from __future__ import annotations

import pytest
from fakes import FakeOwner
from slow_shim import mutex_enter, new_word

from rumphost.errors import Misuse
from rumphost.kernel.lwp import IPL_HIGH, IPL_NONE, IPL_VM, Kind
from rumphost.kernel.workqueue import MPSAFE, Workqueues

OWNER = FakeOwner()
ARGUMENT = 77


@pytest.fixture
def rig(sync_rig):
    return sync_rig


def create(rig, script, ipl=IPL_VM, flags=MPSAFE):
    def driver():
        function = rig.function(script)
        return (yield ("workqueue_create", "testwq", function, ARGUMENT, -1, ipl, flags))

    return rig.run_script(driver, owner=OWNER)


def run(rig, *requests, **options):
    def script():
        for request in requests:  # noqa: UP028 (a tuple takes no results)
            yield request
        rig.log.append("end")

    return rig.run_script(script, owner=OWNER, **options)


def work(rig):
    def script(item, argument):
        rig.log.append((item, argument, rig.lwp.name, rig.lwp.ipl))
        yield ("kpause", "x", 1, 0, 0)

    return script


def test_work_is_done_in_order_on_a_thread(rig):
    queue = create(rig, work(rig))
    run(rig, *(("workqueue_enqueue", queue, item) for item in (1, 2)),
        kind=Kind.INTERRUPT, ipl=IPL_VM)  # fmt: skip
    assert rig.log == ["end", (1, ARGUMENT, "testwq", 0), (2, ARGUMENT, "testwq", 0)]


def test_work_may_be_queued_again_by_its_function(rig):
    def script(item, _argument):
        rig.log.append(item)
        if len(rig.log) < 3:
            yield ("workqueue_enqueue", queue, item)

    queue = create(rig, script)
    run(rig, ("workqueue_enqueue", queue, 9))
    assert rig.log == ["end", 9, 9]


def test_wait_for_queued_running_and_other_work(rig):
    queue = create(rig, work(rig))
    run(rig, ("workqueue_enqueue", queue, 1), ("workqueue_enqueue", queue, 2),
        ("workqueue_wait", queue, 3), ("workqueue_wait", queue, 2))  # fmt: skip
    assert [entry if entry == "end" else entry[0] for entry in rig.log] == [1, 2, "end"]


def test_destroy_waits_for_the_worker(rig):
    queue = create(rig, work(rig))
    run(rig, ("workqueue_enqueue", queue, 1), ("kpause", "y", 1, 0, 0),
        ("workqueue_destroy", queue))  # fmt: skip
    assert rig.log[-1] == "end"
    assert rig.kernel.scheduler.lwps == {}
    with pytest.raises(Misuse, match="of a workqueue that does not exist, or no longer"):
        run(rig, ("workqueue_enqueue", queue, 1))


def test_the_kernel_lock_unless_mpsafe(rig):
    def script(_item, _argument):
        rig.log.append((yield ("kernel_locked",)))

    for flags in (0, MPSAFE):
        queue = create(rig, script, flags=flags)
        run(rig, ("workqueue_enqueue", queue, 1))
    assert rig.log == ["end", 1, "end", 0]


def test_misuse(rig):
    queue = create(rig, work(rig))
    for requests, message in [
        ([("workqueue_enqueue", queue, 1)] * 2, "of work that is queued already"),
        ([("workqueue_enqueue", queue, 2), ("workqueue_destroy", queue)], "while work is queued"),
    ]:
        with pytest.raises(Misuse, match=rf"workqueue\(9\): .*{message}"):
            run(rig, *requests)


@pytest.mark.parametrize(
    ("queue_ipl", "ipl", "message"),
    [
        (IPL_VM, IPL_HIGH, "workqueue_enqueue at IPL high to a queue of IPL vm"),
        (IPL_NONE, IPL_VM, "workqueue_enqueue to a queue of IPL none in a hard interrupt handler"),
    ],
)
def test_enqueuing_above_the_level(rig, queue_ipl, ipl, message):
    queue = create(rig, work(rig), queue_ipl)
    with pytest.raises(Misuse, match=message):
        run(rig, ("workqueue_enqueue", queue, 1), kind=Kind.INTERRUPT, ipl=ipl)


def test_the_worker_may_not_wait_for_itself(rig):
    def script(item, _argument):
        yield ("workqueue_wait" if item == 1 else "workqueue_destroy", queue, *[item][: item == 1])

    for item in (1, 2):
        queue = create(rig, script)
        run(rig, ("workqueue_enqueue", queue, item))
        assert "by the queue's own worker" in rig.panics.pop().message


def test_a_function_that_keeps_a_lock(rig):
    mutex = new_word(rig)

    def script(_item, _argument):
        yield from mutex_enter(rig, mutex)

    queue = create(rig, script)
    run(rig, ("workqueue_enqueue", queue, 1))
    message = "workqueue(9): the function of testwq returned holding a lock"
    assert rig.panics[0].message == message


def test_leaks_and_release(rig):
    create(rig, work(rig))
    service = rig.kernel.service(Workqueues)
    assert [str(leak) for leak in service.leaks(OWNER)] == [
        "workqueue(9): workqueue testwq still exists"
    ]
    service.release(OWNER)
    assert service.leaks(OWNER) == []
    assert rig.kernel.scheduler.lwps == {}
