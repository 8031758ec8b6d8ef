"""What the compiler puts into a driver besides what its source says: sanitizers, counters, edges.

Given to :class:`rumphost.build.Builder`; part of what an object is known by in the cache.  Each
kind needs C of its own in the image (``hypercalls/instrument/``), which is never instrumented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rumphost.build.compiler import Compiler
from rumphost.errors import HostLacks, UsageError
from rumphost.sources import hypercalls_dir

SANITIZERS = ("address", "undefined")
SHADOW = 1 << 44
"""Where the shadow of address 0 is, for the address sanitizer; see hypercalls/instrument/asan.c."""

_ADDRESS = (
    "-fsanitize=kernel-address", f"-fasan-shadow-offset={SHADOW:#x}",
    "--param=asan-instrumentation-with-call-threshold=0", "--param=asan-stack=1",
    "--param=asan-globals=1", "--param=asan-instrument-allocas=1",
    "-fsanitize-address-use-after-scope",
)  # fmt: skip
_UNDEFINED = ("-fsanitize=undefined", "-fsanitize-recover=undefined", "-Wno-maybe-uninitialized")
_COVERAGE = ("-O0", "-fprofile-arcs", "-ftest-coverage", "-fprofile-info-section=gcov_info")
_OLDEST_GCC = 12
_EDGES = ("-fsanitize-coverage=trace-pc,trace-cmp",)


@dataclass(frozen=True)
class Instrumentation:
    """``sanitize``: some of ``SANITIZERS``, for driver and shim; ``recover``: let the driver go on
    after an access out of bounds.  ``coverage``: count how often each line and branch of the
    driver runs.  ``edges``: note which basic blocks of the driver run, and what it compares, for a
    fuzzer.  ``shim``: the latter two for rumphost's own C, too.  ``macros``: keep the driver's
    macros, for gdb and for names of registers in traces; an object is five times as large then.
    """

    sanitize: tuple[str, ...] = ()
    recover: bool = False
    coverage: bool = False
    edges: bool = False
    shim: bool = False
    macros: bool = False

    def __post_init__(self) -> None:
        for name in self.sanitize:
            if name not in SANITIZERS:
                raise UsageError(f"there is no sanitizer {name!r}: {', '.join(SANITIZERS)}")
        ordered = tuple(name for name in SANITIZERS if name in self.sanitize)
        object.__setattr__(self, "sanitize", ordered)

    @classmethod
    def sanitizers(cls, text: str) -> tuple[str, ...]:
        """Return the sanitizers of a list such as ``address,undefined``; raises UsageError."""
        return cls(tuple(word.strip() for word in text.split(",") if word.strip())).sanitize

    def __bool__(self) -> bool:
        return bool(self.sanitize or self.coverage or self.edges)

    def __or__(self, other: Instrumentation) -> Instrumentation:
        """Return what is in either."""
        return Instrumentation(
            self.sanitize + other.sanitize,
            recover=self.recover or other.recover,
            coverage=self.coverage or other.coverage,
            edges=self.edges or other.edges,
            shim=self.shim or other.shim,
            macros=self.macros or other.macros,
        )

    def flags(self, *, is_shim: bool) -> tuple[str, ...]:
        """Return the compiler's flags for a driver's source, or for one of the shim."""
        found: list[str] = []
        if "address" in self.sanitize:
            found += _ADDRESS
        if "undefined" in self.sanitize:
            found += _UNDEFINED
        if self.shim or not is_shim:
            found += _COVERAGE if self.coverage else ()
            found += _EDGES if self.edges else ()
        if self.macros and not is_shim:
            found.append("-g3")
        return tuple(found)

    @property
    def sources(self) -> tuple[Path, ...]:
        """The C sources that it adds to the image."""
        names = {
            "asan.c": "address" in self.sanitize,
            "ubsan.c": "undefined" in self.sanitize,
            "coverage.c": self.coverage,
            "edges.c": self.edges,
            "comparisons.c": self.edges,
        }
        return tuple(_directory() / name for name, wanted in names.items() if wanted)

    @property
    def defines(self) -> tuple[str, ...]:
        """The macros that those sources are compiled with."""
        if "address" not in self.sanitize:
            return ()
        return (f"RUMPHOST_SHADOW={SHADOW:#x}UL", f"RUMPHOST_SANITIZE_RECOVER={int(self.recover)}")

    @property
    def libraries(self) -> tuple[str, ...]:
        """The libraries that it adds to the image, as words for the linker."""
        return ("-lgcov",) if self.coverage else ()

    def check(self, compiler: Compiler) -> None:
        """Raise HostLacks if the compiler cannot do it."""
        if self and compiler.gcc_version < _OLDEST_GCC:
            what = " and ".join(self._words())
            raise HostLacks(
                f"{what}: that takes gcc {_OLDEST_GCC} or newer: install it, or name it in CC"
                f" ({compiler.command[0]} is none)"
            )

    def _words(self) -> Sequence[str]:
        words = [f"the {name} sanitizer" for name in self.sanitize]
        return [
            *words,
            *(["coverage"] if self.coverage else []),
            *(["tracing of edges"] if self.edges else []),
        ]


PLAIN = Instrumentation()


def _directory() -> Path:
    return hypercalls_dir() / "instrument"
