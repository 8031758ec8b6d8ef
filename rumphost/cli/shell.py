"""``rumphost shell``: a Python prompt on a running host, with the driver attached."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import trio

import rumphost.view
from rumphost.build import Builder, Built
from rumphost.checks import Checks
from rumphost.errors import DriverPanic, RumphostError, UsageError
from rumphost.faults import Fault
from rumphost.host import ClockName, Host
from rumphost.host import run as run_main
from rumphost.kernel.autoconf import Device
from rumphost.kernel.sysctl import Value
from rumphost.machines import clock_of
from rumphost.sources import cache_dir
from rumphost.view import frozen

from .checking import checking
from .faulting import faulting
from .instrumenting import InstrumentingOptions, instrumenting
from .interface import InterfaceUse
from .observing import ObservingOptions, observing
from .options import EXISTING_DIRECTORY, optimise, output_format, sys_tree
from .output import Output
from .prompt import Prompt
from .run import until_terminated
from .session import Session, SessionOptions

_HISTORY = "shell_history"
_KERNEL = 0  # the owner of what is no device's
_BANNER = """\
{devices} on {machine}. Here: {names}.
`await` works. At the prompt time stands still; `await trio.sleep(1)` lets the driver run.
{first}.softc is the driver's own structure. Ctrl-D detaches and leaves."""


@click.command()
@click.argument("drivers", nargs=-1, required=True)
@click.option(
    "-m", "--machine", default="sim:", show_default=True,
    help="sim:MODEL,…, qemu:DEVICE,…, kmod:ADDRESS, vfio:ADDRESS or replay:FILE",
)  # fmt: skip
@sys_tree
@click.option("--clock", type=click.Choice(["virtual", "real"]), help="Default: by the machine.")
@click.option("--seed", type=int, help="Shake the schedule; the same seed repeats it.")
@click.option(
    "-c", "--command", "commands", multiple=True, metavar="CODE",
    help="Run this instead of a prompt, and show its value; repeatable.",
)  # fmt: skip
@observing
@checking
@faulting
@instrumenting
@click.option(
    "--firmware", type=EXISTING_DIRECTORY, multiple=True, help="Look for firmware there first."
)
@click.option(
    "--watchdog", type=click.FloatRange(min=0), default=5.0, show_default=True, metavar="SECONDS",
    help="How long driver code may compute in one go; 0: for ever.",
)  # fmt: skip
@optimise
@output_format
def shell(
    drivers: tuple[str, ...],
    machine: str,
    sys_tree: Path | None,
    clock: ClockName | None,
    seed: int | None,
    commands: tuple[str, ...],
    trace_file: Path | None,
    only: tuple[str, ...],
    never: tuple[str, ...],
    summary: bool,
    picture: Path | None,
    record: Path | None,
    checks: Checks,
    faults: tuple[Fault, ...],
    instruments: InstrumentingOptions,
    firmware: tuple[Path, ...],
    watchdog: float,
    optimise: str,
    format_: str,
    quiet: bool,
) -> None:
    """Attach DRIVERS and give you a Python prompt, with `host`, `dev` and `interface` to use.

    `dev` is the first device, and each has its own name too (teach0); `dev.softc` shows the
    driver's structure by its C names, live. Without a terminal, what comes on standard input is a
    script.

    \b
    Examples:
      rumphost shell teach -m sim:teach
      rumphost shell teach -m sim:teach -c dev.softc.sc_state
      rumphost shell my_driver.c -m qemu:e1000 < script.py
    """
    if clock is None:
        clock = "virtual" if clock_of(machine) == "virtual" else "real"
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
    options = SessionOptions(
        machine, clock, seed, (), observed, checks, firmware, None, watchdog,
        instruments.coverage, faults,
    )  # fmt: skip
    session = ShellSession(output, builder, built, options, commands)
    try:
        run_main(until_terminated, session, clock=clock)
    finally:
        instruments.report(output)
    if session.statement_failed:
        raise SystemExit(1)


class ShellSession(Session):
    """One ``rumphost shell``: a run that asks people what to do while the driver is attached."""

    def __init__(
        self,
        output: Output,
        builder: Builder,
        built: Built,
        options: SessionOptions,
        commands: tuple[str, ...],
    ) -> None:
        use = InterfaceUse(
            output, ping=0, ping_to=None, tap=None, tap_address=None, netns=None, pcap=None,
            stay_s=None,
        )  # fmt: skip
        super().__init__(output, builder, built, use, options)
        self.commands = commands
        self.statement_failed = False
        self.prompt = Prompt({})
        self._host: Host | None = None

    async def _attach(self, host: Host) -> list[Device]:
        self._host = host
        return await super()._attach(host)

    def _panicked(self, panic: DriverPanic) -> None:
        """Keep the softc of a driver that crashed, and all of its memory, before they go."""
        super()._panicked(panic)
        self.prompt.names["panic"] = panic
        assert self._host is not None
        with suppress(RumphostError):
            device = self._host.device(panic.driver)
            memory = self._host.boundary
            # The softc itself is the kernel's, as all that autoconf(9) allocates.
            held = [*memory.allocations(device.top.number), *memory.allocations(_KERNEL)]
            softc = frozen(device.softc, [(one.address, one.size) for one in held])
            self.prompt.names["crashed"] = softc
            self.output.note("`crashed` is its softc as it was, `panic` the report")

    async def _use(self, host: Host) -> None:
        prompt = self.prompt
        prompt.names |= names_of(host)
        if self.output.json:
            prompt.show = self._show_value
        try:
            if self.commands:
                for text in self.commands:
                    if not prompt.failed:
                        await prompt.run_lines(text)
            elif sys.stdin is None or not sys.stdin.isatty():
                await prompt.run_script(_script(), "<stdin>")
            else:
                self.output.note(self._banner(host, prompt))
                await prompt.interact(cache_dir() / _HISTORY)
        except SystemExit as end:
            prompt.failed = prompt.failed or end.code not in (None, 0)
        finally:
            self.statement_failed = prompt.failed

    def _show_value(self, value: object) -> None:
        if value is not None:
            self.output.fact("", "value", value=repr(value))

    def _banner(self, host: Host, prompt: Prompt) -> str:
        names = [name for name in prompt.names if not name.startswith("__")]
        devices = ", ".join(device.xname for device in host.devices) or "no device"
        return _BANNER.format(
            devices=devices, machine=host.machine.name, names=", ".join(names), first="dev"
        )

    async def _read_sysctls(self, host: Host) -> dict[str, Value]:
        return {}

    def _show_events(self, host: Host) -> None:
        """Whoever sits at a prompt asks for what he wants to see."""


def names_of(host: Host) -> dict[str, Any]:
    """Return what a prompt has: the host, its devices and interfaces, and what goes with views."""
    names: dict[str, Any] = {"host": host}
    if host.devices:
        names["dev"] = host.devices[0]
    if host.interfaces:
        names["interface"] = host.interfaces[0]
    names |= {device.xname: device for device in host.devices}
    names["trio"] = trio
    view = rumphost.view
    for function in (view.entries, view.address_of, view.type_of, view.bytes_of, view.text_of):
        names[function.__name__] = function
    return names


def _script() -> str:
    if sys.stdin is None:
        raise UsageError("no prompt and no script: there is no standard input; say -c CODE")
    return sys.stdin.read()
