"""The qtest channel: register reads, posted writes and interrupt lines over one socket.

Used by the regions, the configuration space and the machine, all in one OS thread. Commands are
built from integers only, since QEMU aborts on a malformed one. Writes are posted: they are
gathered and sent together, their replies are read later, and the next read, ``flush`` or ``look``
sends what is left. Interrupt messages that come between replies are handed on after the command
in which they came is complete, so a listener may use the channel again.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable, Iterable
from typing import NoReturn

from rumphost.errors import MachineError

# QEMU stops reading commands when about 690 replies wait for us; half of LIMIT is sent at a time.
LIMIT = 64
BATCH = LIMIT // 2
TIMEOUT_S = 10
# A reply takes about 15 us: looking this often before sleeping saves the wake-up.
SPINS = 24


class QtestChannel:
    """``on_interrupt(line, raised)`` hears of lines; ``on_posted()`` of a write that waits.

    ``describe_death()`` says in one sentence why the far end is gone.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        on_interrupt: Callable[[int, bool], None],
        on_posted: Callable[[], None],
        describe_death: Callable[[], str],
    ) -> None:
        self.socket = sock
        timeout = struct.pack("ll", TIMEOUT_S, 0)
        sock.setblocking(True)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
        self._on_interrupt = on_interrupt
        self._on_posted = on_posted
        self._describe_death = describe_death
        self._failure = ""
        self._waiting = bytearray()
        self._waiting_count = 0
        self._unread = 0
        self._partial = b""
        self._interrupts: list[tuple[int, bool]] = []

    def read(self, verb: bytes, address: int) -> int:
        """Read one register: ``verb`` is readb, readw, readl, inb, inw or inl."""
        return self._value(self._exchange(b"%b %#x\n" % (verb, address), 1)[0])

    def read_many(self, verb: bytes, address: int, count: int) -> list[int]:
        """Read one register ``count`` times without waiting for each reply in turn."""
        values: list[int] = []
        while len(values) < count:
            part = min(count - len(values), BATCH)
            replies = self._exchange(b"%b %#x\n" % (verb, address) * part, part)
            values += [self._value(reply) for reply in replies]
        return values

    def post(self, verb: bytes, address: int, value: int) -> None:
        """Write one register, sooner or later, but before anything that comes after it."""
        if self._failure:
            self._raise_failure()
        self._waiting += b"%b %#x %#x\n" % (verb, address, value)
        self._waiting_count += 1
        if self._waiting_count == 1:
            self._on_posted()
        elif self._waiting_count >= BATCH:
            self._settle(BATCH)
            self._send()
            self._hand_on()

    def flush(self) -> None:
        """Return once every posted write has reached its device."""
        if self._waiting_count or self._unread:
            self._exchange(b"", 0)
        elif self._failure:
            self._raise_failure()

    def look(self) -> None:
        """Send posted writes and take in what has come, without waiting for anything."""
        self._send()
        while self._take(socket.MSG_DONTWAIT) is not None:
            pass
        self._hand_on()

    def intercept_interrupts(self) -> None:
        """Have QEMU report the I/O APIC's input lines from now on; does not wait."""
        self._waiting += b"irq_intercept_in ioapic\n"
        self._waiting_count += 1
        self._send()

    def close(self) -> None:
        """Later accesses raise ``MachineError``."""
        self._failure = self._failure or "the machine is closed"
        self._waiting.clear()
        self._waiting_count = self._unread = 0
        self.socket.close()

    def _exchange(self, commands: bytes, count: int) -> list[bytes]:
        """Send ``commands`` after all posted writes; return the last ``count`` replies."""
        self._waiting += commands
        self._waiting_count += count
        if self._waiting_count + self._unread > LIMIT:
            self._settle(LIMIT - self._waiting_count)
        self._send()
        replies = self._settle(0)
        self._hand_on()
        return replies[len(replies) - count :]

    def _send(self) -> None:
        if self._failure:
            self._raise_failure()
        if not self._waiting:
            return
        data = bytes(self._waiting)
        self._waiting.clear()
        self._unread += self._waiting_count
        self._waiting_count = 0
        try:
            self.socket.sendall(data, socket.MSG_NOSIGNAL)
        except OSError as error:
            self._fail(error)

    def _settle(self, unread: int) -> list[bytes]:
        """Read replies until at most ``unread`` are outstanding."""
        replies: list[bytes] = []
        while self._unread > unread:
            for _ in range(SPINS):
                taken = self._take(socket.MSG_DONTWAIT)
                if taken is not None:
                    break
            else:
                taken = self._take(0)
            replies += taken or []
        return replies

    def _take(self, flags: int) -> list[bytes] | None:
        """Receive once; return the replies in it, or None when there is nothing."""
        if self._failure:
            self._raise_failure()
        try:
            data = self.socket.recv(65536, flags)
        except BlockingIOError as error:
            if flags:
                return None
            self._fail(error)
        except OSError as error:
            self._fail(error)
        if not data:
            self._fail(None)
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()
        replies = [line for line in lines if not line.startswith(b"IRQ ")]
        if len(replies) != len(lines):
            self._note_interrupts(line for line in lines if line.startswith(b"IRQ "))
        self._unread -= len(replies)
        for reply in replies:
            if not reply.startswith(b"OK"):
                raise MachineError(f"QEMU refused a command: {reply.decode(errors='replace')}")
        return replies

    def _note_interrupts(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            _, what, number = line.split()
            self._interrupts.append((int(number), what == b"raise"))

    def _hand_on(self) -> None:
        while self._interrupts:
            self._on_interrupt(*self._interrupts.pop(0))

    @staticmethod
    def _value(reply: bytes) -> int:
        return int(reply[3:], 16)

    def _fail(self, error: OSError | None) -> NoReturn:
        if error is not None and error.errno == errno.EAGAIN:
            self._failure = f"QEMU has not answered for {TIMEOUT_S} s"
        else:
            self._failure = self._describe_death()
        self._raise_failure()

    def _raise_failure(self) -> NoReturn:
        raise MachineError(self._failure)
