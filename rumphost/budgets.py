"""``Host.budget``: has work counted while it is done. See :mod:`rumphost.tracing.budget`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .kernel.bus_space import BusSpace
from .kernel.interpose import interpose
from .tracing.budget import Budget

if TYPE_CHECKING:
    from .host import Host

_HYPERCALLS = "hypercalls"


@contextmanager
def spending(host: Host, allowed: Mapping[str, int]) -> Iterator[Budget]:
    """Count inside the ``with`` block; raises ``BudgetExceeded`` at its end.

    Nothing is added to an error that comes out of the block. Raises ``UsageError`` for what
    cannot be counted any more: a driver's DMA maps, and registers mapped into the process.
    """
    scheduler, cpu = host.kernel.scheduler, host.boundary.cpu

    def places(lid: int) -> list[int]:
        lwp = scheduler.lwps.get(lid)
        return lwp.fiber.places() if lwp is not None else []

    budget = Budget(allowed, places, lambda found: host.boundary.symbolizer.frames(list(found)))
    missed = _missed(host, budget)
    if missed:
        raise UsageError(
            f"a budget of {missed}: say host.trap({missed!r}) before the driver attaches, or use "
            "@pytest.mark.budget"
        )
    before = cpu.slow
    host.trap(*budget.traps)
    host.trace.add_sink(budget, budget.wants)
    with ExitStack() as undo:
        undo.callback(setattr, cpu, "slow", before)
        undo.callback(host.trace.remove_sink, budget)
        if _HYPERCALLS in allowed:
            undo.callback(_count_hypercalls(host, budget))
        yield budget
    budget.check()


def _missed(host: Host, budget: Budget) -> str:
    """Return what the driver does without the kernel, as it was set up: registers, dma, or ""."""
    if "registers" in budget.traps and host.kernel.service(BusSpace).has_direct:
        return "registers"
    seen = host.boundary.cpu.slow & host.boundary.interface.constants["SLOW_DMA"]
    return "dma" if "dma" in budget.traps and host.devices and not seen else ""


def _count_hypercalls(host: Host, budget: Budget) -> Callable[[], None]:
    """Have each hypercall counted; returns what ends that."""
    handlers = host.kernel.scheduler.handlers
    before = dict(handlers)

    def around(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def counting(lwp: Any, *args: Any) -> Any:
            budget.spend(_HYPERCALLS, 1, name, lwp.lid)
            return method(lwp, *args)

        return counting

    def end() -> None:
        for number, handler in during.items():
            if handlers[number] is handler:  # else somebody else stands before it, who stays
                handlers[number] = before[number]

    interpose(host.kernel, [handler.name for handler in handlers.values()], around)
    during = dict(handlers)
    return end
