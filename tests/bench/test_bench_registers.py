"""What a register access costs, and the hypercall that most of them are."""

from __future__ import annotations

import mmap
import shutil
import time
from ctypes import addressof, c_char

import pytest
import sessions
from bench_machine import BenchFunction
from figures import Sample

from rumphost.boundary import Boundary
from rumphost.build import Builder


def test_mapped_register_read(compare, native, lockbench):
    count = compare.turns(20_000_000, 10_000)
    compare(
        "mapped register read",
        lambda: Sample(
            sessions.loop(lockbench, "regread", count, BenchFunction(mapped=True)),
            native.loop("load", count),
        ),
        baseline="a volatile load",
        at_most=1.5,
    )


def test_hypercall(compare, native, lockbench):
    count = compare.turns(200_000, 500)
    compare(
        "hypercall: a register that is only a Python function",
        lambda: Sample(
            sessions.loop(lockbench, "regread", count, BenchFunction()),
            native.loop("system_call", count),
        ),
        baseline="a system call",
    )


def test_trapped_read_on_sim(compare, native, lockbench):
    count = compare.turns(200_000, 500)
    compare(
        "trapped register read on sim:teach",
        lambda: Sample(
            sessions.loop(lockbench, "regread", count, "sim:teach"),
            native.loop("system_call", count),
        ),
        baseline="a system call",
    )


@pytest.mark.usefixtures("need_qemu")
def test_trapped_read_on_qemu(compare, native, lockbench):
    count = compare.turns(10_000, 100)
    compare(
        "trapped register read on qemu:edu",
        lambda: Sample(
            sessions.loop(lockbench, "regread", count, "qemu:edu"), native.loop("message", count)
        ),
        baseline="a message and its reply",
        rounds=3,
    )


def test_fiber_switch(compare, native, lockbench):
    """From Python into a fiber, and back at its next hypercall; nobody handles that."""
    count = compare.turns(200_000, 500)
    path = Builder().build([lockbench]).path

    def switches() -> float:
        boundary = Boundary()
        memory = mmap.mmap(-1, 1 << 22)
        boundary.start_arena([(addressof(c_char.from_buffer(memory)), 1 << 22, 0)])
        image = boundary.load(path)
        fiber = boundary.create(image, "bench", 1, "t", 0, image.symbol("lockbench_trap"), ())
        start = time.perf_counter()
        for _ in range(count):
            fiber.run()
        seconds = time.perf_counter() - start
        fiber.destroy()
        boundary.close()
        return seconds / count

    compare(
        "fiber switch from Python, and back",
        lambda: Sample(switches(), native.loop("pingpong", max(count // 10, 1))),
        baseline="two pthreads",
    )


@pytest.fixture
def need_qemu():
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not installed")
