"""``rumphost run``: build a driver, attach it, use it, detach it, report what it left."""

from __future__ import annotations

import signal
from contextlib import AsyncExitStack, ExitStack
from dataclasses import asdict
from pathlib import Path

import click
import trio

from rumphost.build import Builder
from rumphost.classes.capture import Capture
from rumphost.classes.ifnet import Interface
from rumphost.classes.network import Network
from rumphost.classes.station import NoAnswer, Station
from rumphost.classes.tap import TapInterface
from rumphost.errors import DetachRefused, DriverError, HostLacks, UsageError
from rumphost.host import ClockName, Host, open_host
from rumphost.host import run as run_main
from rumphost.kernel.autoconf import Device
from rumphost.machines import clock_of
from rumphost.trace import TraceEvent

from .options import DIRECTORY, output_format, sys_tree
from .output import Output

_FILE = click.Path(path_type=Path, dir_okay=False, writable=True)
_LINK_S = 10.0
_ENDING = (signal.SIGINT, signal.SIGTERM)


@click.command()
@click.argument("drivers", nargs=-1, required=True)
@click.option(
    "-m", "--machine", default="sim:", show_default=True, help="sim:MODEL,… or qemu:DEVICE,…"
)
@sys_tree
@click.option("--clock", type=click.Choice(["virtual", "real"]), help="Default: by the machine.")
@click.option("--seed", type=int, help="Shake the schedule; the same seed repeats it.")
@click.option("--ping", type=click.IntRange(0), default=3, show_default=True, help="How many.")
@click.option("--ping-to", metavar="ADDRESS", help="Whom to ping; else the router of the lease.")
@click.option("--tap", metavar="NAME", help="Give Linux's stack the interface, until Ctrl-C.")
@click.option("--tap-address", metavar="A.B.C.D/N", help="An address for it; else set it later.")
@click.option("--netns", metavar="NAME", help="The network namespace to put the TAP into.")
@click.option("--pcap", type=_FILE, help="Capture frames into a file for Wireshark.")
@click.option("--trace", "trace_file", type=_FILE, help="Write every crossing into a file.")
@click.option("--firmware", type=DIRECTORY, multiple=True, help="Look for firmware there first.")
@click.option("--watchdog", type=float, default=5.0, show_default=True, metavar="SECONDS")
@click.option("-O", "optimise", default="2", show_default=True, help="As the compiler's -O.")
@output_format
def run(drivers: tuple[str, ...], format_: str, quiet: bool, **options: object) -> None:
    """Run DRIVERS: names that `rumphost list` shows, or C files of your own.

    Each attaches to what it matches on the machine. A network interface is brought up, gets an
    address by DHCP and pings; with --tap Linux's own stack uses it instead. At the end everything
    is detached, and what a driver left behind is reported.
    """
    output = Output(json=format_ == "json", quiet=quiet)
    session = Session(output, **options)  # type: ignore[arg-type]
    session.check()
    run_main(session.main, drivers, clock=session.clock)


class Session:
    """One ``rumphost run``, with its options."""

    def __init__(
        self,
        output: Output,
        *,
        machine: str,
        sys_tree: Path | None,
        clock: ClockName | None,
        seed: int | None,
        ping: int,
        ping_to: str | None,
        tap: str | None,
        tap_address: str | None,
        netns: str | None,
        pcap: Path | None,
        trace_file: Path | None,
        firmware: tuple[Path, ...],
        watchdog: float,
        optimise: str,
    ) -> None:
        self.output = output
        self.machine = machine
        self.sys_tree = sys_tree
        self.seed = seed
        self.ping, self.ping_to = ping, ping_to
        self.tap, self.tap_address, self.netns = tap, tap_address, netns
        self.pcap = pcap
        self.trace_file = trace_file
        self.firmware = firmware
        self.watchdog = watchdog
        self.optimise = optimise
        self._asked_clock = clock
        virtual = clock_of(machine) == "virtual" and not tap
        self.clock: ClockName = clock or ("virtual" if virtual else "real")

    def check(self) -> None:
        """Refuse what does not fit together; raises ``UsageError``."""
        if self.tap and self._asked_clock == "virtual":
            raise UsageError("--tap: Linux's stack runs on the real clock: leave --clock out")
        if (self.tap_address or self.netns) and not self.tap:
            raise UsageError("--tap-address and --netns need --tap NAME")

    async def main(self, drivers: tuple[str, ...]) -> None:
        output = self.output
        with output.progress() as progress:
            builder = Builder(self.sys_tree, optimise=self.optimise, progress=progress)
            built = builder.build(drivers)
        for warning in built.warnings:
            output.note(str(warning), "yellow")
        with ExitStack() as files:
            async with open_host(
                self.machine,
                clock=self.clock,
                seed=self.seed,
                firmware=self.firmware,
                builder=builder,
                watchdog_s=self.watchdog,
            ) as host:
                self._listen(host, files)
                await self._use(host, drivers)

    def _listen(self, host: Host, files: ExitStack) -> None:
        host.console.listeners.append(self.output.kernel_line)
        if self.trace_file is not None:
            try:
                file = files.enter_context(self.trace_file.open("w"))
            except OSError as error:
                raise HostLacks(f"cannot write {self.trace_file}: {error.strerror}") from error

            def write(event: TraceEvent) -> None:
                file.write(f"{event}\n")

            host.trace.add_sink(write)

    async def _use(self, host: Host, drivers: tuple[str, ...]) -> None:
        for function in host.machine.functions:
            wire = getattr(function, "wire", None)
            if wire is not None:
                Network(events=host.machine.events).plug(wire)
        devices = await host.attach(*drivers)
        for device in devices:
            self.output.fact(
                f"{device.xname} at {_place(device)}",
                "attached",
                device=device.xname,
                driver=device.driver,
                at=_place(device),
            )
        failed: Exception | None = None
        for interface in host.interfaces:
            try:
                await self._use_interface(host, interface)
            except NoAnswer as error:
                self.output.error(error)
                failed = failed or error
        self._show_events(host)
        await self._detach(host, devices)
        if host.panics:
            raise host.panics[0]
        if failed is not None:
            raise DriverError("the network did not answer through the driver") from failed

    async def _use_interface(self, host: Host, interface: Interface) -> None:
        async with AsyncExitStack() as stack:
            if self.pcap is not None:
                path = self._pcap_of(host, interface)
                capture = Capture(interface, path, wall_ns=host.boot_ns)
                stack.enter_context(capture)
            await interface.up()
            with trio.move_on_after(_LINK_S):
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
            if self.tap is not None:
                await self._serve_tap(interface)
            elif self.ping:
                await self._try_network(interface)
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

    async def _serve_tap(self, interface: Interface) -> None:
        tap = TapInterface(interface, self.tap, netns=self.netns, ipv4=self.tap_address)
        self.output.fact(
            f"{interface.name}: Linux has it as {tap.name}; Ctrl-C ends",
            "tap",
            interface=interface.name,
            tap=tap.name,
        )
        with trio.open_signal_receiver(*_ENDING) as signals:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(tap.serve)
                async for _ in signals:
                    nursery.cancel_scope.cancel()
        passed = f"{tap.sent} frames from Linux, {tap.received} to it, {tap.dropped} dropped"
        self.output.fact(
            f"{tap.name}: {passed}",
            "tap_counters",
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

    def _show_events(self, host: Host) -> None:
        rows = [(one.group, one.name, one.value) for one in host.counts() if one.value]
        if rows:
            self.output.rows("event_counter", ("group", "event", "count"), rows)

    async def _detach(self, host: Host, devices: list[Device]) -> None:
        for device in reversed(devices):
            if device not in host.devices:
                continue
            try:
                await host.detach(device)
            except DetachRefused as refused:
                if not refused.unable:
                    raise
                self.output.fact(str(refused), "stays", device=device.xname)
                continue
            self.output.fact(
                f"{device.xname} detached; leaks: none",
                "detached",
                device=device.xname,
                leaks=[],
            )


def _place(device: Device) -> str:
    parent = device.parent.xname if device.parent is not None else "root"
    if device.function is None:
        return parent
    address = device.function.address
    return f"{parent} dev {address.device} function {address.function}"
