"""``rumphost fuzz``: let a driver's hardware lie until it crashes."""

from __future__ import annotations

import contextlib
import math
import os
import shlex
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from rumphost.build import Builder, Built
from rumphost.build.instrumentation import Instrumentation
from rumphost.checks import Checks
from rumphost.errors import RumphostError, UsageError
from rumphost.fuzz import Campaign, Corpus, Finish, Found, Pool, Status, Target
from rumphost.host import Host
from rumphost.machine import Machine

from .checking import checking, words_of
from .instrumenting import sanitize
from .interface import InterfaceUse
from .observing import Observing, ObservingOptions
from .options import DIRECTORY, EXISTING_DIRECTORY, SysctlSetting, optimise, output_format, sys_tree
from .output import AlreadyTold, Output
from .session import Session, SessionOptions

PING = 1
_EVERY_S = 5.0
_EVERY_ON_TERMINAL_S = 0.2


@click.command()
@click.argument("drivers", nargs=-1, required=True)
@click.option("-m", "--machine", default="sim:", show_default=True, help="sim:MODEL.")
@click.option(
    "--time", "seconds", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
    help="How long; default 60, unless --executions says how many.",
)  # fmt: skip
@click.option("--executions", type=click.IntRange(1), metavar="N", help="How many, at least.")
@click.option(
    "--corpus", type=DIRECTORY, default=Path("fuzz"), show_default=True, metavar="DIR",
    help="Where inputs are kept, to go on from next time, and recordings of crashes.",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of all that is chance.")
@click.option(
    "--jobs", "-j", type=click.IntRange(1, 256), default=lambda: len(os.sched_getaffinity(0)),
    show_default="a processor each",
    help="Processes; they change how fast it is, and not what is done.",
)  # fmt: skip
@click.option(
    "--sysctl", type=SysctlSetting(), multiple=True, help="Read or set a value; repeatable."
)
@click.option("--ping", type=click.IntRange(0), default=PING, show_default=True, help="How many.")
@click.option(
    "--firmware", type=EXISTING_DIRECTORY, multiple=True, help="Look for firmware there first."
)
@sanitize
@checking
@sys_tree
@optimise
@output_format
def fuzz(
    drivers: tuple[str, ...],
    machine: str,
    seconds: float | None,
    executions: int | None,
    corpus: Path,
    seed: int,
    jobs: int,
    sysctl: tuple[tuple[str, str | None], ...],
    ping: int,
    firmware: tuple[Path, ...],
    sanitize: tuple[str, ...],
    checks: Checks,
    sys_tree: Path | None,
    optimise: str,
    format_: str,
    quiet: bool,
) -> None:
    """Fuzz the hardware side of DRIVERS: registers, DMA and interrupts of a simulated device.

    Each execution does what `rumphost run` does, on a device that says a few things otherwise than
    its model would. What crashes the driver, hangs it, or has it leak, is shrunk to the fewest such
    things, and kept as a recording that `rumphost run -m replay:FILE` plays.

    Exit status: 1 if there was such a crash.
    """
    if not machine.startswith("sim:"):
        raise UsageError(f"{machine}: only simulated devices can be made to lie: say -m sim:MODEL")
    output = Output(json=format_ == "json", quiet=quiet)
    with output.progress() as progress:
        builders = [
            Builder(
                sys_tree,
                optimise=optimise,
                instrumentation=Instrumentation(sanitize, edges=edges),
                progress=progress,
            )
            for edges in (True, False)
        ]
        instrumented, plain = (builder.build(drivers) for builder in builders)
    for warning in plain.warnings:
        output.note(str(warning), "yellow")
    options = SessionOptions(
        machine, "virtual", None, sysctl, ObservingOptions(), checks, firmware, None, 0.0
    )
    scenario = Scenario(builders[1], options, ping)
    shown = Shown(output, _command(drivers, sysctl, ping, firmware, sanitize, checks, sys_tree,
                                   optimise))  # fmt: skip
    target = Target(instrumented, plain, machine, scenario)
    kept = Corpus(corpus)
    if seconds is None:
        seconds = math.inf if executions is not None else 60.0
    with shown, Pool(target, jobs) as pool:
        campaign = Campaign(pool, kept, seed)
        campaign.on_found, campaign.on_progress = shown.found, shown.progress
        try:
            campaign.run(seconds=seconds, executions=executions)
        except KeyboardInterrupt:
            output.note("interrupted")
        status = campaign.status
    shown.end(status)
    if status.crashes:
        raise AlreadyTold(RumphostError("the driver crashed"))


class Scenario:
    """What ``rumphost run`` does, as the fuzzer wants it."""

    def __init__(self, builder: Builder, options: SessionOptions, ping: int) -> None:
        self._builder = builder
        self._options = options
        self._ping = ping

    async def __call__(
        self, built: Built, machine: Machine, watchdog_s: float, finish: Finish
    ) -> list[RumphostError]:
        output = Mute()
        use = InterfaceUse(
            output, ping=self._ping, ping_to=None, tap=None, tap_address=None, netns=None,
            pcap=None, stay_s=None,
        )  # fmt: skip
        options = self._options.watched(watchdog_s)
        session = Session(output, self._builder, built, use, options)
        session.observing = Watching(machine, finish, session.observing)
        with contextlib.suppress(AlreadyTold):
            await session.main()
        return session.failures


class Mute(Output):
    """Prints nothing."""

    def __init__(self) -> None:
        super().__init__(quiet=True)

    def fact(self, text: str, event: str, **fields: Any) -> None:
        """Keep silent."""

    def rows(self, event: str, columns: Any, rows: Any) -> None:
        """Keep silent."""

    def error(self, error: BaseException, exit_status: int | None = None) -> None:
        """Keep silent."""


class Watching(Observing):
    """Gives a session its machine, and looks at its host in the end."""

    def __init__(self, machine: Machine, finish: Finish, plain: Observing) -> None:
        super().__init__(plain.options, plain.output, plain.told)
        self._machine = machine
        self._finish = finish

    def machine(self, text: str, *, virtual: bool) -> Machine:
        return self._machine

    def finish(self, host: Host) -> None:
        self._finish(host)
        super().finish(host)


def _command(
    drivers: tuple[str, ...],
    sysctl: tuple[tuple[str, str | None], ...],
    ping: int,
    firmware: tuple[Path, ...],
    sanitize: tuple[str, ...],
    checks: Checks,
    sys_tree: Path | None,
    optimise: str,
) -> list[str]:
    """Return the words of the command that plays a recording, but for the machine."""
    words = ["rumphost", "run", *drivers]
    for name, value in sysctl:
        words += ["--sysctl", name if value is None else f"{name}={value}"]
    for directory in firmware:
        words += ["--firmware", str(directory)]
    words += [] if ping == 3 else ["--ping", str(ping)]
    words += ["--sanitize", ",".join(sanitize)] if sanitize else []
    words += words_of(checks)
    words += ["--sys", str(sys_tree)] if sys_tree is not None else []
    words += [] if optimise == "2" else ["-O", optimise]
    return words


class Shown:
    """Shows a campaign: a line that changes on a terminal, else a line now and then.

    A context manager, for the terminal's sake.
    """

    def __init__(self, output: Output, command: list[str]) -> None:
        self._output = output
        self._command = command
        self._last = -math.inf
        self._live: Live | None = None
        console = Console(stderr=True)
        if not output.quiet and not output.json and console.is_terminal:
            # It is drawn by us, not by a thread, which would be in the way of a fork.
            self._live = Live(
                console=console, auto_refresh=False, transient=True, redirect_stdout=False,
                redirect_stderr=False,
            )  # fmt: skip

    def __enter__(self) -> Shown:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._live is not None:
            self._live.stop()

    def progress(self, status: Status) -> None:
        """Show how far it is, unless that was shown just now."""
        now = time.monotonic()
        if now - self._last < (_EVERY_S if self._live is None else _EVERY_ON_TERMINAL_S):
            return
        self._last = now
        if self._live is not None:
            self._live.update(Text(_words(status)), refresh=True)
        elif self._output.json:
            self._output.fact("", "progress", **_numbers(status))
        else:
            self._output.note(_words(status))

    def found(self, found: Found) -> None:
        """Tell of a crash."""
        crash = found.crash
        lines = [str(crash), *(f"  #{n} {frame}" for n, frame in enumerate(crash.frames))]
        lines += [f"  when {words}" for words in found.words] or ["  with nothing changed"]
        command = ""
        if found.replay is None:
            lines.append(f"  not recorded: {found.why}")
        else:
            command = shlex.join([*self._command, "-m", f"replay:{found.replay}"])
            lines.append(f"  {command}")
        self.__exit__()
        self._output.fact("\n".join(lines), "crash", **found.record, command=command)
        self.__enter__()

    def end(self, status: Status) -> None:
        """Show what it came to."""
        self._output.fact(_words(status), "fuzzed", **_numbers(status))


def _words(status: Status) -> str:
    return (
        f"{status.seconds:.0f} s: {status.executions} executions ({status.rate:.0f}/s), "
        f"{status.edges} edges, {status.queue} inputs kept, {len(status.crashes)} crashes"
    )


def _numbers(status: Status) -> dict[str, float]:
    return {
        "seconds": round(status.seconds, 3),
        "executions": status.executions,
        "rate": round(status.rate, 1),
        "edges": status.edges,
        "inputs": status.queue,
        "crashing": status.crashing,
        "crashes": len(status.crashes),
    }
