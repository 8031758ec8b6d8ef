"""What tracing costs: off, beside kernel code without it, and on, by the event in a file."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import sessions
from bench_machine import BenchFunction
from figures import Sample

from rumphost.kernel.bus_space import BusSpace
from rumphost.kernel.scheduler import Scheduler
from rumphost.trace import Trace
from rumphost.tracing import Filter, TraceWriter

CLASSES = (BusSpace, Scheduler)


class Untraced(ast.NodeTransformer):
    """Takes out ``if self._trace.on:`` with what depends on it."""

    def __init__(self) -> None:
        self.found = 0

    def visit_If(self, node: ast.If) -> ast.AST | None:
        self.generic_visit(node)
        if ast.unparse(node.test) != "self._trace.on":
            return node
        self.found += 1
        return None


@contextmanager
def without_tracing() -> Iterator[None]:
    """Let the classes be as if nobody had thought of tracing."""
    changed = []
    for kind in CLASSES:
        for name, method in list(vars(kind).items()):
            if not inspect.isfunction(method):
                continue
            tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
            untraced = Untraced()
            tree = ast.fix_missing_locations(untraced.visit(tree))
            if not untraced.found:
                continue
            space: dict[str, object] = {}
            code = compile(tree, method.__code__.co_filename, "exec")
            exec(code, vars(sys.modules[kind.__module__]), space)
            changed.append((kind, name, method))
            setattr(kind, name, space[name])
    assert len(changed) >= 10
    try:
        yield
    finally:
        for kind, name, method in changed:
            setattr(kind, name, method)


def untraced_loop(driver: str, count: int) -> float:
    with without_tracing():
        return sessions.loop(driver, "regread", count, BenchFunction())


def test_tracing_off(compare, lockbench):
    count = compare.turns(200_000, 500)
    compare(
        "hypercall that could be traced, and is not",
        lambda: Sample(
            sessions.loop(lockbench, "regread", count, BenchFunction()),
            untraced_loop(lockbench, count),
        ),
        baseline="without tracing",
        at_most=1.03,
    )


LWP = SimpleNamespace(lid=3, name="autoconf", owner=SimpleNamespace(xname="iex0"))


def emit(trace: Trace, count: int) -> None:
    """Emit what a driver's attachment is mostly made of."""
    for number in range(count // 4):
        trace.emit("bus_space.write", LWP, region="00:03.0 BAR0", offset=0x14,
                   register="EERD.START|ADDR=0x12", width=4, value=number)  # fmt: skip
        trace.emit("bus_space.read", LWP, region="00:03.0 BAR0", offset=0x14,
                   register="EERD.DONE|ADDR=0x12", width=4, value=number)  # fmt: skip
        trace.emit("delay.delay", LWP, microseconds=5)
        trace.emit("lwp.run", LWP)


def traced(path: Path, count: int, filter_: Filter | None = None) -> float:
    now = iter(range(0, 1000 * count, 1000))
    trace = Trace(now.__next__)
    writer = TraceWriter.open(path, filter_=filter_)
    writer.attach(trace)
    start = time.process_time()
    emit(trace, count)
    writer.close()
    return (time.process_time() - start) / count


def written(path: Path, count: int) -> float:
    line = f"{'x' * 80}\n"
    start = time.process_time()
    with path.open("w") as file:
        for _ in range(count):
            file.write(line)
    return (time.process_time() - start) / count


@pytest.mark.parametrize(
    ("suffix", "below"), [(".txt", 1 / 300_000), (".jsonl", None), (".json", None)]
)
def test_tracing_into_a_file(compare, tmp_path, suffix, below):
    count = compare.turns(400_000, 400)
    path = tmp_path / f"trace{suffix}"
    compare(
        f"an event into a {suffix} file",
        lambda: Sample(traced(path, count), written(path, count)),
        baseline="writing a line",
        below=below,
    )


def test_an_event_that_nobody_wants(compare, tmp_path):
    count = compare.turns(400_000, 400)
    path = tmp_path / "trace"
    compare(
        "an event that the filter drops by its name",
        lambda: Sample(traced(path, count, Filter(["callout"])), written(path, count)),
        baseline="writing a line",
    )
