"""``rumphost list``: what there is to run, and to run it on."""

from __future__ import annotations

from pathlib import Path

import click

from rumphost.build import Builder
from rumphost.machine.qemu import list_devices
from rumphost.models import MODELS

from .options import output_format, sys_tree
from .output import Output


@click.command("list")
@click.argument("what", type=click.Choice(["drivers", "models", "devices"]), default="drivers")
@sys_tree
@output_format
def list_(what: str, sys_tree: Path | None, format_: str, quiet: bool) -> None:
    """List the drivers that can be built, the models of sim:, or the devices of qemu:."""
    output = Output(json=format_ == "json", quiet=quiet)
    if what == "drivers":
        rows = [
            (driver.name, driver.bus, [path.name for path in driver.files], driver.description)
            for driver in Builder(sys_tree).drivers()
        ]
        output.rows("driver", ("driver", "bus", "files", "what"), rows)
    elif what == "models":
        models = [
            (name, list(model.OPTIONS), (model.__doc__ or "").strip().splitlines()[0])
            for name, model in MODELS.items()
        ]
        output.rows("model", ("model", "options", "what"), models)
    else:
        output.rows("device", ("device", "what"), list_devices())
