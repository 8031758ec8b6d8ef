"""The controller as a whole: PCI, I/O window, statistics, flow control, reset, unplugging."""

from __future__ import annotations

import struct

from python_driver import BROADCAST, EOP, IFCS, MAC, PEER, RS, Nic, frame

from rumphost.machine.config_space import CAP_PM
from rumphost.models import crossover
from rumphost.models.i82540em.table import COUNTERS

RFCE, TFCE = 1 << 27, 1 << 28
GROUP = bytes.fromhex("0180c2000001")


def pause(quanta: int) -> bytes:
    return (GROUP + PEER + struct.pack(">HHH", 0x8808, 1, quanta)).ljust(60, b"\0")


def flow_control(nic: Nic, flags: int) -> None:
    nic.write("CTRL", nic.read("CTRL") | flags)
    nic.write("FCAL", 0x00C2_8001)
    nic.write("FCAH", 0x0100)
    nic.write("FCT", 0x8808)


def test_pci_identity(nic: Nic) -> None:
    assert nic.model.config_read(0, 4) == 0x100E_8086
    assert nic.model.config_read(0x0B, 1) == 0x02
    assert nic.model.bars[0].size == 128 << 10
    assert nic.model.bars[2].is_io


def test_io_window_reaches_every_register(nic: Nic) -> None:
    window = nic.model.map_bar(2)
    window.write(0, 4, 0x5400)
    assert window.read(4, 4) == nic.read("RAL")
    window.write(0, 4, 0x38)
    window.write(4, 4, 0x8100)
    assert nic.read("VET") == 0x8100
    assert window.read(0, 4) == 0x38
    assert window.describe(4, 1) == "IODATA(VET)"


def test_packet_buffer_memory_and_stray_offsets(nic: Nic) -> None:
    nic.region.write(0x1_0010, 4, 0xABCD_EF01)
    assert nic.region.read(0x1_0012, 2) == 0xABCD
    assert nic.region.read(0xFF00, 4) == 0
    assert "no register" in nic.model.notes[-1]


def test_statistics_of_both_directions(nic: Nic) -> None:
    nic.up(rx=16)
    group = bytes.fromhex("01005e000001")
    nic.write("RCTL", nic.read("RCTL") | 1 << 4)
    nic.deliver(frame(60), frame(124, to=group), frame(1514, to=BROADCAST))
    got = {name: nic.read(name) for name in COUNTERS}
    expected = {"PRC64": 1, "PRC255": 1, "PRC1522": 1, "GPRC": 3, "MPRC": 1, "BPRC": 1, "TPR": 3}
    assert {name: count for name, count in got.items() if count} == expected
    assert nic.read("GORCL") == 60 + 124 + 1514 + 12
    assert [nic.read("GORCH"), nic.read("GORCL")] == [0, 0]
    for size, to in ((20, PEER), (123, group), (1514, BROADCAST)):
        nic.send(frame(size, to=to))
    got = {name: nic.read(name) for name in COUNTERS}
    expected = {"PTC64": 1, "PTC127": 1, "PTC1522": 1, "GPTC": 3, "MPTC": 1, "BPTC": 1, "TPT": 3}
    assert {name: count for name, count in got.items() if count} == expected
    assert nic.read("TOTL") == 60 + 123 + 1514 + 12
    assert nic.read("GPTC") == 0


def test_counters_stick_at_their_end(nic: Nic) -> None:
    nic.model.statistics.add("CRCERRS", 2**32 + 5)
    assert nic.read("CRCERRS") == 2**32 - 1
    assert nic.read("CRCERRS") == 0


def test_a_pause_frame_holds_the_transmitter(nic: Nic) -> None:
    nic.up()
    flow_control(nic, RFCE)
    nic.deliver(pause(100))
    assert nic.read("XOFFRXC") == 1
    assert nic.read("STATUS") & 0x10
    index = nic.send(frame())
    assert not nic.done(index)
    nic.advance(100 * 512)
    assert nic.done(index)
    nic.deliver(pause(60000))
    index = nic.send(frame())
    nic.deliver(pause(0))
    assert nic.done(index)
    assert nic.read("XONRXC") == 1
    assert nic.take() == []


def test_a_full_packet_buffer_asks_for_a_pause(nic: Nic) -> None:
    nic.up()
    flow_control(nic, TFCE)
    nic.write("FCRTH", 4000 & ~7)
    nic.write("FCRTL", 1 << 31 | 2000 & ~7)
    nic.write("FCTTV", 0x1234)
    nic.deliver(*[frame(1514)] * 10)
    (xoff,) = nic.frames()
    assert xoff[:6] == GROUP
    assert xoff[12:18] == struct.pack(">HHH", 0x8808, 1, 0x1234)
    while nic.take():
        pass
    (xon,) = nic.frames()
    assert xon[16:18] == b"\0\0"
    assert [nic.read("XOFFTXC"), nic.read("XONTXC")] == [1, 1]


def test_reset_in_the_middle_of_everything(nic: Nic) -> None:
    nic.up(ims=0xFF)
    nic.write("RDTR", 100)
    nic.deliver(frame())
    nic.write("TCTL", 0)
    nic.send(frame())
    nic.write("ICS", 4)
    assert nic.line.asserted
    nic.write("CTRL", 1 << 26)
    assert not nic.line.asserted
    nic.advance(1_000_000)
    assert nic.read("ICR") == 0
    assert nic.frames() == []
    assert [nic.read(name) for name in ("RDH", "TDH", "TDT", "GPRC")] == [0] * 4


def test_unplugged_in_flight(nic: Nic) -> None:
    nic.up(ims=0xFF)
    nic.send(frame(1514))
    nic.model.wire.deliver(frame())
    nic.machine.unplug(nic.model)
    assert nic.read("STATUS") == 0xFFFF_FFFF
    nic.send(frame())
    assert nic.frames() == []
    assert not nic.line.asserted


def test_asleep_it_hears_nothing(nic: Nic) -> None:
    nic.up()
    power = nic.model.config.find_capability(CAP_PM) + 4
    nic.model.config_write(power, 2, 3)
    nic.deliver(frame())
    assert nic.take() == []


def test_two_cards_on_one_cable() -> None:
    left, right = Nic(), Nic(mac=PEER)
    left.up()
    right.up()
    crossover(left.model.wire, right.model.wire)
    left.send(frame(200, to=PEER), EOP | IFCS | RS)
    left.advance(100_000)
    right.advance(100_000)
    assert [each.data for each in right.take()] == [frame(200, to=PEER)]
    assert left.model.mac == MAC
