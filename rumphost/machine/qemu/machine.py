"""The ``qemu:`` machine: a QEMU process without a guest, whose devices are driven by qtest.

The host opens it like any machine. The guest's RAM is a memory file that this process maps too:
it is the DMA memory, so DMA is never copied. All methods belong to one OS thread, the one that
runs trio and the driver.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from collections.abc import Sequence
from typing import Any

import trio

from rumphost.errors import MachineError, UsageError
from rumphost.machine.base import Machine
from rumphost.machine.clock import RealClock
from rumphost.machine.dma import DmaChunk, DmaError, MappedMemory
from rumphost.machine.names import DeviceName, ethernet_address, parse_devices
from rumphost.machine.pci import PciAddress

from . import bus, doorbell, network, process
from .channel import QtestChannel
from .doorbell import Doorbell
from .function import QemuFunction
from .intx import IntxLines
from .process import QemuProcess

START_S = 20.0
MIB = 2**20
# What q35 itself consists of: host bridge, LPC bridge, AHCI, SMBus; and our doorbell.
_DOORBELL = PciAddress(0, doorbell.SLOT, 0)
_BOARD = frozenset(
    [_DOORBELL, PciAddress(0, 0, 0), *(PciAddress(0, 0x1F, number) for number in (0, 2, 3))]
)


def _device_argument(device: DeviceName) -> str:
    """Return the value of QEMU's ``-device`` option."""
    options = dict(device.options)
    if "mac" in options:
        options["mac"] = ethernet_address(options["mac"])
    return ",".join([device.name, *(f"{key}={value}" for key, value in options.items())])


class GuestRam(MappedMemory):
    """RAM from 1 MiB on, so that neither address 0 nor the legacy hole is ever handed out."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.fd = process.memory_file("guest-ram", size=size)
        super().__init__(size, fd=self.fd)
        (whole,) = self.chunks
        self.chunks = [DmaChunk(whole.address + MIB, size - MIB, MIB)]

    def _offset(self, bus_address: int, size: int) -> int:
        if bus_address < MIB:
            raise DmaError(f"bus address {bus_address:#x}, {size} bytes: not DMA memory")
        return super()._offset(bus_address, size)

    def close(self) -> None:
        super().close()
        os.close(self.fd)


class QemuMachine(Machine):
    """``devices`` are QEMU ``-device`` values, such as ``e1000`` or ``edu,addr=7``.

    ``netdev`` is what network devices are connected to, see ``network`` (None: nothing); one that
    names its ``netdev`` gets a backend of that name, unless ``netdev`` is ``none``. ``arguments``
    are further QEMU arguments, such as a ``-drive`` for a disk controller. RAM is ``memory_size``
    bytes. ``message_interrupts`` off: a machine without MSI and MSI-X.

    When QEMU ends by itself, the next access and ``serve`` raise ``MachineError``.
    """

    dma: GuestRam

    def __init__(
        self,
        devices: Sequence[str] = (),
        netdev: str | int | None = "user",
        memory_size: int = 128 * MIB,
        *,
        arguments: Sequence[str] = (),
        binary: str = "qemu-system-x86_64",
        message_interrupts: bool = True,
    ) -> None:
        super().__init__(f"qemu:{'+'.join(devices)}", RealClock())
        netdev = "none" if netdev is None else netdev
        network.check(netdev)
        if memory_size % MIB or not 16 * MIB <= memory_size <= 2048 * MIB:
            raise UsageError(f"RAM of {memory_size} bytes: 16 MiB to 2 GiB, in whole MiB")
        self._devices = list(devices)
        self._netdev = netdev
        self._memory_size = memory_size
        self._arguments = list(arguments)
        self._binary = binary
        self._wants_doorbell = message_interrupts
        self._resources = contextlib.ExitStack()
        self._process: QemuProcess | None = None
        self._channel: QtestChannel | None = None
        self._doorbell: Doorbell | None = None
        self._epoll: select.epoll | None = None
        self._lines = IntxLines(self.flush)
        self._kick_fd = -1
        self._kicked = False
        self._noted = False
        self.frame_sockets: dict[str, socket.socket] = {}

    @classmethod
    def from_text(cls, text: str, netdev: str | int | None = "user", **options: Any) -> QemuMachine:
        """Make the machine of ``e1000:mac=52-54-00-12-34-56,edu``: devices and their properties.

        The other arguments are the constructor's. Raises ``UsageError``.
        """
        devices = parse_devices(text)
        if not devices:
            raise UsageError("qemu: needs devices: say qemu:e1000, or qemu:e1000:mac=…,edu")
        machine = cls([_device_argument(device) for device in devices], netdev, **options)
        machine.name = f"qemu:{text}"
        return machine

    @property
    def pid(self) -> int:
        """QEMU's process id."""
        if self._process is None:
            raise MachineError("the machine is not open")
        return self._process.pid

    @property
    def frame_socket(self) -> socket.socket:
        """Our end of the only ``dgram`` backend: one message is one Ethernet frame.

        It does not block and belongs to the machine. With several network devices see
        ``frame_sockets``, which is keyed by the backends' names.
        """
        if len(self.frame_sockets) != 1:
            raise UsageError(f"{self.name} has {len(self.frame_sockets)} dgram network backends")
        return next(iter(self.frame_sockets.values()))

    async def __aenter__(self) -> QemuMachine:
        await super().__aenter__()
        return self

    async def open(self) -> None:
        """Start QEMU and do what firmware would; takes about 70 ms."""
        if self._process is not None:
            raise MachineError("the machine is open already")
        binary = process.find_binary(self._binary)
        try:
            await self._start(binary, with_doorbell=self._wants_doorbell)
        except UsageError as error:
            if not (self._wants_doorbell and "ivshmem-doorbell" in str(error)):
                raise
            # This QEMU was built without the device: no message interrupts, then.
            await self.close()
            await self._start(binary, with_doorbell=False)
        self._enumerate()

    async def close(self) -> None:
        """End QEMU and reap it; release memory and descriptors."""
        self.functions = []
        if self._epoll is not None:
            trio.lowlevel.notify_closing(self._epoll.fileno())
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            await self._process.stop()
        self._epoll = self._process = self._doorbell = None
        self.frame_sockets = {}
        self._kick_fd = -1
        self._resources.close()

    def outside_fd(self) -> int:
        """Readable for interrupts, and for posted writes that nothing else has sent."""
        if self._epoll is None:
            raise MachineError("the machine is not open")
        return self._epoll.fileno()

    def take_in(self) -> None:
        self._take_in()
        if self._noted:
            self._noted = False
            self.on_outside_event()

    def flush(self) -> None:
        self._open_channel().flush()
        if self._doorbell is not None and self._doorbell.in_use:
            self._take_in()

    def poll(self) -> None:
        self._open_channel().look()
        if self._doorbell is not None and self._doorbell.in_use:
            self._take_in()

    async def _start(self, binary: str, *, with_doorbell: bool) -> None:
        own = self._resources
        self.dma = own.enter_context(contextlib.closing(GuestRam(self._memory_size)))
        with contextlib.ExitStack() as inherited:
            bios = process.memory_file("bios", process.bios_image())
            inherited.callback(os.close, bios)
            ours, theirs = socket.socketpair()
            own.enter_context(ours)
            inherited.enter_context(theirs)
            net = network.connect(self._devices, self._netdev)
            own.callback(net.close)
            arguments = process.board_arguments(
                ram_fd=self.dma.fd,
                ram_size=self._memory_size,
                bios_fd=bios,
                qtest_fd=theirs.fileno(),
            )
            fds = [self.dma.fd, bios, theirs.fileno(), *net.fds]
            if with_doorbell:
                self._doorbell = own.enter_context(contextlib.closing(Doorbell()))
                arguments += self._doorbell.arguments
                fds.append(self._doorbell.inherited.fileno())
            arguments += net.arguments
            for device in net.devices:
                arguments += ["-device", device]
            self._process = QemuProcess(binary, [*arguments, *self._arguments], fds)
            for sock in (*net.inherited, *([self._doorbell.inherited] if self._doorbell else [])):
                sock.close()
        self.frame_sockets = net.sockets
        await self._greet(ours, self._process)

    async def _greet(self, ours: socket.socket, qemu: QemuProcess) -> None:
        """Wait for QEMU's first reply."""
        own = self._resources
        self._kick_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        own.callback(os.close, self._kick_fd)
        self._kicked = False
        self._epoll = own.enter_context(select.epoll())
        self._epoll.register(ours, select.EPOLLIN)
        self._epoll.register(self._kick_fd, select.EPOLLIN)
        self._channel = QtestChannel(
            ours,
            on_interrupt=self._on_interrupt,
            on_posted=self._kick,
            describe_death=qemu.describe_death,
        )
        try:
            self._channel.intercept_interrupts()
            with trio.fail_after(START_S):
                await trio.lowlevel.wait_readable(ours)
            self._channel.flush()
        except trio.TooSlowError:
            raise MachineError(f"QEMU has not answered within {START_S:.0f} s") from None
        except MachineError:
            raise qemu.start_error() from None

    def _enumerate(self) -> None:
        channel = self._open_channel()
        bus.open_config_window(channel)
        allocator = bus.AddressAllocator()
        for config in list(bus.scan(channel)):
            if self._doorbell is not None and config.address == _DOORBELL:
                bars = bus.assign_bars(config, allocator)
                self._doorbell.register = bars[0].address + doorbell.REGISTER
            elif config.address not in _BOARD:
                bars = bus.assign_bars(config, allocator)
                function = QemuFunction(config, bars, self._lines, self._doorbell)
                self.functions.append(function)
        channel.flush()
        if self._doorbell is not None and self._epoll is not None:
            for vector in range(doorbell.VECTORS):
                self._epoll.register(self._doorbell.eventfd(vector), select.EPOLLIN)

    def _open_channel(self) -> QtestChannel:
        if self._channel is None:
            raise MachineError("the machine is not open")
        return self._channel

    def _take_in(self) -> None:
        """Look at everything that may have come, without blocking."""
        if self._epoll is None or self._channel is None:
            return
        self._kicked = True
        try:
            for fd, _ in self._epoll.poll(0):
                if self._doorbell is not None and self._doorbell.owns(fd):
                    self._noted |= self._doorbell.ring(fd)
                else:
                    if fd == self._kick_fd:
                        os.eventfd_read(fd)
                    self._channel.look()
        finally:
            self._kicked = False

    def _on_interrupt(self, number: int, raised: bool) -> None:
        if self._lines.set_level(number, raised) and raised:
            self._noted = True
            self._kick()

    def _kick(self) -> None:
        """Have ``serve`` run as soon as trio gets to it."""
        if not self._kicked and self._kick_fd >= 0:
            self._kicked = True
            os.eventfd_write(self._kick_fd, 1)
