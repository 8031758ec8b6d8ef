"""Stands between drivers and the handlers of hypercalls: for faults, and for who counts calls.

Nothing stands there until ``interpose`` is called, so that whoever does not need it pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from .hypercall import Answer

if TYPE_CHECKING:
    from .kernel import Kernel

Method = Callable[..., Answer]
Around = Callable[[str, Method], Method]
"""Given a hypercall's name and handler, returns what is called instead, with the same arguments."""


def interpose(kernel: Kernel, names: Iterable[str], around: Around) -> None:
    """Put ``around`` between drivers and the handlers of the hypercalls ``names``, for good."""
    wanted = set(names)
    handlers = kernel.scheduler.handlers
    for number, handler in list(handlers.items()):
        if handler.name in wanted:
            wanted.remove(handler.name)
            handlers[number] = replace(handler, method=around(handler.name, handler.method))
    assert not wanted, f"no such hypercall: {wanted}"
