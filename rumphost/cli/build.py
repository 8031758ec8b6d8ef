"""``rumphost build``: compile and link drivers, without running them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from rumphost.build import Builder
from rumphost.build.annotations import annotation_of
from rumphost.build.baseline import Baseline, Change
from rumphost.build.instrumentation import Instrumentation
from rumphost.build.report import Report, merge
from rumphost.build.survey import WHOLE, Shard, Survey
from rumphost.errors import BuildError, UsageError

from .instrumenting import sanitize
from .options import OutputFile, optimise, output_format, sys_tree
from .output import AlreadyTold, Output
from .report import Outcome


@click.command()
@click.argument("drivers", nargs=-1, metavar="[DRIVER]...")
@click.option("--all", "every", is_flag=True, help="Every driver of a bus.")
@click.option("--bus", default="pci", show_default=True, help="With --all: which.")
@click.option("--shard", metavar="I/N", help="With --all: part I of N, to be merged later.")
@click.option("--merge", "merging", is_flag=True, help="The arguments are reports to merge.")
@click.option("--report", "report_file", type=OutputFile(), help="Write the report as JSON.")
@click.option("--junit", "junit_file", type=OutputFile(), help="Write it as JUnit XML.")
@click.option("--annotations", is_flag=True, help="Print ::error file=... lines for a CI service.")
@click.option("--baseline", type=OutputFile(), help="Fail on what is worse than there only.")
@click.option("--update-baseline", is_flag=True, help="Write what is into the --baseline file.")
@click.option("-j", "--jobs", type=click.IntRange(1), help="Compilers at a time.")
@sys_tree
@optimise
@sanitize
@output_format
def build(
    drivers: tuple[str, ...],
    every: bool,
    bus: str,
    shard: str | None,
    merging: bool,
    sys_tree: Path | None,
    optimise: str,
    sanitize: tuple[str, ...],
    jobs: int | None,
    format_: str,
    quiet: bool,
    **files: object,
) -> None:
    """Build DRIVERs: names that `rumphost list` shows, or C files of your own.

    With --all, every driver of a bus; with --merge, put the reports of its shards together. Exit
    status: 0 all of it is good (with --baseline: nothing is worse), 1 a driver does not build,
    2 wrong usage, 3 this computer lacks something.
    """
    output = Output(json=format_ == "json", quiet=quiet)
    options = Files(**files)  # type: ignore[arg-type]
    _check(drivers, every, shard, merging, options)
    if merging:
        report = merge([Report.read(Path(name)) for name in drivers])
    else:
        part = Shard.parse(shard) if shard else WHOLE
        try:
            with output.progress() as progress:
                added = Instrumentation(sanitize)
                builder = Builder(sys_tree, optimise=optimise, instrumentation=added, jobs=jobs)
                survey = Survey(builder, progress=progress, jobs=jobs)
                report = survey.of_bus(bus, part) if every else survey.of_names(drivers)
        except BuildError as error:
            if options.annotations:
                line = annotation_of(error, Path.cwd())
                output.fact(line, "annotation", line=line)
            raise
    _tell(output, report, options)


@dataclass
class Files:
    """The files that a build reads and writes, as the options name them."""

    report_file: Path | None
    junit_file: Path | None
    annotations: bool
    baseline: Path | None
    update_baseline: bool


def _check(
    drivers: tuple[str, ...], every: bool, shard: str | None, merging: bool, options: Files
) -> None:
    """Refuse what does not fit together; raises UsageError."""
    if every and merging:
        raise UsageError("--all builds and --merge does not: say one of them")
    if every and drivers:
        raise UsageError(f"--all is every driver: leave out {' '.join(drivers)}")
    if merging and not drivers:
        raise UsageError("--merge: name the reports")
    if not every and not drivers:
        raise UsageError("name a driver, or say --all (rumphost list drivers shows them)")
    if shard and not every:
        raise UsageError("--shard is a part of --all")
    if options.update_baseline and options.baseline is None:
        raise UsageError("--update-baseline needs --baseline FILE")


def _tell(output: Output, report: Report, options: Files) -> None:
    """Print and write the report; raises AlreadyTold when the build is no good."""
    changes: list[Change] | None = None
    if options.baseline is not None and not options.update_baseline:
        changes = Baseline.read(options.baseline).compare(report)
    outcome = Outcome(report, changes)
    outcome.write(options.report_file, options.junit_file)
    outcome.print(output)
    if options.annotations:
        outcome.annotate(output, Path.cwd())
    if options.baseline is not None and options.update_baseline:
        known = Baseline()
        if options.baseline.exists():
            known = Baseline.read(options.baseline)
        known.update(report)
        known.write(options.baseline)
        output.note(f"{options.baseline}: {len(known.drivers)} drivers, {len(known.files)} files")
    elif not outcome.is_good:
        raise AlreadyTold(BuildError("the build failed"))
