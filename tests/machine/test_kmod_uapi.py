"""The kernel module's header as Python reads it, against what the C compiler makes of it."""

from __future__ import annotations

import ctypes
import shutil
import subprocess

import pytest

from rumphost.machine.kmod.function import BarRegisters
from rumphost.machine.kmod.uapi import Uapi, uapi
from rumphost.machine.pci import Bar
from rumphost.sources import kmod_dir

STRUCTS = (
    "info bar config access batch irq_setup irq_eventfd irq_vector ack_step ack_program event"
    " master dma_mask dma_alloc dma_map dma_segment dma_handle dma_sync dma_entry dma_list"
)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_sizes_offsets_and_numbers(tmp_path):
    found = uapi()
    lines = []
    expected = []
    for name in STRUCTS.split():
        struct = found.struct(name)
        lines.append(f'printf("%zu\\n", sizeof(struct rumphost_{name}));')
        expected.append(ctypes.sizeof(struct))
        for field, _ in struct._fields_:
            lines.append(f'printf("%zu\\n", offsetof(struct rumphost_{name}, {field}));')
            expected.append(getattr(struct, field).offset)
    for name, number in found.requests.items():
        lines.append(f'printf("%lu\\n", (unsigned long){name});')
        expected.append(number)
    source = tmp_path / "probe.c"
    source.write_text(
        '#include <stddef.h>\n#include <stdio.h>\n#include "rumphost.h"\n'
        "int main(void) {\n" + "\n".join(lines) + "\nreturn 0; }\n"
    )
    program = tmp_path / "probe"
    flags = ["-Wall", "-Wextra", "-Werror", "-pedantic", f"-I{kmod_dir()}"]
    subprocess.run(["gcc", *flags, "-o", program, source], check=True)
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert [int(line) for line in printed.split()] == expected
    assert len(found.requests) == 17


def test_constants():
    assert uapi().constant("API_VERSION") == 1
    assert uapi().constant("IRQ_MSIX") == 3
    with pytest.raises(KeyError):
        uapi().constant("NO_SUCH_THING")
    with pytest.raises(KeyError):
        uapi().request("DANCE")


def test_nothing_has_hidden_padding():
    """A structure's size is the sum of its fields' sizes, on every kind of processor."""
    for name in STRUCTS.split():
        struct = uapi().struct(name)
        assert ctypes.sizeof(struct) == sum(ctypes.sizeof(kind) for _, kind in struct._fields_)


def test_a_small_header():
    text = """
    /* struct rumphost_lie { __u64 x; }; */
    #include <linux/types.h>
    enum rumphost_e { RUMPHOST_A = 0x10 };
    struct rumphost_s { __u32 a; __u32 b[3]; };
    #define RUMPHOST_R _IOWR(0xB7, 0x22, struct rumphost_s)
    """
    found = Uapi("\n".join(line.strip() for line in text.splitlines()))
    assert found.constant("A") == 16
    assert found.request("R") == 0xC010B722


def test_bars_can_be_sized_and_not_moved():
    registers = BarRegisters(
        [
            Bar(0, 0x20000, False, False, False, 0xFEB80000),
            Bar(1, 64, True, False, False, 0xC000),
            Bar(2, 1 << 33, False, True, True, 0x800000000),
        ]
    )
    values = [registers.read(0x10 + 4 * n, 4) for n in range(6)]
    assert values == [0xFEB80000, 0xC001, 0xC, 8, 0, 0]
    for n in range(6):
        registers.write(0x10 + 4 * n, 4, 0xFFFFFFFF)
    sized = [registers.read(0x10 + 4 * n, 4) for n in range(6)]
    assert sized == [0xFFFE0000, 0xFFFFFFC1, 0xC, 0xFFFFFFFE, 0, 0]
    for n, value in enumerate(values):
        registers.write(0x10 + 4 * n, 4, value)
    assert [registers.read(0x10 + 4 * n, 4) for n in range(6)] == values
