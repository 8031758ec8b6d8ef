"""kmem(9): allocations that the shim shows are numbered, traced and perhaps refused."""

from __future__ import annotations

import pytest
from fakes import Rig

from rumphost.kernel.kmem import Kmem


@pytest.fixture
def kmem(rig: Rig) -> Kmem:
    service = Kmem(rig.kernel)
    rig.kernel.register(service)
    return service


@pytest.mark.usefixtures("kmem")
def test_allocations_are_numbered_not_addressed(rig: Rig):
    def script():
        assert (yield "kmem_allocated", "kmem(9)", 0x1000, 64, 1) == 0
        assert (yield "kmem_allocated", "pool_cache(9)", 0x2000, 100, 0) == 0
        yield "kmem_released", "kmem(9)", 0x1000
        yield "kmem_released", "malloc(9)", 0x3000

    events = rig.trace_of(lambda: rig.run_script(script))
    seen = [(event.name, event.fields) for event in events if event.name[-5:] in ("alloc", ".free")]
    assert seen == [
        ("kmem.alloc", {"number": 1, "size": 64}),
        ("pool_cache.alloc", {"number": 2, "size": 100}),
        ("kmem.free", {"number": 1}),
        ("malloc.free", {"number": 0}),
    ]


def test_only_those_who_must_not_wait_are_refused(rig: Rig, kmem: Kmem):
    asked = []

    def refuse(lwp, page, size):
        asked.append((lwp.name, page, size))
        return size > 50

    def script():
        assert (yield "kmem_allocated", "kmem(9)", 0x1000, 64, 1) == 0
        assert (yield "kmem_allocated", "kmem(9)", 0x2000, 64, 0) == 1
        assert (yield "kmem_allocated", "kmem(9)", 0x3000, 32, 0) == 0

    kmem.refuse = refuse
    rig.run_script(script)
    assert asked == [("script", "kmem(9)", 64), ("script", "kmem(9)", 32)]
