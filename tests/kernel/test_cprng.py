"""cprng(9), rnd(9): repeatable numbers, and the books of sources."""

from __future__ import annotations

import pytest
from fakes import FakeOwner, Rig

from rumphost.kernel.cprng import Cprng


def kernel_with(seed=None):
    rig = Rig.make(seed=seed)
    rig.kernel.register(Cprng(rig.kernel))
    return rig


def draw(rig, size=16):
    room = rig.memory.allocate(size)

    def script():
        yield ("cprng_bytes", room, size)

    rig.run_script(script)
    return rig.memory.read(room, size)


def ask(rig, name, *arguments, **options):
    def script():
        yield (name, *arguments)

    rig.run_script(script, **options)


def test_the_same_seed_gives_the_same_numbers():
    first, second = kernel_with(7), kernel_with(7)
    assert [draw(first), draw(first)] == [draw(second), draw(second)]


def test_different_seeds_give_different_numbers():
    assert draw(kernel_with(7)) != draw(kernel_with(8))
    assert draw(kernel_with()) != bytes(16)


def test_samples_are_counted():
    rig = kernel_with()
    service = rig.kernel.service(Cprng)
    ask(rig, "rnd_attach", 0x100, "wm0", 2, 0x3000)
    ask(rig, "rnd_add", 0x100, 1234, 4)
    ask(rig, "rnd_add", 0x100, 1234, 8)
    ask(rig, "rnd_add", 0, 1, 4)
    (source,) = service.sources
    assert (source.name, source.type, source.samples, source.bytes) == ("wm0", 2, 2, 12)
    assert service.unattached_samples == 1


@pytest.mark.parametrize(
    ("name", "arguments"), [("rnd_detach", (0x100,)), ("rnd_add", (0x100, 1, 4))]
)
def test_a_source_that_is_not_attached_is_misuse(name, arguments):
    with pytest.raises(Exception, match="not attached"):
        ask(kernel_with(), name, *arguments)


def test_leaks_and_release():
    rig, owner = kernel_with(), FakeOwner()
    service = rig.kernel.service(Cprng)
    ask(rig, "rnd_attach", 0x100, "wm0", 2, 0, owner=owner)
    assert [str(leak) for leak in service.leaks(owner)] == [
        "rnd(9): the source wm0 is still attached"
    ]
    service.release(owner)
    assert service.sources == []
