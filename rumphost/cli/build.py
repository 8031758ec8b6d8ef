"""``rumphost build``: compile and link drivers, without running them."""

from __future__ import annotations

from pathlib import Path

import click

from rumphost.build import Builder

from .options import optimise, output_format, sys_tree
from .output import Output


@click.command()
@click.argument("drivers", nargs=-1, required=True)
@sys_tree
@optimise
@output_format
def build(
    drivers: tuple[str, ...], sys_tree: Path | None, optimise: str, format_: str, quiet: bool
) -> None:
    """Build DRIVERS: names that `rumphost list` shows, or C files of your own."""
    output = Output(json=format_ == "json", quiet=quiet)
    for driver in drivers:
        with output.progress() as progress:
            built = Builder(sys_tree, optimise=optimise, progress=progress).build([driver])
        for warning in built.warnings:
            output.note(str(warning), "yellow")
        output.fact(
            f"{driver}: {built.path} ({len(built.sources)} files, {built.seconds:.1f} s)",
            "built",
            driver=driver,
            path=str(built.path),
            sources=[str(source) for source in built.sources],
            warnings=[str(warning) for warning in built.warnings],
            seconds=built.seconds,
        )
