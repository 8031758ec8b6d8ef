"""A pytest plugin for inside the virtual machine: what the kernel complains of fails the test.

``kernel_log.expect(pattern)`` is for tests that provoke a complaint: it must come, and is none.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator

import pytest

COMPLAINTS = re.compile(os.environ["RUMPHOST_VM_COMPLAINTS"])
EXPECTED = "/run/vm/expected"
"""Where ``tools/vm`` looks for complaints that it need not pass on."""
PATIENCE_S = 20.0
SETTLE_S = 0.1


class KernelLog:
    """The kernel's log from now on."""

    def __init__(self) -> None:
        self._fd = os.open("/dev/kmsg", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        os.lseek(self._fd, 0, os.SEEK_END)
        self._lines: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def expect(self, pattern: str) -> None:
        """Wait for a complaint in which the regular expression ``pattern`` is found.

        More of the kind are fine.
        """
        expected = re.compile(pattern)
        self._expected.append(expected)
        end = time.monotonic() + PATIENCE_S
        while not any(map(expected.search, self._read())):
            assert time.monotonic() < end, f"the kernel's log has no line with {pattern}"
            time.sleep(0.01)

    def unexpected(self) -> list[str]:
        """Return the complaints that nobody expected."""
        if self._expected:
            time.sleep(SETTLE_S)  # an IOMMU tells of faults by interrupts of its own
        self.say("test: over")  # a line that might go on is kept back until the next one comes
        complaints = [line for line in self._read() if COMPLAINTS.search(line)]
        expected = [line for line in complaints if any(one.search(line) for one in self._expected)]
        with open(EXPECTED, "a") as file:
            file.writelines(f"{line}\n" for line in expected)
        return [line for line in complaints if line not in expected]

    def say(self, text: str) -> None:
        """Put a line of our own into the log, for whoever reads it later."""
        os.write(self._fd, f"{text}\n".encode())

    def close(self) -> None:
        os.close(self._fd)

    def _read(self) -> list[str]:
        while True:
            try:
                record = os.read(self._fd, 8192).decode(errors="replace")
            except BlockingIOError:
                return self._lines
            except BrokenPipeError:  # the buffer was too small for all that was said
                self._lines.append("WARNING: lines of the kernel's log are lost")
            else:
                self._lines.append(record.partition(";")[2].partition("\n")[0])


@pytest.fixture(autouse=True)
def kernel_log(request: pytest.FixtureRequest) -> Iterator[KernelLog]:
    """The kernel's log during this test."""
    log = KernelLog()
    log.say(f"test: {request.node.nodeid}")
    yield log
    complaints = log.unexpected()
    log.close()
    if complaints:
        pytest.fail("the kernel complained:\n" + "\n".join(complaints), pytrace=False)
