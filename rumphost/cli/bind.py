"""``rumphost bind`` and ``unbind``: give PCI functions of this computer to rumphost, and back."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import click

from rumphost.errors import MachineError
from rumphost.machine import sysfs
from rumphost.machine.sysfs import SysfsFunction

from .options import output_format
from .output import Output

_ENDINGS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


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

    The driver is chosen by driver_override, so no other function of that kind is touched. Nothing
    is taken from a process that drives it. --until-exit gives back what it took when it is ended
    by Ctrl-C, SIGTERM or SIGHUP, or by an error.
    """
    output = Output(json=format_ == "json", quiet=quiet)
    found = _functions(functions)
    with _held_back() if until_exit else contextlib.nullcontext(), contextlib.ExitStack() as undo:
        for function in found:
            before = function.driver
            if before != driver:
                _check_unused(function)
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
            signal.sigwait(_ENDINGS)


@click.command()
@click.argument("functions", nargs=-1, required=True, metavar="ADDRESS...")
@output_format
def unbind(functions: tuple[str, ...], format_: str, quiet: bool) -> None:
    """Give PCI functions back to the kernel, which chooses a driver for them."""
    output = Output(json=format_ == "json", quiet=quiet)
    for function in _functions(functions):
        _check_unused(function)
        sysfs.unbind(function)
        driver = function.driver
        output.fact(
            f"{function.name}: {driver or 'no driver'}",
            "unbound",
            function=function.name,
            driver=driver,
        )


def _functions(texts: tuple[str, ...]) -> list[SysfsFunction]:
    """Return what the arguments name, each once, before anything is done to any of them."""
    found = [sysfs.plain(text) for text in dict.fromkeys(texts)]
    for function in found:
        sysfs.check_there(function)
    return list(dict.fromkeys(found))


def _check_unused(function: SysfsFunction) -> None:
    user = sysfs.user(function)
    if user:
        raise MachineError(f"{function.name} is in use by {user}: end that first")


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Have signals that end this process wait, so that none comes between taking and undoing."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
