"""Causes and masks, throttling, and the delay timers of both directions, on the virtual clock."""

from __future__ import annotations

from python_driver import EOP, IDE, IFCS, RS, Nic, frame

TXDW, LSC, RXT0 = 1, 4, 0x80
FRAME_NS = (60 + 24) * 8


def test_causes_and_masks(nic: Nic) -> None:
    nic.write("IMS", LSC | TXDW)
    nic.write("IMC", TXDW)
    assert nic.read("IMS") == LSC
    nic.write("ICS", TXDW)
    assert not nic.line.asserted
    nic.write("IMS", TXDW)
    assert nic.line.asserted
    nic.write("IMC", 0xFFFF_FFFF)
    assert not nic.line.asserted
    nic.write("ICS", LSC)
    nic.write("ICR", TXDW)
    assert [nic.read("ICR"), nic.read("ICR")] == [LSC, 0]


def test_msi_sends_one_message_for_each_rise() -> None:
    nic = Nic(kind="msi")
    nic.write("IMS", LSC | TXDW)
    nic.write("ICS", LSC)
    nic.write("ICS", TXDW)
    assert nic.line.count == 1
    assert nic.read("ICR") == LSC | TXDW
    nic.write("ICS", TXDW)
    assert nic.line.count == 2


def test_throttling_keeps_interrupts_apart(nic: Nic) -> None:
    nic.up(rx=64, ims=RXT0)
    nic.write("ITR", 100)
    start = nic.now_ns()
    nic.line.connect(lambda _line: (nic.fired.append(nic.now_ns()), nic.read("ICR")))
    for _ in range(60):
        nic.model.wire.deliver(frame())
    nic.advance(100_000)
    assert [at - start for at in nic.fired] == [FRAME_NS + n * 25600 for n in range(3)]


def test_rdtr_waits_for_silence_and_radv_for_no_longer(nic: Nic) -> None:
    nic.up(rx=64, ims=RXT0)
    nic.write("RDTR", 5)
    start = nic.now_ns()
    nic.model.wire.deliver(frame())
    nic.model.wire.deliver(frame())
    nic.advance(100_000)
    assert nic.fired == [start + 2 * FRAME_NS + 5 * 1024]
    nic.read("ICR")
    nic.fired.clear()
    nic.write("RADV", 10)
    start = nic.now_ns()
    for _ in range(40):
        nic.model.wire.deliver(frame())
    nic.advance(20 * FRAME_NS)
    assert nic.fired == [start + FRAME_NS + 10 * 1024]


def test_fpd_and_small_packets_end_the_delay(nic: Nic) -> None:
    nic.up(ims=RXT0)
    nic.write("RDTR", 1000)
    nic.deliver(frame())
    assert not nic.line.asserted
    nic.write("RDTR", 1 << 31 | 1000)
    assert nic.line.asserted
    assert nic.read("RDTR") == 1000
    nic.read("ICR")
    nic.write("RSRPD", 64)
    nic.deliver(frame(61))
    assert not nic.line.asserted
    nic.deliver(frame(60))
    assert nic.read("ICR") & (RXT0 | 1 << 16) == RXT0 | 1 << 16


def test_tidv_delays_only_ide(nic: Nic) -> None:
    nic.up(ims=TXDW)
    nic.write("TIDV", 8)
    nic.write("TADV", 12)
    start = nic.now_ns()
    nic.send(frame(), EOP | IFCS | RS | IDE)
    nic.advance(6 * 1024)
    nic.send(frame(), EOP | IFCS | RS | IDE)
    nic.advance(100_000)
    assert nic.fired == [start + 12 * 1024]
    nic.read("ICR")
    nic.send(frame(), EOP | IFCS | RS | IDE)
    assert not nic.line.asserted
    nic.send(frame(), EOP | IFCS | RS)
    assert nic.line.asserted
