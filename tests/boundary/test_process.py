"""Fibers, faults, images and the arena, with a small image and no kernel."""

from __future__ import annotations

import itertools
import platform

import pytest

from rumphost.boundary import Boundary
from rumphost.errors import BuildError, UsageError

RETURN, UPCALL_DONE, FAULT, HUNG = 0, 1, 2, 3


@pytest.fixture
def image(boundary, image_path):
    return boundary.load(image_path)


def fiber(boundary, image, name, *args):
    return boundary.create(image, name, 1, "t", 0, image.symbol(name), args)


def test_a_fiber_returns_its_result(boundary, image):
    lwp = fiber(boundary, image, "twice", 21)
    assert lwp.run() == RETURN
    assert lwp.result == 42
    lwp.destroy()


def test_a_hypercall_suspends_with_its_arguments(boundary, image):
    address = boundary.memory.allocate(16)
    boundary.memory.write(address, b"too hot\0")
    lwp = fiber(boundary, image, "say", address)
    call = boundary.interface.hypercalls["panic"]
    assert lwp.run() == call.number
    assert lwp.arguments(call.kinds) == ["too hot"]
    assert "say" in [frame.function for frame in lwp.backtrace()]
    lwp.set_result(0)
    assert lwp.run() == RETURN
    assert lwp.result == 7
    lwp.destroy()


def test_an_upcall_nests_on_the_same_stack(boundary, image):
    lwp = fiber(boundary, image, "say", 0)
    lwp.run()
    lwp.set_upcall(image.symbol("twice"), [5])
    assert lwp.run() == UPCALL_DONE
    assert lwp.result == 10
    lwp.set_upcall(image.symbol("twice"), [6])
    assert lwp.run() == UPCALL_DONE
    assert lwp.result == 12
    lwp.set_result(0)
    assert lwp.run() == RETURN
    lwp.destroy()


def test_a_fiber_that_has_returned_can_make_its_call_again(boundary, image):
    lwp = fiber(boundary, image, "say", 0)
    for _ in range(3):
        assert lwp.run() == boundary.interface.hypercalls["panic"].number
        lwp.set_state("S", "nothing")
        lwp.set_result(0)
        assert lwp.run() == RETURN
        assert lwp.result == 7
        lwp.again(6)
        assert lwp.ipl == 6
    lwp.destroy()


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("null_write", (), "NULL pointer 0x8"),
        ("null_call", (), "NULL pointer 0x0"),
        ("wild_read", (0x1234_5678_9000,), "address 0x123456789000"),
        ("divide", (0,), "division by zero"),
        ("deep", (1,), "stack overflow"),
    ],
)
def test_a_fault_ends_the_fiber_only(boundary, image, name, args, words):
    lwp = fiber(boundary, image, name, *args)
    assert lwp.run() == FAULT
    assert words in lwp.describe_fault()
    assert name in [frame.function for frame in lwp.backtrace()]
    lwp.destroy()
    again = fiber(boundary, image, "twice", 2)
    assert again.run() == RETURN
    again.destroy()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="a fault of this processor only")
def test_an_address_that_the_processor_does_not_tell_is_not_called_null(boundary, image):
    lwp = fiber(boundary, image, "wild_read", 0xDEAD_BEEF_0000_0000)
    assert lwp.run() == FAULT
    assert "no valid address" in lwp.describe_fault()
    lwp.destroy()


def test_a_fault_names_file_and_line(boundary, image):
    lwp = fiber(boundary, image, "null_write")
    lwp.run()
    frame = lwp.backtrace()[0]
    assert frame.function == "null_write"
    assert frame.file.endswith("program.c")
    assert frame.line > 0
    lwp.destroy()


def test_the_watchdog_ends_a_spinning_fiber(boundary, image):
    lwp = fiber(boundary, image, "spin")
    assert lwp.run() == HUNG
    assert "no hypercall" in lwp.describe_fault()
    assert lwp.backtrace()[0].function == "spin"
    lwp.destroy()


def test_the_same_file_loaded_twice_has_two_sets_of_data(boundary, image, image_path):
    other = boundary.load(image_path)
    results = []
    for where in (image, image, other):
        lwp = fiber(boundary, where, "count")
        lwp.run()
        results.append(lwp.result)
        lwp.destroy()
    assert results == [1, 2, 1]


def test_an_image_that_is_none_says_so(boundary, tmp_path):
    path = tmp_path / "not.so"
    path.write_text("text")
    with pytest.raises(BuildError, match="cannot load"):
        boundary.load(path)


@pytest.mark.usefixtures("boundary")
def test_one_host_at_a_time():
    with pytest.raises(UsageError, match="one host at a time"):
        Boundary()


def test_allocations_are_booked_to_owner_and_site(boundary, image):
    lwp = fiber(boundary, image, "grab", 3000)
    lwp.set_owner(9)
    lwp.run()
    (found,) = boundary.allocations(9)
    assert (found.address, found.size) == (lwp.result, 3000)
    assert boundary.release_owner(9) == 1
    assert boundary.allocations() == []
    assert boundary.bytes_in_use == 0
    lwp.destroy()


def test_small_and_large_allocations_are_aligned_and_apart(boundary):
    memory = boundary.memory
    sizes = [1, 31, 32, 33, 64, 100, 500, 2048, 2049, 4096, 5000, 65536] * 4
    taken = sorted((memory.allocate(size), size) for size in sizes)
    for (address, size), (following, _) in itertools.pairwise(taken):
        assert address + size <= following
    for address, size in taken:
        power = 1 << max(size - 1, 1).bit_length()
        assert address % min(power, 4096) == 0
    for address, _ in taken[::2] + taken[1::2]:
        memory.release(address)
    assert boundary.bytes_in_use == 0


def test_the_arena_runs_out_and_recovers(boundary):
    memory = boundary.memory
    taken = [memory.allocate(100_000) for _ in range(30)]
    with pytest.raises(MemoryError):
        taken.extend(memory.allocate(100_000) for _ in range(30))
    for address in taken:
        memory.release(address)
    memory.release(memory.allocate(3_000_000))


def test_stacks_are_used_again(boundary, image):
    before = None
    for _ in range(3):
        lwp = fiber(boundary, image, "twice", 1)
        lwp.run()
        before = before or lwp.address
        assert lwp.address == before
        lwp.destroy()
