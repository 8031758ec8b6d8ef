"""The option that says what goes wrong, and how a fault is told of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from rumphost.errors import UsageError
from rumphost.faults import Fault
from rumphost.kernel.faults import Injection

from .output import Output

_SHOWN = 5


class FaultText(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A fault in the language of ``rumphost/faults.py``."""

    name = "fault"

    def convert(self, value: Any, param: Any, ctx: Any) -> Fault:
        try:
            return value if isinstance(value, Fault) else Fault.parse(str(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)


def faulting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--fault``; its values come as ``faults``."""
    return click.option(
        "--fault",
        "faults",
        type=FaultText(),
        multiple=True,
        help="What goes wrong: alloc:3, dma_load:every=2, interrupt:late=10ms, register:ones,"
        "from=100, alloc:p=0.05 …; repeatable.",
    )(command)


class FaultLog:
    """Prints the faults that were put in: of each that was asked for the first few, and a sum."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._counts: dict[Fault, int] = {}

    def tell(self, injection: Injection) -> None:
        """A fault was put in."""
        count = self._counts[injection.fault] = self._counts.get(injection.fault, 0) + 1
        if count > _SHOWN and not self._output.json:
            return
        self._output.fact(
            f"fault {injection.fault}: {injection}",
            "fault",
            fault=str(injection.fault),
            what=injection.what,
            number=injection.number,
            device=injection.device,
            time_ns=injection.time_ns,
            backtrace=[str(frame) for frame in injection.frames],
        )

    def finish(self) -> None:
        """The run is over."""
        for fault, count in self._counts.items():
            if count > _SHOWN:
                self._output.fact(
                    f"fault {fault}: {count} times", "faults", fault=str(fault), count=count
                )
