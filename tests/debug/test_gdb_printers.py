"""How gdb prints the kernel's own objects, live and in a core file; and the driver's macros."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

OBJECTS = str(Path(__file__).parent / "objects" / "objects.c")
NAMES = (
    "lock", "spin", "dead", "none", "rwlock", "cv", "pending", "idle", "sh", "part", "dev",
)  # fmt: skip
SCRIPT = """
rumphost frame autoconf objects_attach
{prints}
mark mbuf
print *sc->sc_mbuf
mark map
print *sc->sc_map
mark empty
print *sc->sc_empty
mark device
print *sc->sc_dev
mark raw
print/r sc->sc_lock
mark macro
print OBJECTS_SIZE + 1
mark softc
print *sc
"""


def script() -> str:
    prints = "\n".join(f"mark {name}\nprint sc->sc_{name}" for name in NAMES)
    return SCRIPT.format(prints=prints)


@pytest.fixture(scope="module")
def printed(debug, tmp_path_factory):
    """What gdb said, and the core file that it made at that place."""
    core = tmp_path_factory.mktemp("core") / "core"
    live = debug(
        "-b", "objects_ready", "-e", f"gcore {core}", "-e", "delete", "-e", "continue", OBJECTS,
        "-m", "sim:teach", script=script(),
    )  # fmt: skip
    assert live.status == 0, live.text
    yield {name: text.partition(" = ")[2].rstrip() for name, text in live.parts.items()}, core
    core.unlink()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lock", r"adaptive mutex, IPL_SOFTNET, held by lwp \d+ \(autoconf\), "
                 r"waited for by lwp \d+ \(waiter\)"),
        ("spin", r"spin mutex, IPL_VM, held by lwp \d+ \(autoconf\)"),
        ("dead", "mutex, destroyed"),
        ("none", "mutex, never initialised"),
        ("rwlock", r"rwlock, held by lwp \d+ \(autoconf\)"),
        ("cv", r'condition variable "objcv", waited for by lwp \d+ \(sleeper\)'),
        ("pending", r"callout, pending in \d+ ms: objects_timeout\(0x\w+\), MPSAFE"),
        ("idle", r"callout, idle: no function\(0x0\)"),
        ("sh", r"00:03\.0 BAR0\+0x0, 0x1000 bytes, trapped"),
        ("part", r"00:03\.0 BAR0\+0x40, 0x1000 bytes, trapped"),
        ("dev", "0x[0-9a-f]+ objects0"),
        ("mbuf", r"mbuf, 20 bytes at 0x\w+, PKTHDR\|BCAST, chain of 2: 20 \+ 30"),
        ("map", r"dmamap, loaded, 6000 bytes in 2 segments: "
                r"0x\w+\+0x1000 \(at 0x\w+\), 0x\w+\+0x770 \(at 0x\w+\); "
                r"at most 6000 bytes, segments 4 of 4096, ALLOCNOW"),
        ("empty", "dmamap, not loaded; at most 64 bytes, segments 1 of 64, NOWAIT"),
        ("device", "device objects0 at pci0, softc 0x[0-9a-f]+"),
        ("macro", "6001"),
        ("raw", r"\{mtx_owner = \d+, mtx_magic = \d+, mtx_level = 3\}"),
    ],
)  # fmt: skip
def test_an_object_says_what_it_means(printed, name, text):
    assert re.fullmatch(text, printed[0][name].partition("\n")[0])


def test_the_callout_is_due_when_it_was_asked_for(printed):
    due = re.search(r"pending in (\d+) ms", printed[0]["pending"])
    assert due[1] == "950"  # of a second, after sleeps of 1 and 4 ticks


def test_the_map_shows_the_buffer(printed):
    buffer = re.search(r"sc_buffer = (0x\w+)", printed[0]["softc"])[1]
    assert f"(at {buffer})" in printed[0]["map"]


def test_a_structure_shows_them_inside(printed):
    for part in ("sc_lock = adaptive mutex,", "sc_dev = 0x", " objects0, ", "sc_threads = 2"):
        assert part in printed[0]["softc"]


def test_a_core_file_shows_the_same(printed, debug):
    live, core = printed
    dead = debug("--core", str(core), script=script())
    assert dead.status == 0, dead.text
    for name in (*NAMES, "mbuf", "map", "empty", "device", "softc"):
        assert dead.parts[name].partition(" = ")[2].splitlines()[0] == live[name].splitlines()[0]
