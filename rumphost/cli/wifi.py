"""``rumphost wifi``: what a wireless card's driver finds, joins, and says of itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rumphost.build import Builder
from rumphost.host import ClockName
from rumphost.host import run as run_main
from rumphost.machines import clock_of
from rumphost.models.air import AccessPoint

from .access_points import HELP, AccessPointType
from .options import EXISTING_DIRECTORY, OutputFile, optimise, output_format, sys_tree
from .output import Output
from .wifi_session import WifiOptions, WifiSession

F = Callable[..., Any]
MACHINE = "sim:iwm7260"


@click.group()
def wifi() -> None:
    """Scan, join a wireless network, or show the state of a driver.

    DRIVER is a wireless driver, such as iwm of a NetBSD tree (--sys). On a simulated card the
    networks are those of --ap, or else three of the model's own.
    """


def _options(command: F) -> F:
    """Add the options that all three have."""
    for option in (
        output_format,
        optimise,
        click.option("--pcap", type=OutputFile(), help="Capture the air into a pcap file."),
        click.option("--seed", type=int, help="Shake the schedule; the same seed repeats it."),
        click.option("--clock", type=click.Choice(["virtual", "real"]), help="By the machine."),
        click.option(
            "--firmware", type=EXISTING_DIRECTORY, multiple=True,
            help="Look for firmware there first; else a model gets a test image.",
        ),
        click.option("--ap", "points", type=AccessPointType(), multiple=True, help=HELP),
        sys_tree,
        click.option("-m", "--machine", default=MACHINE, show_default=True, help="The card."),
    ):  # fmt: skip
        command = option(command)
    return command


def _passphrase(command: F) -> F:
    return click.option(
        "--passphrase", metavar="TEXT", envvar="RUMPHOST_PASSPHRASE", show_envvar=True,
        help="The network's, if it has WPA2.",
    )(command)  # fmt: skip


def _run(what: str, driver: str, options: dict[str, Any], **more: Any) -> None:
    machine: str = options["machine"]
    clock: ClockName = options["clock"] or ("virtual" if clock_of(machine) == "virtual" else "real")
    output = Output(json=options["format_"] == "json", quiet=options["quiet"])
    sys: Path | None = options["sys_tree"]
    with output.progress() as progress:
        builder = Builder(sys, optimise=options["optimise"], progress=progress)
        built = builder.build([driver])
    for warning in built.warnings:
        output.note(str(warning), "yellow")
    points: tuple[AccessPoint, ...] = options["points"]
    wanted = WifiOptions(
        machine, clock, options["seed"], points, options["firmware"], options["pcap"], **more
    )
    session = WifiSession(output, builder, built, wanted)
    run_main(getattr(session, what), clock=clock)


@wifi.command()
@click.argument("driver")
@click.argument("ssid", required=False)
@_options
def scan(driver: str, ssid: str | None, **options: Any) -> None:
    """Show the networks that DRIVER finds; with SSID it also looks for a hidden one."""
    _run("scan", driver, options, ssid=ssid)


@wifi.command()
@click.argument("driver")
@click.argument("ssid")
@_passphrase
@click.option("--ping", type=click.IntRange(0), default=3, show_default=True, help="How many.")
@_options
def join(driver: str, ssid: str, passphrase: str | None, ping: int, **options: Any) -> None:
    """Have DRIVER join the network SSID, get an address by DHCP, and ping the router."""
    _run("join", driver, options, ssid=ssid, passphrase=passphrase, ping=ping)


@wifi.command()
@click.argument("driver")
@click.argument("ssid", required=False)
@_passphrase
@_options
def status(driver: str, ssid: str | None, passphrase: str | None, **options: Any) -> None:
    """Show what DRIVER says of its interface; with SSID, once it has joined that network."""
    _run("status", driver, options, ssid=ssid, passphrase=passphrase)
