"""``rumphost coverage``: the kernel functions there are, and those that are worth most."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from rumphost.build import Builder
from rumphost.build.coverage import Worth, by_page, by_symbol, implemented, plan
from rumphost.build.report import Report, merge
from rumphost.build.survey import Survey
from rumphost.errors import UsageError

from .options import optimise, output_format, sys_tree
from .output import Output

_SHOWN = 8


@click.command()
@click.argument(
    "reports", nargs=-1, type=click.Path(path_type=Path, dir_okay=False), metavar="[REPORT]..."
)
@click.option("--bus", default="pci", show_default=True, help="Of the drivers of which bus.")
@click.option(
    "--by",
    type=click.Choice(["symbol", "page", "plan"]),
    default="symbol",
    show_default=True,
    help="A line a symbol, a line a manual page, or pages in an order to implement them in.",
)
@click.option("--implemented", "shows_implemented", is_flag=True, help="List what there is.")
@sys_tree
@optimise
@output_format
def coverage(
    reports: tuple[Path, ...],
    bus: str,
    by: str,
    shows_implemented: bool,
    sys_tree: Path | None,
    optimise: str,
    format_: str,
    quiet: bool,
) -> None:
    """Show which kernel functions are missing, those first that let most drivers link.

    The drivers of a tree are built for that, or REPORTs of `rumphost build --report` are read.
    """
    output = Output(json=format_ == "json", quiet=quiet)
    builder = Builder(sys_tree, optimise=optimise)
    if shows_implemented:
        _show_implemented(output, builder)
        return
    if reports:
        report = merge([Report.read(path) for path in reports])
    elif sys_tree is None:
        raise UsageError("coverage is of a tree's drivers: say --sys DIR, or name reports")
    else:
        with output.progress() as progress:
            report = Survey(builder, progress=progress).of_bus(bus)
    if by == "plan":
        _show_plan(output, report)
    else:
        _show_worth(output, by_page(report) if by == "page" else by_symbol(report), by)
    output.note(report.summary()[0])


def _show_implemented(output: Output, builder: Builder) -> None:
    found = implemented(builder)
    output.rows("function", ("page", "function"), found)
    pages = Counter(page for page, _ in found)
    output.note(f"{len(found)} functions of {len(pages)} manual pages")


def _show_worth(output: Output, worths: list[Worth], by: str) -> None:
    if output.json:
        for one in worths:
            output.fact("", "worth", by=by, **asdict(one))
        return
    rows = []
    for one in worths:
        what = one.page if by == "symbol" else _some(one.symbols)
        rows.append((one.name, what, len(one.unlocks), len(one.needed_by), _some(one.unlocks)))
    second = "page" if by == "symbol" else "symbols"
    output.rows("worth", (by, second, "would link", "need it", "which"), rows)


def _show_plan(output: Output, report: Report) -> None:
    if output.json:
        for step in plan(report):
            output.fact("", "step", **asdict(step))
        return
    linked = report.count("linked")
    rows = []
    for step in plan(report):
        linked += len(step.links)
        rows.append((step.page, _some(step.symbols), linked, _some(step.links)))
    output.rows("step", ("page", "symbols", "linked then", "new"), rows)


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return " ".join(names[:_SHOWN]) + more
