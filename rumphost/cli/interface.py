"""What ``rumphost run`` does with a network interface: DHCP and ping, or Linux's stack by a TAP."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import trio

from rumphost.classes.capture import Capture
from rumphost.classes.ifnet import Interface
from rumphost.classes.station import NoAnswer, Station
from rumphost.classes.tap import TapInterface
from rumphost.host import Host

from .output import Output

LINK_S = 10.0


@dataclass
class InterfaceUse:
    """The options, and the steps in their order."""

    output: Output
    ping: int
    ping_to: str | None
    tap: str | None
    tap_address: str | None
    netns: str | None
    pcap: Path | None
    stay_s: float | None

    async def use(self, host: Host, interface: Interface) -> None:
        """Bring the interface up, use it, bring it down; show what it has counted in any case."""
        with ExitStack() as stack:
            if self.pcap is not None:
                path = self._pcap_of(host, interface)
                stack.enter_context(Capture(interface, path, wall_ns=host.boot_ns))
            await interface.up()
            with trio.move_on_after(LINK_S):
                await interface.wait_link()
            media = await interface.media()
            self.output.fact(
                f"{interface.name}: address {interface.address}, media {media}",
                "interface",
                interface=interface.name,
                address=interface.address,
                media=str(media),
                flags=str(interface.flags),
                mtu=interface.mtu,
            )
            try:
                if self.tap is not None:
                    await self._serve_tap(host, interface)
                elif self.ping:
                    await self._try_network(interface)
            finally:
                if not interface.gone:
                    self._show_counters(interface)
            await interface.down()

    def _pcap_of(self, host: Host, interface: Interface) -> Path:
        """Return the capture's name: with several interfaces, each has its own."""
        assert self.pcap is not None
        if len(host.interfaces) == 1:
            return self.pcap
        return self.pcap.with_stem(f"{self.pcap.stem}-{interface.name}")

    async def _try_network(self, interface: Interface) -> None:
        async with Station(interface) as station:
            lease = await station.dhcp()
            self.output.fact(
                f"{interface.name}: DHCP lease {lease}",
                "lease",
                interface=interface.name,
                **asdict(lease),
            )
            target = self.ping_to or lease.router or lease.server
            self.output.fact(f"PING {target}: 56 data bytes", "ping", target=target)
            statistics = await station.ping(
                target,
                count=self.ping,
                on_reply=lambda reply: self.output.fact(str(reply), "reply", **asdict(reply)),
            )
            low, average, high, deviation = statistics.rtt_ns
            self.output.fact(
                f"--- {target} ping statistics ---\n{statistics}",
                "ping_statistics",
                target=target,
                transmitted=statistics.transmitted,
                received=statistics.received,
                rtt_ns={"min": low, "avg": average, "max": high, "stddev": deviation},
            )
            if not statistics.received:
                raise NoAnswer(f"{interface.name}: {target} does not answer")

    async def _serve_tap(self, host: Host, interface: Interface) -> None:
        name = self.tap
        if len(host.interfaces) > 1 and interface is not host.interfaces[0]:
            return
        tap = TapInterface(interface, name, netns=self.netns, ipv4=self.tap_address)
        until = "Ctrl-C ends" if self.stay_s is None else f"for {self.stay_s:g} s"
        where = f" in the network namespace {self.netns}" if self.netns else ""
        try:
            self.output.fact(
                f"{interface.name}: Linux has it as {tap.name}{where}; {until}",
                "tap",
                interface=interface.name,
                tap=tap.name,
                netns=self.netns,
            )
            with trio.move_on_after(float("inf") if self.stay_s is None else self.stay_s):
                await tap.serve()
        finally:
            tap.close()
            passed = f"{tap.sent} frames from Linux, {tap.received} to it, {tap.dropped} dropped"
            self.output.fact(
                f"{tap.name}: {passed}",
                "tap_counters",
                tap=tap.name,
                sent=tap.sent,
                received=tap.received,
                dropped=tap.dropped,
            )

    def _show_counters(self, interface: Interface) -> None:
        counters = asdict(interface.counters)
        shown = ", ".join(f"{value} {name}" for name, value in counters.items() if value)
        self.output.fact(
            f"{interface.name}: {shown or 'no traffic'}",
            "counters",
            interface=interface.name,
            **counters,
        )
