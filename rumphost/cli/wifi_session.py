"""What ``rumphost wifi`` does between the build and its end: attach, scan or join, show."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rumphost.build import Builder, Built
from rumphost.classes.ifnet import Interface
from rumphost.classes.network import Network
from rumphost.classes.scan_result import WlanNetwork
from rumphost.classes.station import NoAnswer, Station
from rumphost.classes.wlan import State, Wlan
from rumphost.errors import UsageError
from rumphost.host import ClockName, Host, open_host
from rumphost.models.air import AccessPoint, Monitor
from rumphost.models.iwm7260 import ImageBuilder, Iwm7260

from .access_points import put_on_the_air
from .output import Output

_COLUMNS = ("SSID", "BSSID", "channel", "signal", "security", "capabilities", "rates")


@dataclass(frozen=True)
class WifiOptions:
    """The options, as far as they are not the build's."""

    machine: str
    clock: ClockName
    seed: int | None
    points: tuple[AccessPoint, ...]
    firmware: tuple[Path, ...]
    pcap: Path | None
    ssid: str | None = None
    passphrase: str | None = None
    ping: int = 0


class WifiSession:
    """One ``rumphost wifi``."""

    def __init__(
        self, output: Output, builder: Builder, built: Built, options: WifiOptions
    ) -> None:
        self.output = output
        self.builder = builder
        self.built = built
        self.options = options

    # -- the three commands

    async def scan(self) -> None:
        """Show a table of networks."""
        async with self._attached() as (_host, interface), Wlan(interface) as wlan:
            networks = await wlan.scan(self.options.ssid or "")
            self._show_networks(networks)
            if not wlan.scan_ended:
                self.output.note(f"{interface.name}: the driver never said that the scan had ended")

    async def join(self) -> None:
        """Join, DHCP, ping."""
        ssid = self.options.ssid
        assert ssid is not None
        async with self._attached() as (_host, interface), Wlan(interface) as wlan:
            await self._join(wlan, ssid)
            await self._try_network(interface)
            await wlan.leave()
            await interface.down()

    async def status(self) -> None:
        """Show what ifconfig(8) would."""
        options = self.options
        async with self._attached() as (_host, interface), Wlan(interface) as wlan:
            if options.ssid is not None:
                await self._join(wlan, options.ssid)
            now = await wlan.status()
            network = now.network
            joined = now.state is State.JOINED
            text = f"{interface.name}: {now.state.value}, address {interface.address}"
            if joined and network is not None:
                text += f", {network}, media {now.media}"
            self.output.fact(
                text,
                "status",
                interface=interface.name,
                address=interface.address,
                flags=str(interface.flags),
                state=now.state.value,
                ssid=now.ssid,
                bssid=now.bssid if joined else None,
                channel=now.channel if joined else None,
                media=now.media,
                signal_dbm=network.signal_dbm if network is not None else None,
                rates=list(network.rates) if network is not None else None,
                **asdict(interface.counters),
            )

    # -- the steps

    @asynccontextmanager
    async def _attached(self) -> AsyncIterator[tuple[Host, Interface]]:
        options = self.options
        with ExitStack() as files:
            directory = Path(files.enter_context(tempfile.TemporaryDirectory(prefix="rumphost-")))
            firmware = options.firmware or (directory,)
            async with open_host(
                options.machine, clock=options.clock, seed=options.seed, firmware=firmware,
                builder=self.builder,
            ) as host:  # fmt: skip
                host.console.listeners.append(self.output.kernel_line)
                put_on_the_air(host, options.points)
                if not options.firmware:
                    self._make_firmware(host, directory)
                self._plug(host, files)
                yield host, await self._attach(host)

    def _make_firmware(self, host: Host, directory: Path) -> None:
        """A model of a card takes an image of ours: say that it is not the vendor's."""
        if any(isinstance(one, Iwm7260) for one in host.machine.functions):
            name = ImageBuilder().write(directory).relative_to(directory)
            self.output.note(f"firmware: {name}, a test image for the model; else say --firmware")

    def _plug(self, host: Host, files: ExitStack) -> None:
        for function in host.machine.functions:
            if isinstance(function, Iwm7260):
                Network(events=host.machine.events).plug(function.wire)
                if self.options.pcap is not None:
                    files.enter_context(
                        Monitor(function.air, self.options.pcap, epoch_ns=host.boot_ns)
                    )

    async def _attach(self, host: Host) -> Interface:
        await host.load(self.built)
        await host.attach()
        name = " ".join(self.built.driver)
        if not host.devices:
            raise UsageError(
                f"{name}: no device on {host.machine.name} that it would drive: name another "
                "machine with -m"
            )
        if not host.interfaces:
            raise UsageError(f"{host.devices[0].xname} has no network interface")
        return host.interfaces[0]

    async def _join(self, wlan: Wlan, ssid: str) -> None:
        network = await wlan.join(ssid, self.options.passphrase)
        interface = wlan.interface
        self.output.fact(
            f"{interface.name}: joined {network}",
            "joined",
            interface=interface.name,
            address=interface.address,
            **_fields(network),
        )

    async def _try_network(self, interface: Interface) -> None:
        async with Station(interface) as station:
            lease = await station.dhcp()
            self.output.fact(
                f"{interface.name}: DHCP lease {lease}",
                "lease",
                interface=interface.name,
                **asdict(lease),
            )
            if not self.options.ping:
                return
            target = lease.router or lease.server
            statistics = await station.ping(
                target,
                count=self.options.ping,
                on_reply=lambda reply: self.output.fact(str(reply), "reply", **asdict(reply)),
            )
            self.output.fact(
                f"--- {target} ping statistics ---\n{statistics}",
                "ping_statistics",
                target=target,
                transmitted=statistics.transmitted,
                received=statistics.received,
            )
            if not statistics.received:
                raise NoAnswer(f"{interface.name}: {target} does not answer")

    def _show_networks(self, networks: list[WlanNetwork]) -> None:
        if self.output.json:
            for one in networks:
                self.output.fact("", "network", **_fields(one))
            return
        rows = [
            (
                one.ssid or "(hidden)", one.bssid, one.channel, f"{one.signal_dbm} dBm",
                one.security, ",".join(one.capability_names), _rates(one.rates),
            )
            for one in networks
        ]  # fmt: skip
        self.output.rows("network", _COLUMNS, rows)
        self.output.note(f"{len(networks)} networks")


def _rates(rates: tuple[float, ...]) -> str:
    return f"{min(rates):g}-{max(rates):g} Mb/s" if rates else ""


def _fields(network: WlanNetwork) -> dict[str, object]:
    return {
        "ssid": network.ssid,
        "bssid": network.bssid,
        "channel": network.channel,
        "frequency": network.frequency,
        "signal_dbm": network.signal_dbm,
        "security": network.security,
        "capabilities": list(network.capability_names),
        "interval": network.interval,
        "rates": list(network.rates),
    }
