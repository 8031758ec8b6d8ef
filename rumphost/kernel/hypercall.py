"""How a kernel service takes hypercalls: the decorator, and what a handler may answer.

A handler is a method named as the hypercall without its ``rumphost_`` prefix. It gets the calling
lwp and the hypercall's arguments (signed or unsigned as declared, ``const char *`` as ``str``)
and answers with

- an ``int`` (or None for void): the driver's function returns at once;
- ``PARKED``: the handler parked the lwp; whoever wakes it gives the result;
- a generator, for what takes several steps. It yields ``Upcall`` to call a C function on the same
  lwp and is sent its result, or ``PARKED`` after parking the lwp and is sent the wake's result.
  What it returns goes to the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class _Parked:
    def __repr__(self) -> str:
        return "PARKED"


PARKED: Final = _Parked()


@dataclass(frozen=True)
class Upcall:
    """Call the C function at ``entry`` on the lwp's own stack, with at most six arguments."""

    entry: int
    args: tuple[int, ...] = ()


Steps = Generator["Upcall | _Parked", int, int | None]
Answer = int | None | _Parked | Steps


def hypercall(method: F) -> F:
    """Mark a method as the handler of the hypercall of its name."""
    method.__rumphost_hypercall__ = True  # type: ignore[attr-defined]
    return method


def handlers_of(service: object) -> Iterator[tuple[str, Callable[..., Answer]]]:
    """Yield the name and bound method of each handler of a service."""
    for name in _names_of(type(service)):
        yield name, getattr(service, name)


_handlers: dict[type, tuple[str, ...]] = {}


def _names_of(kind: type) -> tuple[str, ...]:
    if kind not in _handlers:  # it takes its time, and a process may have many hosts in turn
        _handlers[kind] = tuple(
            name
            for name in dir(kind)
            if getattr(getattr(kind, name), "__rumphost_hypercall__", False)
        )
    return _handlers[kind]
