"""``rumphost fault`` and ``rumphost explore``: what a driver does when something goes wrong."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rumphost.build import Builder
from rumphost.checks import Checks
from rumphost.errors import DriverError, RumphostError, UsageError
from rumphost.faults import Fault
from rumphost.host import run as run_main
from rumphost.machines import clock_of
from rumphost.trials import (
    ACTIONS,
    CLASSES,
    Case,
    Discovery,
    Outcome,
    Setup,
    Step,
    Trouble,
    load_scenario,
    repeat,
    sweep,
)
from rumphost.trials import (
    explore as explore_points,
)

from .checking import checking
from .faulting import FaultText
from .options import EXISTING_DIRECTORY, optimise, output_format, sys_tree
from .output import AlreadyTold, Output


class ScheduleStep(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """``POINT=ACTION``."""

    name = "point=action"

    def convert(self, value: Any, param: Any, ctx: Any) -> Step:
        try:
            return value if isinstance(value, Step) else Step.parse(str(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what both commands take."""
    for option in (
        output_format,
        optimise,
        checking,
        click.option("--firmware", type=EXISTING_DIRECTORY, multiple=True,
                     help="Look for firmware there first."),
        click.option("--seed", type=int, help="Shake the schedule, alike in every trial."),
        click.option("--scenario", default="use", show_default=True, metavar="SCENARIO",
                     help="attach, use (bring up, DHCP, ping, down), or FILE.py:FUNCTION."),
        sys_tree,
        click.option("-m", "--machine", default="sim:", show_default=True,
                     help="sim:MODEL,… or qemu:DEVICE,…"),
        click.argument("drivers", nargs=-1, required=True),
    ):  # fmt: skip
        command = option(command)
    return command


def _setup(
    output: Output,
    drivers: tuple[str, ...],
    machine: str,
    scenario: str,
    sys_tree: Path | None,
    optimise: str,
    **rest: Any,
) -> Setup:
    if machine.partition(":")[0] not in ("sim", "qemu"):
        raise UsageError(f"-m {machine}: each trial needs a new machine: use sim: or qemu:")
    use = load_scenario(scenario)
    with output.progress() as progress:
        builder = Builder(sys_tree, optimise=optimise, progress=progress)
        built = builder.build(drivers)
    return Setup(built, machine, use, builder, **rest)


@click.command()
@_common
@click.option("--what", type=FaultText(), multiple=True, default=("any",), show_default=True,
              help="What fails: alloc, dma, interrupt:lost, alloc:3 …; repeatable.")  # fmt: skip
@click.option("--quick", is_flag=True, help="Of those at one place the first two and the last.")
def fault(
    drivers: tuple[str, ...],
    machine: str,
    sys_tree: Path | None,
    scenario: str,
    seed: int | None,
    firmware: tuple[Path, ...],
    checks: Checks,
    optimise: str,
    format_: str,
    quiet: bool,
    what: tuple[Fault, ...],
    quick: bool,
) -> None:
    """Let each thing that DRIVERS may be refused fail once, each in a run of its own.

    A run without faults counts the allocations, DMA maps, interrupts and so on that are asked for;
    then one run follows for each. A driver that crashes, hangs, leaves something behind or no
    longer works afterwards is at fault; one that gives up in good order is not.
    """
    output = Output(json=format_ == "json", quiet=quiet)
    setup = _setup(
        output, drivers, machine, scenario, sys_tree, optimise,
        seed=seed, firmware=firmware, checks=checks,
    )  # fmt: skip
    failures: list[Trouble] = []
    for one in what:
        with output.progress() as progress:
            report = run_main(
                functools.partial(
                    sweep, setup, str(one), quick=quick, progress=progress,
                    on_case=functools.partial(_tell_case, output),
                ),
                clock="virtual" if clock_of(machine) == "virtual" else "real",
            )  # fmt: skip
        _tell_complaint(output, report.clean)
        did = ", ".join(f"{count} {word}" for word, count in report.outcomes.items())
        output.fact(
            f"{one}: {len(report.cases)} of {report.points} tried in {report.seconds:.1f} s: "
            f"{did or 'nothing to refuse'}",
            "sweep", what=str(one), points=report.points, tried=len(report.cases),
            outcomes=report.outcomes, seconds=report.seconds,
        )  # fmt: skip
        for trouble, cases in report.troubles.items():
            numbers = " ".join(f"--what {case.fault}" for case in cases[:3])
            _tell(output, trouble, numbers)
            failures.append(trouble)
        for trouble in report.clean.troubles:
            _tell(output, trouble, "no fault at all")
            failures.append(trouble)
    _end(failures)


@click.command()
@_common
@click.option("--action", "actions", type=click.Choice(ACTIONS), multiple=True, default=ACTIONS,
              help="What is put in; repeatable.  [default: all]")  # fmt: skip
@click.option("--points", "classes", type=click.Choice(tuple(CLASSES)), multiple=True,
              default=tuple(CLASSES), help="Where; repeatable.  [default: all]")  # fmt: skip
@click.option("--every", type=click.IntRange(1), help="At each N-th point, instead of --runs.")
@click.option("--runs", type=click.IntRange(1), default=100, show_default=True,
              help="How many trials, about, for each action.")  # fmt: skip
@click.option("--together", type=click.IntRange(0), default=0, metavar="N",
              help="Then as many trials of N steps each, by --draw.")  # fmt: skip
@click.option("--draw", type=int, default=0, show_default=True, help="The seed of --together.")
@click.option("--at", "schedule", type=ScheduleStep(), multiple=True,
              help="Repeat this schedule, and no other; repeatable.")  # fmt: skip
def explore(
    drivers: tuple[str, ...],
    machine: str,
    sys_tree: Path | None,
    scenario: str,
    seed: int | None,
    firmware: tuple[Path, ...],
    checks: Checks,
    optimise: str,
    format_: str,
    quiet: bool,
    actions: tuple[str, ...],
    classes: tuple[str, ...],
    every: int | None,
    runs: int,
    together: int,
    draw: int,
    schedule: tuple[Step, ...],
) -> None:
    """Put interrupts, timeouts, a detach or an unplug into the midst of what DRIVERS do.

    Each is put in at point after point: accesses to registers, operations on locks, sleeps. What
    fails is shrunk to the shortest schedule, which --at repeats.
    """
    if clock_of(machine) != "virtual":
        raise UsageError(f"-m {machine}: no two runs on the real clock are alike: use sim:")
    output = Output(json=format_ == "json", quiet=quiet)
    setup = _setup(
        output, drivers, machine, scenario, sys_tree, optimise,
        seed=seed, firmware=firmware, checks=checks,
    )  # fmt: skip
    if schedule:
        _repeat(output, setup, schedule, classes)
        return
    with output.progress() as progress:
        result = run_main(
            lambda: explore_points(
                setup, actions=actions, classes=classes, every=every or 0, runs=runs,
                together=together, seed=draw, progress=progress,
                on_discovery=functools.partial(_tell_discovery, output),
            )
        )  # fmt: skip
    _tell_complaint(output, result.clean)
    output.fact(
        f"{result.points} points, {result.trials} trials in {result.seconds:.1f} s: "
        f"{len(result.discoveries) or 'nothing'} found",
        "exploration", points=result.points, trials=result.trials, seconds=result.seconds,
        found=len(result.discoveries),
    )  # fmt: skip
    _end([found.trouble for found in result.discoveries])


def _repeat(
    output: Output, setup: Setup, schedule: tuple[Step, ...], classes: tuple[str, ...]
) -> None:
    outcome, steps = run_main(lambda: repeat(setup, schedule, classes))
    for line in outcome.said:
        output.note(line)
    for step in steps:
        output.fact(step, "step", step=step)
    if not steps and not outcome.troubles:
        raise UsageError("--at: the scenario came to none of these points")
    if len(steps) < len(schedule):
        output.note("not every step came to something: nothing to interrupt, expire or detach")
    for trouble in outcome.troubles:
        _tell(output, trouble, "")
    if not outcome.troubles:
        output.fact("nothing wrong", "repeated", troubles=0)
    _end(outcome.troubles)


def _tell_complaint(output: Output, clean: Outcome) -> None:
    """Without faults the scenario fails already: whether it does with them says nothing."""
    if clean.complaint:
        output.note(f"the scenario fails without any fault: {clean.complaint}", "yellow")


def _tell_case(output: Output, case: Case) -> None:
    says = case.said[-1] if case.said else case.complaint
    where = f" in {case.place}" if case.place else ""
    output.fact(
        f"{case.fault}: {case.what}{where}: {case.did}" + (says and f": {says}"),
        "case", fault=str(case.fault), what=case.what, place=case.place, did=case.did,
        said=list(case.said), complaint=case.complaint,
        troubles=[str(trouble) for trouble in case.troubles],
    )  # fmt: skip


def _tell(output: Output, trouble: Trouble, how: str) -> None:
    repeats = f"; repeat with {how}" if how else ""
    output.fact(
        f"{trouble}{repeats}", "trouble", kind=trouble.kind, device=trouble.device,
        message=trouble.message, place=str(trouble.place or ""), repeat=how,
        backtrace=[str(frame) for frame in trouble.frames],
    )  # fmt: skip


def _tell_discovery(output: Output, found: Discovery) -> None:
    _tell(output, found.trouble, " ".join(f"--at {step}" for step in found.schedule))
    for step in found.steps:
        output.fact(f"  {step}", "step", step=step)


def _end(troubles: list[Trouble]) -> None:
    if troubles:
        first = troubles[0]
        error: RumphostError = DriverError(first.message, first.frames, driver=first.device)
        raise AlreadyTold(error)
