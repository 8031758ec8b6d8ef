"""Options that have the compiler put more into drivers: sanitizers, and counters of coverage; and
``rumphost covered``, which shows what was counted."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from rumphost.build.instrumentation import SANITIZERS, Instrumentation
from rumphost.coverage import CoverageData, check_tools, counted, write_report
from rumphost.errors import UsageError

from .options import DIRECTORY, EXISTING_DIRECTORY, output_format
from .output import Output

_FOR_DEBUGGERS = ("0", "g")


@dataclass(frozen=True)
class InstrumentingOptions:
    """What is put into drivers, and the directory that their counters are kept in."""

    instrumentation: Instrumentation
    coverage: Path | None

    def for_run(self, optimise: str, *, traces: bool) -> Instrumentation:
        """Return what is put into drivers: with their macros for a debugger and for a trace."""
        return replace(self.instrumentation, macros=traces or optimise in _FOR_DEBUGGERS)

    def report(self, output: Output) -> None:
        """Write and show the report of coverage, if one was asked for."""
        if self.coverage is not None:
            show_coverage(output, self.coverage, shim=self.instrumentation.shim)


class SanitizerList(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A list such as ``address,undefined``, as a tuple."""

    name = "list"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return Instrumentation.sanitizers(str(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)


def sanitize(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--sanitize``; its value comes as ``sanitize``."""
    return click.option(
        "--sanitize", type=SanitizerList(), default=(), metavar=",".join(SANITIZERS),
        help="Build driver and shim with these: out of bounds and freed memory; what C leaves"
        " undefined.",
    )(command)  # fmt: skip


def instrumenting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; their values come as one, ``instruments``."""

    @functools.wraps(command)
    def collected(
        *args: Any,
        sanitize: tuple[str, ...],
        sanitize_recover: bool,
        coverage: Path | None,
        coverage_shim: bool,
        **options: Any,
    ) -> Any:
        if coverage_shim and coverage is None:
            raise UsageError("--coverage-shim needs --coverage DIR")
        if sanitize_recover and "address" not in sanitize:
            raise UsageError("--sanitize-recover needs --sanitize address")
        if coverage is not None:
            check_tools()
        added = Instrumentation(
            sanitize, sanitize_recover, coverage=coverage is not None, shim=coverage_shim
        )
        return command(*args, instruments=InstrumentingOptions(added, coverage), **options)

    wrapped: Callable[..., Any] = collected
    wrapped = click.option(
        "--coverage-shim", is_flag=True, help="With --coverage: rumphost's own C, too."
    )(wrapped)
    wrapped = click.option(
        "--coverage", type=DIRECTORY, metavar="DIR",
        help="Add to DIR which lines and branches of the drivers run, and write a report there.",
    )(wrapped)  # fmt: skip
    wrapped = click.option(
        "--sanitize-recover", is_flag=True, help="A driver goes on after an access out of bounds."
    )(wrapped)
    return sanitize(wrapped)


def show_coverage(output: Output, directory: Path, *, shim: bool) -> None:
    """Write the report of a directory, and print its table."""
    report = write_report(directory, shim=shim)
    if report is None:
        output.note(f"{directory}: nothing has been counted there", "yellow")
        return
    if output.json:
        for one in report.files:
            output.fact("", "coverage", **asdict(one))
    else:
        output.rows("coverage", ("file", "lines", "branches"), report.rows())
    for path in report.stale:
        output.note(f"{path} was changed since: what ran before is not counted", "yellow")
    output.note(f"coverage: {report.html}, {report.cobertura}")


@click.command()
@click.argument("directory", type=EXISTING_DIRECTORY)
@click.argument("others", nargs=-1, type=EXISTING_DIRECTORY, metavar="[OTHER]...")
@click.option("--shim", is_flag=True, help="With rumphost's own C, if that was counted.")
@output_format
def covered(
    directory: Path, others: tuple[Path, ...], shim: bool, format_: str, quiet: bool
) -> None:
    """Show which lines and branches of drivers have run, as `--coverage DIRECTORY` has counted.

    What OTHERs have counted, on other computers perhaps, is added to it first, and the reports in
    it are written anew.
    """
    check_tools()
    for other in others:
        CoverageData(directory).merge(other)
    if not counted(directory):
        raise UsageError(f"{directory}: there are no counters of coverage in it")
    show_coverage(Output(json=format_ == "json", quiet=quiet), directory, shim=shim)
