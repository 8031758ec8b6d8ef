"""The C library pages of the shim in a small image, and a caller that stands in for the host.

``shim.call(name, …)`` runs an entry point of ``libkern_program.c`` on a fiber to its end; strings
become addresses. Console output, panics and misuse are kept or raised; nothing else is answered.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from rumphost.boundary import Boundary, Interface
from rumphost.sources import hypercalls_dir

PAGES = (
    "aprint", "atomic", "copy", "cpu", "delay", "format", "kauth", "kernel_time", "kmem",
    "libkern", "libkern_number", "malloc", "percpu", "pool", "snprintb", "start", "subr_once",
    "subr_prf", "systm",
)  # fmt: skip
FLAGS = (
    "-std=gnu99", "-O2", "-g", "-fPIC", "-fno-omit-frame-pointer", "-ffreestanding", "-nostdinc",
    "-fno-strict-aliasing", "-D_KERNEL", "-DDIAGNOSTIC", "-D__NetBSD__", "-U__linux__",
    "-U__linux", "-Ulinux", "-Wall", "-Wextra", "-Werror",
)  # fmt: skip
RETURN, FAULT = 0, 2


class Stopped(Exception):
    """The shim reported a panic, a misuse or an unsupported corner; the words say which."""


class Shim:
    """Calls into the image; ``written`` is the console's (level, text), ``now_ns`` its clock."""

    def __init__(self, boundary: Boundary, path: Path) -> None:
        self.boundary = boundary
        self.image = boundary.load(path)
        self.written: list[tuple[int, str]] = []
        self.asked: list[str] = []
        self.now_ns = 0
        self.refused_size = 0
        self._calls = {call.number: call for call in boundary.interface.hypercalls.values()}

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.written)

    def string(self, text: str) -> int:
        raw = text.encode("latin-1") + b"\0"
        address = self.boundary.memory.allocate(len(raw))
        self.boundary.memory.write(address, raw)
        return address

    def call(self, name: str, *args: int | str, kind: str = "t", owner: int = 7) -> int:
        """Return the result of an entry point as an unsigned 64-bit number."""
        words = [self.string(arg) if isinstance(arg, str) else arg for arg in args]
        entry = self.image.symbol(name)
        self.boundary.set_clock(self.now_ns)
        lwp = self.boundary.create(self.image, "t", 1, kind, 0, entry, words)
        lwp.set_owner(owner)
        try:
            while (exit_number := lwp.run()) != RETURN:
                assert exit_number != FAULT, lwp.describe_fault()
                lwp.set_result(self._answer(exit_number, lwp))
            return lwp.result
        finally:
            lwp.destroy()

    def _answer(self, number: int, lwp) -> int:
        call = self._calls[number]
        arguments = lwp.arguments(call.kinds)
        self.asked.append(call.short_name)
        if call.short_name in ("panic", "misuse", "unsupported", "kmem_misuse"):
            raise Stopped(f"{call.short_name}: " + ": ".join(map(str, arguments)))
        if call.short_name == "console_write":
            self.written.append((arguments[0], arguments[2]))
        elif call.short_name == "delay":
            self.now_ns += arguments[0] * 1000
            self.boundary.set_clock(self.now_ns)
        elif call.short_name == "kmem_allocated":
            return int(arguments[2] == self.refused_size)
        elif call.short_name == "assert_sleepable":
            raise Stopped("must not sleep")
        return 0


def include_flags() -> dict[str, list[str]]:
    """Return by name where headers come from: the built-in ones, and a NetBSD tree's if named."""
    own = f"-I{hypercalls_dir() / 'include'}"
    found = {"builtin": [own, f"-I{hypercalls_dir() / 'include' / 'builtin'}"]}
    tree = os.environ.get("RUMPHOST_SYS")
    if tree:
        found["tree"] = [own, "-isystem", tree]
    return found


def build_image(work: Path) -> Path:
    """Compile the pages with the built-in headers and return the image."""
    hypercalls = hypercalls_dir()
    stubs = work / "stubs.c"
    stubs.write_text(Interface.read(hypercalls / "hypercall.h").stubs_source())
    sources = [hypercalls / f"{page}.c" for page in PAGES]
    sources += [stubs, Path(__file__).with_name("libkern_program.c")]
    output = work / "shim.so"
    subprocess.run(
        ["cc", *FLAGS, "-nostdlib", "-shared", "-fvisibility=hidden", "-Wl,-z,defs,-Bsymbolic",
         *include_flags()["builtin"], f"-I{hypercalls}", "-o", str(output), *map(str, sources)],
        check=True,
    )  # fmt: skip
    return output
