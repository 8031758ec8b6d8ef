"""KERNEL_LOCK: counts, and who starts with it."""

from __future__ import annotations

import pytest

from rumphost.errors import Misuse


@pytest.fixture
def rig(sync_rig):
    return sync_rig


def results(rig, *requests, **options):
    found = []

    def script():
        for request in requests:
            found.append((yield request))

    rig.run_script(script, **options)
    return found


def test_counting(rig):
    assert results(
        rig, ("kernel_locked",), ("kernel_lock", 2), ("kernel_locked",), ("kernel_unlock", 1),
        ("kernel_unlock", -1), ("kernel_locked",),
    ) == [0, 0, 1, 2, 1, 0]  # fmt: skip


def test_all_at_once_and_back(rig):
    assert results(
        rig, ("kernel_lock", 3), ("kernel_unlock", 0), ("kernel_locked",), ("kernel_lock", 3)
    ) == [0, 3, 0, 0]


def test_an_lwp_that_is_not_mpsafe_starts_with_it(rig):
    assert results(rig, ("kernel_locked",), mpsafe=False) == [1]


def test_it_is_kept_over_sleep(rig):
    def other():
        rig.log.append((yield ("kernel_locked",)))

    rig.spawn(other)
    assert results(rig, ("kernel_lock", 1), ("kpause", "x", 1, 0, 0), ("kernel_locked",))[2] == 1
    assert rig.log == [0]


@pytest.mark.parametrize(
    "requests", [[("kernel_unlock", 1)], [("kernel_lock", 2), ("kernel_unlock", -1)]]
)
def test_misuse(rig, requests):
    with pytest.raises(Misuse, match=r"KERNEL_LOCK\(9\): KERNEL_UNLOCK"):
        results(rig, *requests)


def test_a_shaken_schedule_leaves_its_holder_alone():
    from fakes import Rig

    from rumphost.kernel.synchronization import register_synchronization

    for seed in range(5):
        rig = Rig.make(seed=seed)
        register_synchronization(rig.kernel)

        def script(n, rig=rig):
            yield ("kernel_lock", 1)
            for _ in range(5):
                rig.log.append(n)
                yield ("wakeup", 1)
            yield ("kernel_unlock", 1)

        for n in range(2):
            rig.spawn(script, n)
        rig.run()
        assert rig.log in ([0] * 5 + [1] * 5, [1] * 5 + [0] * 5)
