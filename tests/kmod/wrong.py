"""For each request of the module what can be wrong with its values, and how that is refused."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import NamedTuple

from hardware import Hardware

INVAL, FAULT, PERM, BUSY = errno.EINVAL, errno.EFAULT, errno.EPERM, errno.EBUSY
Fields = dict[str, int]


class Wrong(NamedTuple):
    """A request's structure with ``good`` values; ``bad``: by error, those that are refused.

    ``interrupts``: whether the line is on meanwhile.
    """

    request: str
    struct: str
    good: Fields
    bad: dict[int, list[Fields]]
    interrupts: bool = False


def each(**values: Sequence[int]) -> list[Fields]:
    """Return the values one at a time."""
    return [{name: value} for name, several in values.items() for value in several]


def wrong_ones(edu: Hardware, place: int, handle: int) -> list[Wrong]:
    """Return all requests that take values; ``place`` is memory, ``handle`` DMA memory."""
    return [*_registers(place), *_interrupts(edu.node.fd), *_dma(place, handle)]


def _registers(place: int) -> list[Wrong]:
    every = each(width=(0, 3, 8), pad=(1,), offset=(256, 4096, 0xFFFFFFFC))
    two, four = {"width": 2, "offset": 1}, {"width": 4, "offset": 0x0E}
    first = {"offset": 0x0C, "width": 1}
    kept = [*each(offset=(0, 0x3C)), {"offset": 0x10, "width": 4}]
    pointers = each(accesses=(0, 1 << 63, (1 << 64) - 8))
    counts = each(count=(0, 4097, 0xFFFFFFFF))
    return [
        Wrong("CONFIG_READ", "config", first, {INVAL: [*every, two, four]}),
        Wrong(
            "CONFIG_WRITE",
            "config",
            first,
            {INVAL: [*every, two, four, {"value": 256}], PERM: kept},
        ),
        Wrong("ACCESS", "batch", {"accesses": place, "count": 1}, {INVAL: counts, FAULT: pointers}),
    ]


def _interrupts(no_eventfd: int) -> list[Wrong]:
    most = 0xFFFFFFFF
    setups = [*each(kind=(0, 3, 4, most), count=(0, 2, most)), {"kind": 2, "count": 2}]
    vectors = each(vector=(1, most), pad=(1,))
    fds = each(vector=(1, most), fd=(-2, -(1 << 31), no_eventfd))
    return [
        Wrong("IRQ_SETUP", "irq_setup", {"kind": 1, "count": 1}, {INVAL: setups}),
        Wrong("IRQ_SETUP", "irq_setup", {"kind": 1, "count": 1}, {BUSY: [{}]}, interrupts=True),
        Wrong(
            "IRQ_EVENTFD",
            "irq_eventfd",
            {"fd": -1},
            {INVAL: fds, errno.EBADF: each(fd=(9999, (1 << 31) - 1))},
            interrupts=True,
        ),
        Wrong("IRQ_EVENTFD", "irq_eventfd", {"fd": -1}, {INVAL: [{}]}),
        Wrong("IRQ_MASK", "irq_vector", {}, {INVAL: vectors}, interrupts=True),
        Wrong("IRQ_MASK", "irq_vector", {}, {INVAL: [{}]}),
        Wrong("IRQ_UNMASK", "irq_vector", {}, {INVAL: vectors}, interrupts=True),
        Wrong("IRQ_UNMASK", "irq_vector", {}, {INVAL: [{}]}),
        Wrong("IRQ_ACK", "ack_program", {}, {INVAL: each(count=(17, most), pad=(1,))}),
        Wrong("IRQ_ACK", "ack_program", {}, {BUSY: [{}]}, interrupts=True),
    ]


def _dma(place: int, handle: int) -> list[Wrong]:
    given = each(handle=(1,), bus_address=(1,), mmap_offset=(1,), pad=(1,))
    one = {"address": place, "size": 8, "segments": place + 4096, "max_segments": 1}
    values = each(
        size=(0, 1 << 40),
        address=((1 << 64) - 4,),
        direction=(3,),
        boundary=(3000,),
        max_segments=(0, 1 << 20),
        count=(1,),
        handle=(1,),
    )
    pointers = each(address=(0, 1 << 63), segments=(0, 64))
    cut = each(max_segment_size=(4,), boundary=(4,))
    return [
        Wrong("SET_MASTER", "master", {"on": 1}, {INVAL: each(on=(2, 1 << 31), pad=(1,))}),
        Wrong(
            "DMA_MASK",
            "dma_mask",
            {"bits": 32},
            {INVAL: each(bits=(0, 19, 65), pad=(1,)), BUSY: [{}]},
        ),
        Wrong(
            "DMA_ALLOC",
            "dma_alloc",
            {"size": 4096},
            {INVAL: [*each(size=(0, 1, 4097, 1 << 63)), *given]},
        ),
        Wrong("DMA_MAP", "dma_map", one, {INVAL: values, FAULT: pointers, errno.EFBIG: cut}),
        Wrong("DMA_FREE", "dma_handle", {}, {INVAL: each(handle=(0, 77, 1 << 31), pad=(1,))}),
        Wrong("DMA_SYNC", "dma_sync", {"handle": handle}, {INVAL: each(handle=(0, 77), whom=(2,))}),
        Wrong(
            "DMA_LIST",
            "dma_list",
            {"capacity": 9, "entries": place},
            {FAULT: each(entries=(0, 1 << 63))},
        ),
    ]
