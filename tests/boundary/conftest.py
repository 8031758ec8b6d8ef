"""A small image of our own: the stubs, the entry points and some C to run, without the shim."""

from __future__ import annotations

import mmap
import subprocess
from ctypes import addressof, c_char
from pathlib import Path

import pytest

from rumphost.boundary import Boundary, Interface
from rumphost.sources import hypercalls_dir

TYPES = """
typedef unsigned char uint8_t; typedef int int32_t; typedef unsigned int uint32_t;
typedef long int64_t; typedef unsigned long uint64_t; typedef unsigned long uintptr_t;
typedef unsigned long size_t;
"""

PROGRAM = """
#include <sys/types.h>
#include "shim.h"

void rumphost_update_clock(void) { }

RUMPHOST_UPCALL uint64_t twice(uint64_t x) { return 2 * x; }

RUMPHOST_UPCALL uint64_t say(const char *text)
{ rumphost_panic(text); return 7; }

RUMPHOST_UPCALL uint64_t null_write(void)
{ volatile int *p = (volatile int *)8; *p = 1; return 0; }

RUMPHOST_UPCALL uint64_t null_call(void)
{ void (*volatile f)(void) = 0; f(); return 1; }

RUMPHOST_UPCALL uint64_t wild_read(uint64_t address)
{ return *(volatile uint64_t *)(uintptr_t)address; }

RUMPHOST_UPCALL uint64_t divide(uint64_t by) { return 1000 / (uint32_t)by; }

RUMPHOST_UPCALL uint64_t spin(void) { for (volatile int x = 0;;) x++; return 0; }

RUMPHOST_UPCALL uint64_t deep(uint64_t n)
{ volatile char room[1024]; room[0] = (char)n; return n ? deep(n + 1) + (uint64_t)room[0] : 0; }

static uint64_t counter;
RUMPHOST_UPCALL uint64_t count(void) { return ++counter; }

RUMPHOST_UPCALL uint64_t grab(uint64_t size)
{ return (uint64_t)rumphost_allocate(size, 16, RUMPHOST_CALLER); }
"""


@pytest.fixture(scope="session")
def image_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("image")
    (work / "sys").mkdir()
    (work / "sys" / "types.h").write_text(TYPES)
    hypercalls = hypercalls_dir()
    (work / "stubs.c").write_text(Interface.read(hypercalls / "hypercall.h").stubs_source())
    (work / "program.c").write_text(PROGRAM)
    output = work / "image.so"
    subprocess.run(
        ["cc", "-std=gnu99", "-ffreestanding", "-nostdinc", "-nostdlib", "-fPIC", "-shared",
         "-fvisibility=hidden", "-fno-omit-frame-pointer", "-O1", "-g", "-Wl,-z,defs",
         f"-I{work}", f"-I{hypercalls}", "-o", str(output),
         str(work / "stubs.c"), str(work / "program.c"), str(hypercalls / "start.c")],
        check=True,
    )  # fmt: skip
    return output


@pytest.fixture(params=[False, True], ids=["assembly", "ucontext"])
def boundary(request: pytest.FixtureRequest):
    boundary = Boundary(watchdog_s=0.3, ucontext=request.param)
    memory = mmap.mmap(-1, 1 << 22)
    anchor = c_char.from_buffer(memory)
    boundary.start_arena([(addressof(anchor), 1 << 22, 0x1000_0000)])
    yield boundary
    boundary.close()
