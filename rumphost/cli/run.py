"""``rumphost run``: build a driver, attach it, use it, detach it, report what it left."""

from __future__ import annotations

import signal
from pathlib import Path

import click
import trio

from rumphost.build import Builder
from rumphost.checks import Checks
from rumphost.errors import UsageError
from rumphost.faults import Fault
from rumphost.host import ClockName
from rumphost.host import run as run_main
from rumphost.machines import clock_of
from rumphost.tasks import unwrapped

from .checking import checking
from .faulting import faulting
from .instrumenting import InstrumentingOptions, instrumenting
from .interface import InterfaceUse
from .observing import ObservingOptions, observing
from .options import (
    EXISTING_DIRECTORY,
    InterfaceName,
    Ipv4,
    Ipv4WithPrefix,
    OutputFile,
    SysctlSetting,
    optimise,
    output_format,
    sys_tree,
)
from .output import AlreadyTold, Output
from .session import Session, SessionOptions

_SECONDS = click.FloatRange(min=0)


class Terminated(BaseException):
    """The run was ended by SIGTERM, after everything was detached."""


@click.command()
@click.argument("drivers", nargs=-1, required=True)
@click.option(
    "-m",
    "--machine",
    default="sim:",
    show_default=True,
    help="sim:MODEL,…, qemu:DEVICE,…, kmod:ADDRESS, vfio:ADDRESS or replay:FILE",
)
@sys_tree
@click.option("--clock", type=click.Choice(["virtual", "real"]), help="Default: by the machine.")
@click.option("--seed", type=int, help="Shake the schedule; the same seed repeats it.")
@click.option(
    "--sysctl", type=SysctlSetting(), multiple=True, help="Read or set a value; repeatable."
)
@click.option("--ping", type=click.IntRange(0), default=3, show_default=True, help="How many.")
@click.option(
    "--ping-to", metavar="ADDRESS", type=Ipv4(), help="Whom to ping; else the lease's router."
)
@click.option(
    "--tap", metavar="NAME", type=InterfaceName(),
    help="Give Linux's stack the interface, until Ctrl-C or for as long as --stay says.",
)  # fmt: skip
@click.option(
    "--tap-address", metavar="A.B.C.D/N", type=Ipv4WithPrefix(),
    help="An address for it; else set it later.",
)  # fmt: skip
@click.option("--netns", metavar="NAME", help="The network namespace to put the TAP into.")
@click.option("--pcap", type=OutputFile(), help="Capture frames into a file for Wireshark.")
@observing
@checking
@instrumenting
@faulting
@click.option(
    "--firmware", type=EXISTING_DIRECTORY, multiple=True, help="Look for firmware there first."
)
@click.option(
    "--stay", type=_SECONDS, metavar="SECONDS", help="Stay attached at least so long; default 1."
)
@click.option(
    "--watchdog", type=_SECONDS, default=5.0, show_default=True, metavar="SECONDS",
    help="How long driver code may compute in one go; 0: for ever.",
)  # fmt: skip
@optimise
@output_format
def run(
    drivers: tuple[str, ...],
    machine: str,
    sys_tree: Path | None,
    clock: ClockName | None,
    seed: int | None,
    sysctl: tuple[tuple[str, str | None], ...],
    ping: int,
    ping_to: str | None,
    tap: str | None,
    tap_address: str | None,
    netns: str | None,
    pcap: Path | None,
    trace_file: Path | None,
    only: tuple[str, ...],
    never: tuple[str, ...],
    summary: bool,
    picture: Path | None,
    record: Path | None,
    checks: Checks,
    instruments: InstrumentingOptions,
    faults: tuple[Fault, ...],
    firmware: tuple[Path, ...],
    stay: float | None,
    watchdog: float,
    optimise: str,
    format_: str,
    quiet: bool,
) -> None:
    """Run DRIVERS: names that `rumphost list` shows, or C files of your own.

    Each attaches to what it matches on the machine. A network interface is brought up, gets an
    address by DHCP and pings; with --tap Linux's own stack uses it instead. At the end everything
    is detached, and what a driver left behind is reported.
    """
    if tap is not None and clock == "virtual":
        raise UsageError("--tap: Linux's stack runs on the real clock: leave --clock out")
    if tap is None and (tap_address or netns):
        raise UsageError("--tap-address and --netns need --tap NAME")
    if clock is None:
        virtual = clock_of(machine) == "virtual" and tap is None
        clock = "virtual" if virtual else "real"
    output = Output(json=format_ == "json", quiet=quiet)
    observed = ObservingOptions(trace_file, only, never, summary, picture, record)
    with output.progress() as progress:
        builder = Builder(
            sys_tree,
            optimise=optimise,
            instrumentation=instruments.for_run(optimise, traces=observed.traces),
            progress=progress,
        )
        built = builder.build(drivers)
    for warning in built.warnings:
        output.note(str(warning), "yellow")
    use = InterfaceUse(
        output, ping=ping, ping_to=ping_to, tap=tap, tap_address=tap_address, netns=netns,
        pcap=pcap, stay_s=stay,
    )  # fmt: skip
    options = SessionOptions(
        machine, clock, seed, sysctl, observed, checks, firmware, stay, watchdog,
        instruments.coverage, faults,
    )  # fmt: skip
    session = Session(output, builder, built, use, options)
    try:
        run_main(until_terminated, session, clock=clock)
    finally:
        instruments.report(output)


async def until_terminated(session: Session) -> None:
    """Run the session; SIGTERM ends it as Ctrl-C does, which trio brings in by itself."""
    terminated = False

    async def wait_for_signal(
        scope: trio.CancelScope, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        nonlocal terminated
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            task_status.started()
            async for _ in signals:
                terminated = True
                scope.cancel()

    with unwrapped():
        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as scope:
                await nursery.start(wait_for_signal, scope)
                await session.main()
            nursery.cancel_scope.cancel()
    if terminated:
        raise AlreadyTold(session.failures[0]) if session.failures else Terminated
