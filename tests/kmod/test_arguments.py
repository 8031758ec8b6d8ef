"""Requests with wrong arguments of every kind, and with bounded random ones: the right errors, and
no harm: nothing is left in the kernel's list of DMA memory nor among its objects.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hardware import EDU, EDU_BITS, EDU_ID, Hardware, attribute, eventually, refused
from leaks import nothing_left
from wrong import Wrong, wrong_ones

from rumphost.machine.kmod.node import Node
from rumphost.machine.sysfs import SysfsFunction, bind, unbind

ROUNDS = int(os.environ.get("RUMPHOST_FUZZ", "4000"))
REFUSALS = 30
INTERESTING = (0, 1, 2, 3, 4, 7, 8, 16, 255, 4095, 4096, 4097, 65536, 0x7FFFFFFF, 0xFFFFFFFF)
EXPECTED = {
    errno.EINVAL,
    errno.EPERM,
    errno.EACCES,
    errno.EBUSY,
    errno.EFAULT,
    errno.ENOMEM,
    errno.EBADF,
    errno.EFBIG,
    errno.EIO,
    errno.ENOTTY,
    errno.EOPNOTSUPP,
    errno.ENOSPC,
    errno.EAGAIN,
}


def test_unknown_requests(edu):
    known = set(edu.uapi.requests.values())
    for number in range(256):
        for request in (0xB700 | number, 0x4008B700 | number, 0xC010B700 | number):
            if request not in known:
                with refused(errno.ENOTTY):
                    fcntl.ioctl(edu.node.fd, request, bytes(16))
    for request in (0x5401, 0xFFFFFFFF, 0, 0x7FFFB700):
        with refused(errno.ENOTTY):
            fcntl.ioctl(edu.node.fd, request, 0)


def test_bad_pointers(edu):
    for name, request in edu.uapi.requests.items():
        if name != "RUMPHOST_RESET":
            with refused(errno.EFAULT):
                fcntl.ioctl(edu.node.fd, request, 0)


def test_padding(edu):
    for name, struct in (
        ("CONFIG_READ", "config"),
        ("IRQ_ACK", "ack_program"),
        ("SET_MASTER", "master"),
        ("DMA_MASK", "dma_mask"),
        ("DMA_ALLOC", "dma_alloc"),
        ("DMA_FREE", "dma_handle"),
    ):
        with refused(errno.EINVAL):
            edu.request(name, struct, pad=1)


def test_wrong_arguments(edu):
    """One value at a time, with interrupts on and off; a thousand refusals leave nothing."""
    memory = mmap.mmap(-1, 1 << 16)
    place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    edu.request("DMA_MASK", "dma_mask", bits=EDU_BITS)
    edu.master()
    given, _ = edu.allocate(4096)
    table = wrong_ones(edu, place, given.handle)
    without_values = {"RUMPHOST_GET_INFO", "RUMPHOST_RESET"}
    named = {f"RUMPHOST_{one.request}" for one in table}
    assert named == set(edu.uapi.requests) - without_values
    refuse_all(edu, table)
    with nothing_left():
        for _ in range(REFUSALS):
            refuse_all(edu, table)
    assert [one.handle for one in edu.mirror()] == [given.handle]
    assert attribute(EDU, "dma_bytes") == "4096"
    assert edu.read(EDU_ID) == 0x010000ED


def refuse_all(edu: Hardware, table: list[Wrong]) -> None:
    for interrupts in (False, True):
        if interrupts:
            edu.request("IRQ_SETUP", "irq_setup", kind=1, count=1)
            with refused(errno.EBUSY):
                edu.request("RESET")
        for one in table:
            if one.interrupts == interrupts:
                refuse(edu, one)
    edu.request("IRQ_SETUP", "irq_setup")


def refuse(edu: Hardware, one: Wrong) -> None:
    for number, wrongs in one.bad.items():
        for wrong in wrongs:
            try:
                with refused(number):
                    edu.request(one.request, one.struct, **{**one.good, **wrong})
            except AssertionError as error:
                raise AssertionError(f"{one.request} with {wrong}: {error}") from None


def random_argument(dice: random.Random, size: int, pointers: list[int]) -> bytearray:
    """Return a structure of small, large and plausible numbers."""
    argument = bytearray()
    while len(argument) < size:
        width = dice.choice((1, 2, 4, 4, 8, 8))
        choice = dice.random()
        if choice < 0.3:
            value = dice.choice(pointers)
        elif choice < 0.8:
            value = dice.choice(INTERESTING)
        else:
            value = dice.getrandbits(8 * width)
        argument += (value & (1 << 8 * width) - 1).to_bytes(width, "little")
    return argument[:size]


@pytest.mark.parametrize("seed", [1, 2])
def test_random_arguments(edu_function, seed):
    """In a child: what it maps may be fatal to it, never to the kernel."""
    with nothing_left(), stormed(seed, 1):
        pass
    as_good_as_new(edu_function)


def test_random_arguments_from_many_threads(edu_function):
    with nothing_left(), stormed(3, 4):
        pass
    as_good_as_new(edu_function)


def test_unbound_in_the_middle(edu_function):
    """Over and over; the process goes on with a function that is gone."""
    for seed in range(4, 8):
        with stormed(seed, 2, may_go=True):
            eventually(lambda: attribute(EDU, "holder"))
            time.sleep(0.05 * seed)
            unbind(edu_function)
        bind(edu_function, "rumphost")
    as_good_as_new(edu_function)


@contextlib.contextmanager
def stormed(seed: int, threads: int, *, may_go: bool = False) -> Iterator[None]:
    """Have a child make random requests meanwhile; in the end it must not have failed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(100)
            edu = Hardware(Node(SysfsFunction(EDU)))
            with ThreadPoolExecutor(threads) as pool:
                parts = [
                    pool.submit(storm, edu, random.Random(seed + n / 10), ROUNDS // threads, may_go)
                    for n in range(threads)
                ]
                for part in parts:
                    part.result()
            status = 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)
    try:
        yield
    finally:
        assert os.waitpid(child, 0)[1] == 0


def as_good_as_new(function: SysfsFunction) -> None:
    assert attribute(EDU, "dma_bytes") == "0"
    again = Hardware(Node(function))
    assert again.read(EDU_ID) == 0x010000ED
    assert again.mirror() == []
    again.close()


def storm(edu: Hardware, dice: random.Random, rounds: int, may_go: bool) -> None:
    memory = mmap.mmap(-1, 1 << 16)
    place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    eventfd = os.eventfd(0, os.EFD_NONBLOCK)
    pointers = [place, place + 4096, place + 1, 0, 1 << 47, (1 << 64) - 8, eventfd, edu.node.fd]
    requests = list(edu.uapi.requests.values())
    mappings: list[mmap.mmap] = []
    succeeded = 0
    expected = EXPECTED | {errno.ENODEV} if may_go else EXPECTED
    for _ in range(rounds):
        request = dice.choice(requests)
        argument = random_argument(dice, request >> 16 & 0x3FFF, pointers)
        try:
            fcntl.ioctl(edu.node.fd, request, argument or 0)
            succeeded += 1
        except OSError as error:
            if error.errno not in expected:
                raise
        if dice.random() < 0.1:
            key = dice.choice((0, 1, 3, 5, 6, 15, 16, 17, 18, 30, 1 << 22))
            offset = key << 40 | dice.choice((0, 4096, 1 << 20, 1 << 39))
            with contextlib.suppress(OSError):
                mappings.append(mmap.mmap(edu.node.fd, dice.choice((4096, 8192)), offset=offset))
        if dice.random() < 0.05:
            with contextlib.suppress(BlockingIOError, *([OSError] if may_go else [])):
                os.read(edu.node.fd, 240)
        if len(mappings) > 8:
            mappings.pop(0).close()
    assert may_go or succeeded > rounds // 100
