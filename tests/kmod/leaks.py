"""What the module has allocated in the kernel, so that a test can tell whether anything is left.

Debian's kernel has no kmemleak. Its slab allocator can keep the stack of each allocation, though
(``slub_debug=U``, see ``machines.py``): those with a function of the module's in them count. What
is no object of a slab, pages, is looked for in the amount of free memory.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TRACES = Path("/sys/kernel/debug/slab")
PATIENCE_S = 5.0
MIB = 1 << 20
_OFFSET = re.compile(r"\+0x[0-9a-f]+/0x[0-9a-f]+")


def allocations() -> Counter[str]:
    """Return how many objects there are by the calls that led to them, as far as those are ours."""
    files = list(TRACES.glob("kmalloc-*/alloc_traces"))
    assert files, "the kernel was not started with slub_debug=U"
    found: Counter[str] = Counter()
    for file in files:
        for record in file.read_text().replace("\n ", " ").splitlines():
            count, _, calls = record.strip().partition(" ")
            if "[rumphost]" in calls:
                names = [word for word in calls.split() if _OFFSET.search(word)]
                found[" < ".join(_OFFSET.sub("", name) for name in names)] += int(count)
    return found


def free_memory() -> int:
    """Return the bytes of memory that are to be had, without what is only kept for later."""
    Path("/proc/sys/vm/drop_caches").write_text("3")
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    raise AssertionError("no MemAvailable")


@contextmanager
def nothing_left(memory: int = 32 * MIB) -> Iterator[None]:
    """What runs inside leaves not one object of the module's behind, and no more than ``memory``.

    That much less free memory can be the work of others.
    """
    before, had = allocations(), free_memory()
    yield
    end = time.monotonic() + PATIENCE_S  # for memory that processes' ends give back bit by bit
    while left := allocations() - before:  # some are freed when all processors have looked away
        assert time.monotonic() < end, f"left behind: {dict(left)}"
        time.sleep(0.1)
    while (less := had - free_memory()) >= memory:
        assert time.monotonic() < end, f"{less / MIB:.0f} MiB less than before"
        time.sleep(0.1)
