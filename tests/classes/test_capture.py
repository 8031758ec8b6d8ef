"""``classes.capture``: files that tshark reads, in both formats."""

# ruff: noqa: ARG001 (fixtures are asked for by name)

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scapy.utils import RawPcapNgReader, RawPcapReader
from trio.testing import MockClock

from rumphost.classes.capture import Capture
from rumphost.classes.ifnet import Interface
from rumphost.errors import HostLacks
from rumphost.kernel.bpf import Captured, Tap

FRAMES = [
    Captured(1_000_000_007, True, b"\xff" * 6 + bytes(6) + b"\x88\xb5" + bytes(46)),
    Captured(1_234_567_891, False, b"\xff" * 6 + bytes(6) + b"\x88\xb5" + bytes(47)),
]


@pytest.fixture
def tap(interface: Interface, monkeypatch: pytest.MonkeyPatch) -> Tap:
    memory: Any = SimpleNamespace(write_uint=lambda *_args: None)
    tap = Tap(0x10, 0x1000, 0x20, 1, None, memory)
    monkeypatch.setattr(interface, "tap", lambda _dlt: tap)
    return tap


def give(tap: Tap) -> None:
    for listener in tap.listeners:
        listener(FRAMES)


def test_pcapng_has_nanoseconds_and_directions(
    interface: Interface, tap: Tap, tmp_path: Path
) -> None:
    path = tmp_path / "a.pcapng"
    with Capture(interface, path) as capture:
        give(tap)
    give(tap)
    assert capture.frames == 2
    with RawPcapNgReader(str(path)) as reader:
        packets = list(reader)
    assert [data for data, _ in packets] == [one.frame for one in FRAMES]
    times = [(meta.tshigh << 32) | meta.tslow for _, meta in packets]
    assert times == [one.time_ns for one in FRAMES]
    assert {meta.tsresol for _, meta in packets} == {1_000_000_000}
    assert [meta.direction for _, meta in packets] == [2, 1]
    assert {meta.ifname for _, meta in packets} == {b"fake0"}


def test_pcap_has_nanoseconds(interface: Interface, tap: Tap, tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    with Capture(interface, path, wall_ns=5_000_000_000):
        give(tap)
    with RawPcapReader(str(path)) as reader:
        packets = list(reader)
    assert [data for data, _ in packets] == [one.frame for one in FRAMES]
    assert [(meta.sec, meta.usec) for _, meta in packets] == [(6, 7), (6, 234_567_891)]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("name", ["a.pcapng", "a.pcap"])
def test_tshark_opens_it(interface: Interface, tap: Tap, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with Capture(interface, path):
        give(tap)
    done = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["1.000000007", "60", "1.234567891", "61"]


def test_a_capture_of_nothing_is_a_file(interface: Interface, tap: Tap, tmp_path: Path) -> None:
    for name in ("a.pcapng", "a.pcap"):
        with Capture(interface, tmp_path / name):
            pass
        assert (tmp_path / name).stat().st_size > 0


def test_a_file_that_cannot_be_written(interface: Interface, tap: Tap, tmp_path: Path) -> None:
    with pytest.raises(HostLacks, match="cannot write the capture"):
        Capture(interface, tmp_path / "none" / "a.pcap").start()


async def test_a_driver_is_captured(echo: Interface, tmp_path: Path, mock_clock: MockClock) -> None:
    await echo.up()
    path = tmp_path / "echo.pcapng"
    with Capture(echo, path) as capture, echo.frames() as frames:
        await echo.send(FRAMES[0].frame)
        await frames.batch()
    assert capture.frames == 2
    with RawPcapNgReader(str(path)) as reader:
        assert [meta.direction for _, meta in reader] == [2, 1]
