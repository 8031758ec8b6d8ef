"""Interrupts: INTx with mask and with acknowledge program, MSI, MSI-X; eventfd, poll and read."""

from __future__ import annotations

import errno
import os
import select

import pytest
from hardware import (
    EDU_ACK,
    EDU_RAISE,
    EDU_STATUS,
    MSIX,
    Hardware,
    eventually,
    needs_iommu,
    refused,
)

from rumphost.machine.kmod.node import Node
from rumphost.machine.sysfs import SysfsFunction, bound

INTX, MSI, MSI_X = 1, 2, 3
LOAD, AND, CLAIM, SAVE, STORE, STORE_VALUE = range(6)


def signalled(fd: int) -> int:
    """Wait for an eventfd; returns its count."""
    assert select.select([fd], [], [], 10)[0], "no interrupt came"
    return os.eventfd_read(fd)


def quiet(fd: int) -> bool:
    return not select.select([fd], [], [], 0.05)[0]


def acknowledge(edu: Hardware) -> int:
    status = edu.read(EDU_STATUS)
    edu.write(EDU_ACK, status)
    return status


def set_program(edu: Hardware, *steps: tuple[int, ...]) -> None:
    """Set an acknowledge program of (op, bar, width, offset, value)."""
    program = edu.uapi.struct("ack_program")(count=len(steps))
    for number, (op, bar, width, offset, value) in enumerate(steps):
        program.steps[number] = edu.uapi.struct("ack_step")(op, bar, width, 0, offset, value, 0)
    edu.request("IRQ_ACK", "ack_program", count=len(steps), steps=program.steps)


class TestLine:
    def test_masked_until_unmasked(self, edu):
        (fd,) = edu.interrupts("INTX")
        edu.write(EDU_RAISE, 1)
        assert signalled(fd) == 1
        assert edu.config(4, 2) & 0x400  # masked in the function
        assert quiet(fd)
        edu.unmask()  # not acknowledged: it comes again
        assert signalled(fd) == 1
        assert acknowledge(edu) == 1
        edu.unmask()
        assert quiet(fd)
        assert not edu.config(4, 2) & 0x400
        edu.write(EDU_RAISE, 2)
        assert signalled(fd) == 1
        assert acknowledge(edu) == 2

    def test_masked_by_the_process(self, edu):
        (fd,) = edu.interrupts("INTX")
        edu.request("IRQ_MASK", "irq_vector")
        edu.write(EDU_RAISE, 1)
        assert quiet(fd)
        edu.unmask()
        assert signalled(fd) == 1
        acknowledge(edu)

    def test_read_and_poll(self, edu):
        edu.interrupts("INTX")
        poll = select.poll()
        poll.register(edu.node.fd, select.POLLIN)
        assert poll.poll(0) == []
        with refused(errno.EAGAIN):
            edu.events()
        edu.write(EDU_RAISE, 1)
        assert poll.poll(10000) == [(edu.node.fd, select.POLLIN)]
        (event,) = edu.events()
        assert (event.kind, event.vector, event.count, event.data) == (INTX, 0, 1, 0)
        assert poll.poll(0) == []
        acknowledge(edu)
        with refused(errno.EINVAL):
            os.read(edu.node.fd, 23)

    def test_off_means_quiet(self, edu):
        (fd,) = edu.interrupts("INTX")
        edu.request("IRQ_SETUP", "irq_setup")
        edu.write(EDU_RAISE, 1)
        assert quiet(fd)
        with refused(errno.EINVAL):
            edu.unmask()
        acknowledge(edu)

    def test_the_eventfd_of_what_came_before(self, edu):
        edu.request("IRQ_SETUP", "irq_setup", kind=INTX, count=1)
        edu.write(EDU_RAISE, 1)
        eventually(lambda: edu.config(4, 2) & 0x400)
        fd = os.eventfd(0, os.EFD_NONBLOCK)
        edu.request("IRQ_EVENTFD", "irq_eventfd", vector=0, fd=fd)
        assert signalled(fd) == 1
        acknowledge(edu)
        edu.request("IRQ_EVENTFD", "irq_eventfd", vector=0, fd=-1)
        edu.unmask()
        edu.write(EDU_RAISE, 1)
        eventually(lambda: edu.config(4, 2) & 0x400)
        assert quiet(fd)
        acknowledge(edu)
        os.close(fd)


class TestAcknowledgeProgram:
    PROGRAM = (
        (LOAD, 0, 4, EDU_STATUS, 0),
        (AND, 0, 0, 0, 0xFF),
        (CLAIM, 0, 0, 0, 0),
        (SAVE, 0, 0, 0, 0),
        (STORE, 0, 4, EDU_ACK, 0),
    )

    def test_it_runs(self, edu):
        set_program(edu, *self.PROGRAM)
        (fd,) = edu.interrupts("INTX")
        for number in (1, 2, 0x80):
            edu.write(EDU_RAISE, number)
            assert signalled(fd) == 1
            assert edu.read(EDU_STATUS) == 0
            (event,) = edu.events()
            assert (event.count, event.data) == (1, number)
        assert not edu.config(4, 2) & 0x400  # never masked
        edu.request("IRQ_UNMASK", "irq_vector")
        with refused(errno.EINVAL):
            edu.request("IRQ_MASK", "irq_vector")
        with refused(errno.EBUSY):
            set_program(edu)

    def test_a_value_to_store(self, edu):
        set_program(edu, *self.PROGRAM[:4], (STORE_VALUE, 0, 4, EDU_ACK, 0xFF))
        (fd,) = edu.interrupts("INTX")
        edu.write(EDU_RAISE, 0x11)
        assert signalled(fd) == 1
        assert edu.read(EDU_STATUS) == 0

    def test_one_that_does_not_quiet_its_device(self, edu):
        """It would keep the processor for ever; it is stopped, and runs on when somebody looks."""
        limit = edu.uapi.constant("UNREAD_MAX")
        set_program(edu, *self.PROGRAM[:3])
        edu.interrupts("INTX")
        edu.write(EDU_RAISE, 1)
        eventually(lambda: edu.config(4, 2) & 0x400)
        acknowledge(edu)
        assert sum(event.count for event in edu.events()) == limit + 1
        assert not edu.config(4, 2) & 0x400
        edu.write(EDU_RAISE, 1)
        eventually(lambda: edu.config(4, 2) & 0x400)
        acknowledge(edu)
        edu.unmask()
        assert not edu.config(4, 2) & 0x400

    @pytest.mark.parametrize(
        "step",
        [
            (6, 0, 4, 0, 0),
            (LOAD, 1, 4, 0, 0),
            (LOAD, 7, 4, 0, 0),
            (LOAD, 0, 8, 0, 0),
            (LOAD, 0, 4, 2, 0),
            (LOAD, 0, 4, 1 << 20, 0),
            (STORE, 0, 4, 0xFFFFFFFC, 0),
            (AND, 0, 4, 0, 0),
        ],
    )
    def test_wrong_steps(self, edu, step):
        with refused(errno.EINVAL):
            set_program(edu, self.PROGRAM[0], step)
        with refused(errno.EINVAL):
            edu.request("IRQ_ACK", "ack_program", count=17)


class TestMessages:
    @needs_iommu
    def test_msi_needs_bus_mastering(self, edu):
        (fd,) = edu.interrupts("MSI")
        edu.write(EDU_RAISE, 1)
        assert quiet(fd)
        acknowledge(edu)
        edu.master()
        for number in range(1, 4):
            edu.write(EDU_RAISE, number)
            assert signalled(fd) == 1
            assert acknowledge(edu) == number
        edu.master(False)
        edu.write(EDU_RAISE, 1)
        assert quiet(fd)
        acknowledge(edu)

    @needs_iommu
    def test_msix(self):
        """e1000e: causes RXQ0 and RXQ1 go to two vectors."""
        ics, ims, ivar = 0xC8, 0xD0, 0xE4
        function = SysfsFunction(MSIX)
        with bound(function, "rumphost"):
            card = Hardware(Node(function))
            assert card.info.msix_count == 5
            card.master()
            fds = card.interrupts("MSIX", 2)
            card.write(ivar, 0x98)
            card.write(ims, 3 << 20)
            card.write(ics, 1 << 20)
            assert signalled(fds[0]) == 1
            assert quiet(fds[1])
            card.write(ics, 1 << 21)
            assert signalled(fds[1]) == 1
            assert [(one.vector, one.count) for one in card.events()] == [(0, 1), (1, 1)]
            card.close()


class TestArguments:
    def test_counts_and_kinds(self, edu):
        for kind, count in ((0, 1), (INTX, 0), (INTX, 2), (MSI, 3), (MSI_X, 1), (4, 1)):
            with refused(errno.EINVAL):
                edu.request("IRQ_SETUP", "irq_setup", kind=kind, count=count)
        edu.interrupts("INTX")
        with refused(errno.EBUSY):
            edu.request("IRQ_SETUP", "irq_setup", kind=INTX, count=1)
        with refused(errno.EBUSY):
            edu.request("RESET")

    def test_eventfds(self, edu):
        with refused(errno.EINVAL):
            edu.request("IRQ_EVENTFD", "irq_eventfd", vector=0, fd=1)
        edu.interrupts("INTX")
        for vector, fd, number in (
            (1, 1, errno.EINVAL),
            (0, -2, errno.EINVAL),
            (0, 9999, errno.EBADF),
            (0, edu.node.fd, errno.EINVAL),
        ):
            with refused(number):
                edu.request("IRQ_EVENTFD", "irq_eventfd", vector=vector, fd=fd)
        with refused(errno.EINVAL):
            edu.request("IRQ_UNMASK", "irq_vector", vector=1)
        with refused(errno.EINVAL):
            edu.request("IRQ_UNMASK", "irq_vector", pad=1)
