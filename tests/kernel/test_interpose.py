"""Who stands between drivers and handlers sees each call, and the innermost was there first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rumphost.kernel.interpose import Method, interpose
from rumphost.kernel.scheduler import Handler


@pytest.fixture
def kernel() -> Any:
    """As much of a kernel as it takes: two handlers, of which the first adds."""
    handlers = {
        20: Handler("add", "ii", lambda _lwp, one, other: one + other),
        21: Handler("zero", "", lambda _lwp: 0),
    }
    return SimpleNamespace(scheduler=SimpleNamespace(handlers=handlers))


def test_calls_go_through_the_last_that_came(kernel):
    seen = []

    def around(label: str):
        def put(name: str, method: Method) -> Method:
            def call(lwp, *args):
                seen.append((label, name, args))
                return method(lwp, *args)

            return call

        return put

    interpose(kernel, ["add"], around("inner"))
    interpose(kernel, ["add", "zero"], around("outer"))
    handlers = kernel.scheduler.handlers
    assert handlers[20].method(None, 3, 4) == 7
    assert handlers[21].method(None) == 0
    assert seen == [("outer", "add", (3, 4)), ("inner", "add", (3, 4)), ("outer", "zero", ())]
    assert [one.signature for one in handlers.values()] == ["ii", ""]


def test_an_answer_instead_of_the_handler_s(kernel):
    interpose(kernel, ["add"], lambda _name, _method: lambda _lwp, *_args: 12)
    assert kernel.scheduler.handlers[20].method(None, 3, 4) == 12


def test_what_there_is_not(kernel):
    with pytest.raises(AssertionError, match="no such hypercall"):
        interpose(kernel, ["add", "nothing"], lambda _name, method: method)
