"""Captures what passes an interface into a file that Wireshark, tshark and tcpdump read.

Frames come from the interface's bpf(4) tap, both directions, with the machine's time in ns.
A name that ends in ``.pcap`` gets the older format, which has no directions; all others are pcapng.
"""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import Any

from scapy.utils import PcapNgWriter, PcapWriter

from rumphost.errors import HostLacks
from rumphost.kernel.bpf import DLT_EN10MB, Captured

from .ifnet import Interface

SNAPSHOT = 262144
_IN, _OUT = 1, 2


class _Frame(bytes):
    """A frame as scapy's writer wants it: bytes that know where they were seen."""

    direction: int
    sniffed_on: str


class _NanosecondWriter(PcapNgWriter):
    """scapy's pcapng writer, with times that are whole nanoseconds instead of microseconds."""

    def __init__(self, path: str, linktype: int) -> None:
        super().__init__(path)
        self.linktype = linktype
        self.tsresol = 1  # `sec' is in the file's unit already

    def _write_block_idb(self, linktype: int, ifname: bytes | None = None) -> None:
        if ifname is None:
            return  # the interface that scapy describes before it knows its name
        body = struct.pack(self.endian + "HHI", linktype, 0, SNAPSHOT)
        options = struct.pack(self.endian + "HH", 2, len(ifname)) + self._add_padding(ifname)
        options += struct.pack(self.endian + "HHB3x", 9, 1, 9)
        options += struct.pack(self.endian + "HH", 0, 0)
        block_type = struct.pack(self.endian + "I", 1)
        self.f.write(self.build_block(block_type, body, options=options))


class Capture:
    """A capture of one interface into ``path``, from ``with`` or ``start`` until ``close``.

    ``frames`` counts what has been written. ``wall_ns`` is added to the machine's time, for a file
    with the time of day in it.
    """

    def __init__(
        self, interface: Interface, path: str | Path, *, dlt: int = DLT_EN10MB, wall_ns: int = 0
    ) -> None:
        self.path = Path(path)
        self.frames = 0
        self._wall_ns = wall_ns
        self._name = interface.name
        self._tap = interface.tap(dlt)
        self._classic = self.path.suffix == ".pcap"
        self._writer: Any = None
        self._failure: OSError | None = None

    @property
    def dropped(self) -> int:
        """Frames that passed unseen for want of memory."""
        return self._tap.dropped

    def start(self) -> None:
        """Begin; raises ``HostLacks`` when the file cannot be written."""
        try:
            self._writer = self._open()
        except OSError as error:
            raise HostLacks(f"cannot write the capture {self.path}: {error.strerror}") from error
        self._tap.listen(self._write)

    def _open(self) -> Any:
        if self._classic:
            writer = PcapWriter(str(self.path), linktype=self._tap.dlt, nano=True)
            writer.write_header(None)
            return writer
        ng = _NanosecondWriter(str(self.path), self._tap.dlt)
        ng.interfaces2id = {self._name.encode(): 0}
        ng.write_header(None)
        ng._write_block_idb(self._tap.dlt, self._name.encode())
        return ng

    def _write(self, batch: list[Captured]) -> None:
        """Write frames; called on the virtual CPU, so that a full disk is told of at the end."""
        if self._failure is None:
            try:
                self._write_batch(batch)
            except OSError as error:
                self._failure = error

    def _write_batch(self, batch: list[Captured]) -> None:
        writer = self._writer
        for captured in batch:
            time_ns = captured.time_ns + self._wall_ns
            if self._classic:
                seconds, ns = divmod(time_ns, 1_000_000_000)
                writer.write_packet(captured.frame, sec=seconds, usec=ns)
            else:
                frame = _Frame(captured.frame)
                frame.direction = _OUT if captured.out else _IN
                frame.sniffed_on = self._name
                writer.write_packet(frame, sec=time_ns)
        self.frames += len(batch)

    def flush(self) -> None:
        """Let what was captured so far be in the file."""
        self._writer.flush()

    def close(self) -> None:
        """End the capture and complete the file; raises ``HostLacks`` when that failed."""
        if self._writer is not None:
            self._tap.stop(self._write)
            writer, self._writer = self._writer, None
            try:
                writer.close()
            except OSError as error:
                self._failure = self._failure or error
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise HostLacks(f"cannot write the capture {self.path}: {failure.strerror}")

    def __enter__(self) -> Capture:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
