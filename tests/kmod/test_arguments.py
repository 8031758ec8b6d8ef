"""Requests with bounded random arguments, and with bad pointers: the right errors, and no harm."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import random
import signal

import pytest
from hardware import EDU, EDU_ID, Hardware, attribute, refused

from rumphost.machine.kmod.node import Node

ROUNDS = int(os.environ.get("RUMPHOST_FUZZ", "4000"))
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
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(100)
            storm(Hardware(Node(edu_function)), random.Random(seed))
            status = 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert attribute(EDU, "dma_bytes") == "0"
    again = Hardware(Node(edu_function))
    assert again.read(EDU_ID) == 0x010000ED
    assert again.mirror() == []
    again.close()


def storm(edu: Hardware, dice: random.Random) -> None:
    memory = mmap.mmap(-1, 1 << 16)
    place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    eventfd = os.eventfd(0, os.EFD_NONBLOCK)
    pointers = [place, place + 4096, place + 1, 0, 1 << 47, (1 << 64) - 8, eventfd, edu.node.fd]
    requests = list(edu.uapi.requests.values())
    mappings: list[mmap.mmap] = []
    succeeded = 0
    for _ in range(ROUNDS):
        request = dice.choice(requests)
        argument = random_argument(dice, request >> 16 & 0x3FFF, pointers)
        try:
            fcntl.ioctl(edu.node.fd, request, argument or 0)
            succeeded += 1
        except OSError as error:
            if error.errno not in EXPECTED:
                raise
        if dice.random() < 0.1:
            key = dice.choice((0, 1, 3, 5, 6, 15, 16, 17, 18, 30, 1 << 22))
            offset = key << 40 | dice.choice((0, 4096, 1 << 20, 1 << 39))
            with contextlib.suppress(OSError):
                mappings.append(mmap.mmap(edu.node.fd, dice.choice((4096, 8192)), offset=offset))
        if dice.random() < 0.05:
            with contextlib.suppress(BlockingIOError):
                os.read(edu.node.fd, 240)
        if len(mappings) > 8:
            mappings.pop(0).close()
    assert succeeded > ROUNDS // 100
