"""What ``rumphost run`` lets one see of a run: traces, summaries, recordings; its options too."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from rumphost.errors import DriverError, HostLacks, RumphostError, UsageError
from rumphost.host import Host
from rumphost.machine import Machine
from rumphost.machine.replay import RecordingMachine, ReplayMachine
from rumphost.machines import open_machine, record
from rumphost.tracing import Filter, HeaderNames, Summary, TextFormat, TraceWriter, draw

from .options import OutputFile
from .output import Output

F = TypeVar("F", bound=Callable[..., Any])


def observing(command: F) -> F:
    """Add the options; their values come as ``trace_file``, ``only``, ``never`` and so on."""
    for option in reversed([
        click.option(
            "--trace", "trace_file", type=OutputFile(), metavar="FILE",
            help="Write every crossing into a file: text, .jsonl, or a timeline (.json) for "
            "Perfetto.",
        ),
        click.option(
            "--only", multiple=True, metavar="PATTERN",
            help="Trace only PAGE[.EVENT][:REGISTER][@DEVICE][%LWP], such as callout or "
            "bus_space.write:CTRL; repeatable. Without --trace: to stderr.",
        ),
        click.option(
            "--not", "never", multiple=True, metavar="PATTERN", help="Do not trace these."
        ),
        click.option(
            "--summary", is_flag=True,
            help="Show hot registers, interrupt latencies, lock hold times, time per lwp.",
        ),
        click.option(
            "--picture", type=OutputFile(), metavar="FILE", help="The summary as an SVG file."
        ),
        click.option(
            "--record", type=OutputFile(), metavar="FILE",
            help="Keep all that the device says; -m replay:FILE then runs without the device.",
        ),
    ]):  # fmt: skip
        command = option(command)
    return command


@dataclass(frozen=True)
class ObservingOptions:
    """The values of the options."""

    trace_file: Path | None = None
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    summary: bool = False
    picture: Path | None = None
    record: Path | None = None

    @property
    def traces(self) -> bool:
        """Crossings are seen: names of the driver's own registers are wanted."""
        kept = (self.trace_file, self.only, self.never, self.summary, self.picture)
        return any(kept)


class Observing:
    """One run's; ``told`` is called with what goes wrong on the way. Raises ``UsageError``."""

    def __init__(
        self, options: ObservingOptions, output: Output, told: Callable[[RumphostError], None]
    ) -> None:
        files = [
            one.resolve() for one in (options.trace_file, options.picture, options.record) if one
        ]
        if len(set(files)) < len(files):
            raise UsageError("--trace, --picture and --record need a file each")
        self.options = options
        self.output = output
        self.filter = Filter(options.only, options.never)
        self.summary = Summary(self.filter) if options.summary or options.picture else None
        self.told = told
        self._writer: TraceWriter | None = None

    def machine(self, text: str, *, virtual: bool) -> Machine:
        """Make the machine, recorded if that is wanted."""
        machine = open_machine(text, virtual=virtual)
        return machine if self.options.record is None else record(machine, self.options.record)

    def open(self, files: ExitStack) -> None:
        """Open the trace's file before anything else happens."""
        path = self.options.trace_file
        if path is not None:

            def fail(error: OSError) -> None:
                self.told(HostLacks(f"cannot write the trace {path}: {error.strerror}"))

            try:
                self._writer = TraceWriter.open(path, filter_=self.filter, on_error=fail)
            except OSError as error:
                raise HostLacks(f"cannot write {path}: {error.strerror}") from error
            files.callback(self._writer.close)
        elif self.filter and self.summary is None and sys.stderr is not None:
            self._writer = TraceWriter(sys.stderr, TextFormat(), filter_=self.filter, live=True)

    def attach(self, host: Host) -> None:
        """Begin to trace a host."""
        sinks = [sink for sink in (self._writer, self.summary) if sink is not None]
        for sink in sinks:
            sink.attach(host.trace)
        if sinks:
            host.trap("registers", "dma", *self.filter.traps())
            HeaderNames(host).attach()
        if self.summary is not None:
            host.trap("lock")

    def finish(self, host: Host) -> None:
        """Show what there is to show at the end, when everything is detached."""
        if self.summary is not None and self.options.summary:
            for table in self.summary.tables():
                text = "\n".join(table.lines())
                names = list(table.headings)
                self.output.fact(text, "summary", table=table.title, names=names, rows=table.rows)
        if self.summary is not None and self.options.picture is not None:
            try:
                self.options.picture.write_text(draw(self.summary))
            except OSError as error:
                self.told(HostLacks(f"cannot write {self.options.picture}: {error.strerror}"))
        machine = host.machine
        if isinstance(machine, ReplayMachine):
            left = machine.remaining()
            if left is not None:
                self.told(DriverError(f"replay: the driver ended too soon: {left}"))
            elif not machine.player.off:
                count = len(machine.player.entries)
                self.output.fact(
                    f"replay: all {count} entries of {machine.path} alike",
                    "replay",
                    entries=count,
                    file=str(machine.path),
                )

    def ended(self, machine: Machine) -> None:
        """Tell of the recording, which is whole now."""
        if isinstance(machine, RecordingMachine):
            self.output.fact(
                f"recorded {machine.entries} entries into {self.options.record}: "
                f"{machine.size} bytes",
                "recording",
                entries=machine.entries,
                file=str(self.options.record),
                size=machine.size,
            )
