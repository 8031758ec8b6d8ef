"""The 7260's registers, interrupts and DMA channels, with a test as the driver."""

from __future__ import annotations

import pytest
from iwm_host import ALL, COMMAND_QUEUE, MS, IwmHost

from rumphost.models.iwm7260 import ImageBuilder, commands
from rumphost.models.iwm7260.image import CODE_ADDRESS, DATA_ADDRESS, INIT, RUNTIME, check
from rumphost.models.iwm7260.table import INT_FH_RX, INT_FH_TX, INT_RF_KILL, INT_SW_ERR
from rumphost.models.iwm7260.windows import ASLEEP


def test_what_it_is():
    host = IwmHost()
    assert host.model.config_read(0, 4) == 0x08B1_8086
    assert host.model.config_read(8, 4) >> 8 == 0x028000
    assert host.read("HW_REV") == 0x144
    assert host.model.vector_count("msi") == 1


def test_the_clock_runs_a_little_after_it_is_asked_for():
    host = IwmHost()
    assert host.read_peripheral(0x3000) == ASLEEP
    assert "while the MAC clock is not running" in host.model.notes[-1]
    host.write("RESET", 0x81)
    host.write("GP_CNTRL", 4)
    assert not host.read("GP_CNTRL") & 1
    host.advance(25_000)
    assert host.read("GP_CNTRL") & 1
    host.write_peripheral(0xA04068, 8)
    assert host.read_peripheral(0xA04068) == 8


def test_the_semaphore_is_granted():
    host = IwmHost()
    host.write("HW_IF_CONFIG", 1 << 22)
    assert host.read("HW_IF_CONFIG") & 1 << 22
    host.model.faults.add("no-ready")
    host.write("HW_IF_CONFIG", 1 << 22)
    assert not host.read("HW_IF_CONFIG") & 1 << 22


def test_device_memory_through_its_window():
    host = IwmHost()
    host.wake()
    host.write("MEM_WADDR", 0x80_0FFC)
    for word in (1, 2, 3):
        host.write("MEM_WDAT", word)
    host.write("MEM_RADDR", 0x80_0FFC)
    assert [host.read("MEM_RDAT") for _ in range(4)] == [1, 2, 3, 0]


def test_clock_bits_are_set_and_cleared_apart():
    host = IwmHost()
    host.wake()
    host.write_peripheral(0x3004, 0x200)
    host.write_peripheral(0x3004, 0x800)
    assert host.read_peripheral(0x3000) == 0xA00
    host.write_peripheral(0x3008, 0x200)
    assert host.read_peripheral(0x3000) == 0x800


def test_the_service_channel_copies_and_interrupts():
    host = IwmHost()
    host.wake()
    host.write("INT_MASK", ALL)
    host.load(0x1000, b"firmware" * 100)
    assert host.model.windows.memory.read(0x1000, 800) == b"firmware" * 100
    assert host.causes == [INT_FH_TX]
    assert host.read("TX_STATUS") >> 16 & 1 << 9


@pytest.mark.parametrize("table", [False, True], ids=["register", "table"])
@pytest.mark.parametrize("kind", ["intx", "msi"])
def test_causes_by_register_and_by_table(table, kind):
    host = IwmHost(table=table, kind=kind)
    host.boot(INIT)
    host.causes.clear()
    answer = host.command(commands.TX_ANTENNAS, b"\3\0\0\0")
    assert answer == bytes(4)
    assert host.causes == [INT_FH_RX]
    assert not host.line.asserted


def test_a_masked_cause_is_told_when_the_mask_goes():
    host = IwmHost(table=False)
    host.wake()
    host.write("INT_MASK", 0)
    host.model.set_rfkill(True)
    host.advance(MS)
    assert host.interrupts == 0
    host.write("INT_MASK", INT_RF_KILL)
    host.advance(MS)
    assert host.causes == [INT_RF_KILL]
    assert not host.read("GP_CNTRL") & 1 << 27


def test_receive_interrupts_are_coalesced():
    host = IwmHost()
    host.boot(INIT)
    host.write("INT_COALESCING", 0x40)
    host.advance(10 * MS)
    before = host.interrupts
    for _ in range(20):
        host.model.firmware.notify(0x99, bytes(8))
        host.advance(100_000)
    host.advance(5 * MS)
    assert host.interrupts - before == 2
    assert len(host.take(0x99)) == 20


def test_the_periodic_interrupt_comes_once():
    host = IwmHost()
    host.boot(INIT)
    before = host.interrupts
    host.write("INT_PERIODIC", 0xFF)
    host.advance(7 * MS)
    assert host.interrupts == before
    host.advance(20 * MS)
    assert host.interrupts == before + 1
    host.write("INT_PERIODIC", 0xFF)
    host.write("INT_PERIODIC", 0)
    host.advance(20 * MS)
    assert host.interrupts == before + 1


def test_packets_wait_for_buffers():
    host = IwmHost()
    host.boot(INIT)
    host.line.disconnect()
    for _ in range(300):
        host.model.firmware.notify(0x99, bytes(8))
    host.advance(MS)
    assert host.model.receive.lost == 0
    host.line.connect(host._interrupted)
    host.write("INT_MASK", 0)
    host.write("INT_MASK", ALL)
    for _ in range(50):
        host.advance(MS)
        host._handle()
    assert len(host.take(0x99)) == 300


def test_a_ring_that_is_not_active_waits():
    host = IwmHost()
    host.boot(INIT)
    host.write_peripheral(0xA02C10, 0)
    assert host.command(commands.TX_ANTENNAS, bytes(4)) is None


def test_a_descriptor_without_buffers_is_noted():
    host = IwmHost()
    host.boot(INIT)
    host.write("WRPTR", COMMAND_QUEUE << 8 | 1)
    host.advance(MS)
    assert host.model.notes[0] == "queue 9 index 0: a descriptor of 0 buffers"


def test_a_stray_register_is_noted():
    host = IwmHost()
    host.region.write(0x3FC, 4, 1)
    assert host.model.notes[-1] == "write of 0x1 at 0x3fc, where no register is"


def test_stopping_the_master_stops_it():
    host = IwmHost()
    host.boot(INIT)
    host.write("RESET", 0x200)
    assert host.read("RESET") & 0x100
    host.write("RESET", 1)
    assert not host.model.firmware.running


def test_a_forced_interrupt_makes_the_firmware_tell_where_it_was():
    host = IwmHost()
    alive = host.boot(INIT)
    assert alive is not None
    host.write("RESET", 2)
    host.advance(MS)
    assert host.causes[-1] == INT_SW_ERR
    host.write("MEM_RADDR", alive.error_table)
    assert [host.read("MEM_RDAT") for _ in range(2)] == [1, 0x66]


def test_images_are_checked():
    host = IwmHost()
    good = host.sections(RUNTIME)
    assert check(good).kind == RUNTIME
    assert check(host.sections(INIT)).kind == INIT
    assert check([]) == "nothing was loaded where the processor starts"
    assert check(good[:1]) == "a section is missing"
    assert check([(CODE_ADDRESS, good[0][1][:-1]), good[1]]) == "section 0 has 4075 of 4076 bytes"
    spoilt = good[1][1][:-1] + b"\0"
    assert check([good[0], (good[1][0], spoilt)]) == "section 1 has a wrong checksum"
    assert check([good[0], (0x1000, good[1][1])]) == "section 1 was loaded to 0x1000"
    assert check([good[0], host.sections(INIT)[1]]) == "sections of two images were loaded"
    assert check([(CODE_ADDRESS, b"machine code")]).kind is None
    for subtype, kind in ((1, RUNTIME), (9, INIT), (5, None)):
        data = bytes(13) + bytes([subtype]) + bytes(100)
        assert check([(DATA_ADDRESS, data), (CODE_ADDRESS, b"machine code")]).kind == kind


def test_an_image_that_is_spoilt_never_comes_alive():
    host = IwmHost()
    assert host.boot(RUNTIME, ImageBuilder()) is not None
    host.model.faults.add("no-alive")
    assert host.boot(RUNTIME) is None


def test_the_trace_names_registers():
    host = IwmHost()
    assert host.region.describe(0x24, 0x0C) == "GP_CNTRL.INIT_DONE|ACCESS_REQ"
    assert host.region.describe(0x460, 0x0905) == "WRPTR.INDEX=0x5|QUEUE=0x9"


def test_a_mask_for_a_while_loses_nothing():
    host = IwmHost()
    host.boot(INIT)
    host.line.disconnect()
    host.model.firmware.notify(0x99, bytes(8))
    host.advance(MS)
    assert host.line.asserted
    host.write("INT_MASK", 0)
    assert not host.line.asserted
    host.line.connect(host._interrupted)
    host.write("INT_MASK", ALL)
    host.advance(MS)
    assert host.causes[-1] == INT_FH_RX
    assert len(host.take(0x99)) == 1


def test_a_receive_channel_that_was_never_enabled_is_noted():
    host = IwmHost()
    host.wake()
    for address, data in host.sections(INIT):
        host.load(address, data)
    host.write("RESET", 0)
    host.advance(20 * MS)
    assert host.model.notes[-1] == "packet 0x01: the receive channel was never enabled"
