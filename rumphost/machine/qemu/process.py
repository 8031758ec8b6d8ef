"""The QEMU process: its command line, its start, what it said on stderr, and its end.

The machine starts it. It inherits every socket and memory file, so nothing listens anywhere, and
it dies with the OS thread that started it (PR_SET_PDEATHSIG, prctl(2)).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

import trio

from rumphost.errors import HostLacks, MachineError, RumphostError, UsageError

STOP_S = 3.0
BIOS_SIZE = 0x10000
# At the reset vector, 16 bytes below 4 GiB: cli; hlt; jmp to the hlt.
RESET_CODE = b"\xfa\xf4\xeb\xfd"

# Stands in for setpriv(1) where that is missing: set PR_SET_PDEATHSIG, then become QEMU.
_DIE_WITH_PARENT = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"
)


def find_binary(binary: str) -> str:
    """Return the path of QEMU, or raise ``HostLacks``."""
    path = shutil.which(binary)
    if path is None:
        raise HostLacks(
            f"{binary} is not installed: install QEMU 7.2 or later for x86_64"
            " (Debian: qemu-system-x86, Fedora: qemu-system-x86-core)"
        )
    return os.path.abspath(path)


def bios_image() -> bytes:
    """Return a firmware image whose processor halts at once, with interrupts off."""
    return RESET_CODE.rjust(BIOS_SIZE - 16 + len(RESET_CODE), b"\0").ljust(BIOS_SIZE, b"\0")


def memory_file(name: str, content: bytes = b"", size: int = 0) -> int:
    """Return the descriptor of a new file in memory."""
    fd = os.memfd_create(name)
    try:
        os.ftruncate(fd, max(size, len(content)))
        os.pwrite(fd, content, 0)
    except BaseException:
        os.close(fd)
        raise
    return fd


def board_arguments(*, ram_fd: int, ram_size: int, bios_fd: int, qtest_fd: int) -> list[str]:
    """Return the part of the command line that makes a q35 board with a halted processor."""
    board = "q35,accel=tcg,memory-backend=ram0,pit=off,hpet=off"
    ram = f"memory-backend-file,id=ram0,size={ram_size},share=on,mem-path=/proc/self/fd/{ram_fd}"
    return [
        *("-machine", board, "-object", ram, "-m", f"{ram_size // 2**20}M"),
        *("-bios", f"/proc/self/fd/{bios_fd}"),
        *("-chardev", f"socket,id=qtest0,fd={qtest_fd}"),
        *("-object", "qtest,id=qtest1,chardev=qtest0,log=none"),
        *("-display", "none", "-nodefaults", "-no-user-config"),
    ]


class QemuProcess:
    """A running QEMU, this process's child; ``stop`` must be awaited in the end."""

    def __init__(self, binary: str, arguments: Sequence[str], fds: Sequence[int]) -> None:
        self._status = ""
        self._stderr = memory_file("qemu-stderr")
        os.set_blocking(self._stderr, True)
        try:
            self._child = subprocess.Popen(
                [*_die_with_parent(), binary, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                pass_fds=fds,
                start_new_session=True,
            )
        except BaseException as error:
            os.close(self._stderr)
            if isinstance(error, OSError):
                raise HostLacks(f"cannot run {binary}: {error.strerror}") from error
            raise
        self.pid = self._child.pid

    def last_words(self) -> str:
        """Return the line of stderr that says what was wrong, or nothing."""
        size = os.fstat(self._stderr).st_size
        text = os.pread(self._stderr, 4096, max(0, size - 4096)).decode(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        errors = [line for line in lines if "warning:" not in line]
        return (errors or lines or [""])[0]

    def describe_death(self) -> str:
        """Say in one sentence how QEMU ended; waits a moment for its status."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=1)
        code = self._child.returncode
        if code is None:
            return f"QEMU (process {self.pid}) has closed its connection"
        if code < 0:
            return f"QEMU (process {self.pid}) was killed by {signal.Signals(-code).name}"
        words = self.last_words()
        return f"QEMU (process {self.pid}) ended with status {code}" + (words and f": {words}")

    def start_error(self) -> RumphostError:
        """Return the error to raise when QEMU ended before its first reply."""
        how = self.describe_death()
        words = self.last_words()
        if any(f": {option} " in words for option in ("-device", "-netdev", "-drive")):
            return UsageError(words)
        return MachineError(words or how)

    async def stop(self) -> None:
        """End QEMU, by force if need be, and reap it; safe to call again."""
        if self._stderr < 0:
            return
        with trio.CancelScope(shield=True):
            for number in (signal.SIGTERM, signal.SIGKILL):
                if self._child.poll() is None:
                    self._child.send_signal(number)
                    await self._ended(STOP_S)
        os.close(self._stderr)
        self._stderr = -1

    async def _ended(self, timeout_s: float) -> None:
        pidfd = os.pidfd_open(self.pid)
        try:
            with trio.move_on_after(timeout_s):
                await trio.lowlevel.wait_readable(pidfd)
        finally:
            os.close(pidfd)
        self._child.poll()


def _die_with_parent() -> list[str]:
    setpriv = shutil.which("setpriv")
    if setpriv is not None:
        return [setpriv, "--pdeathsig", "KILL", "--"]
    return [sys.executable, "-ISc", _DIE_WITH_PARENT]
