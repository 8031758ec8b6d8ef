"""``rumphost bind`` and ``unbind``: give PCI functions of this computer to rumphost, and back."""

from __future__ import annotations

import contextlib
import signal

import click

from rumphost.errors import HostLacks
from rumphost.machine import sysfs

from .options import output_format
from .output import Output


@click.command()
@click.argument("functions", nargs=-1, required=True, metavar="ADDRESS...")
@click.option(
    "--driver",
    type=click.Choice(["rumphost", "vfio-pci"]),
    default="rumphost",
    show_default=True,
    help="For kmod: machines, or for vfio: machines.",
)
@click.option("--until-exit", is_flag=True, help="Wait for Ctrl-C, then give them back.")
@output_format
def bind(
    functions: tuple[str, ...], driver: str, until_exit: bool, format_: str, quiet: bool
) -> None:
    """Take PCI functions (0000:00:03.0) from their kernel drivers, for rumphost to use.

    The driver is chosen by driver_override, so no other function of that kind is touched.
    """
    output = Output(json=format_ == "json", quiet=quiet)
    found = [sysfs.parse(text)[0] for text in functions]
    with contextlib.ExitStack() as undo:
        for function in found:
            before = function.driver
            if until_exit:
                undo.enter_context(sysfs.bound(function, driver))
            else:
                sysfs.bind(function, driver)
            output.fact(
                f"{function.name}: {driver}" + (f" (before: {before})" if before else ""),
                "bound",
                function=function.name,
                driver=driver,
                before=before,
            )
        if until_exit:
            _wait()


@click.command()
@click.argument("functions", nargs=-1, required=True, metavar="ADDRESS...")
@output_format
def unbind(functions: tuple[str, ...], format_: str, quiet: bool) -> None:
    """Give PCI functions back to the kernel, which chooses a driver for them."""
    output = Output(json=format_ == "json", quiet=quiet)
    for function in [sysfs.parse(text)[0] for text in functions]:
        sysfs.unbind(function)
        driver = function.driver
        output.fact(
            f"{function.name}: {driver or 'no driver'}",
            "unbound",
            function=function.name,
            driver=driver,
        )


def _wait() -> None:
    """Return at Ctrl-C or SIGTERM."""
    ending = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        signal.sigwait(ending)
    except OSError as error:
        raise HostLacks(f"cannot wait for signals: {error.strerror}") from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
