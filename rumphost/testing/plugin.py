"""The pytest plugin: a kernel, a machine and an attached driver as fixtures.

::

    @pytest.mark.driver("teach")
    @pytest.mark.machine("sim:teach")
    async def test_it_attaches(device):
        assert device.xname == "teach0"

``machine`` names one or more machines; the test runs once on each. On ``sim:`` machines the test
runs on the virtual clock: ``trio.sleep`` and every time-out take no wall time. A driver that
panicked, or that left something behind at detach, fails the test that used it; so does one that
``--strict-dma``, ``--lock-order`` or ``--guard`` finds something in, unless the test has looked at
it and cleared ``host.findings``.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import trio

from rumphost.build import Builder
from rumphost.build.instrumentation import Instrumentation
from rumphost.checks import Checks
from rumphost.errors import DriverError
from rumphost.host import Host, open_host
from rumphost.kernel.autoconf import Device
from rumphost.kernel.cpu import TrioVirtualClock
from rumphost.machines import clock_of
from rumphost.tracing.budget import Budget

from . import instruments

DEFAULT_MACHINE = "sim:"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("rumphost")
    group.addoption("--machine", action="append", help="run tests of drivers on this machine")
    group.addoption(
        "--instead",
        action="append",
        default=[],
        metavar="MACHINE=OTHER",
        help="run the tests that are for MACHINE on OTHER, and no other tests of drivers",
    )
    group.addoption("--strict-dma", action="store_true", help="check drivers' use of bus_dma(9)")
    group.addoption("--lock-order", action="store_true", help="check the order of drivers' locks")
    group.addoption("--guard", action="store_true", help="check drivers' use of memory")
    instruments.add_options(group)
    group.addoption("--driver-seed", type=int, help="shake the schedule with this seed")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "machine(*names): the machines that the test runs on")
    config.addinivalue_line("markers", "driver(name): the driver that the device fixture attaches")
    config.addinivalue_line("markers", "faults(*texts): what goes wrong, see rumphost/faults.py")
    config.addinivalue_line("markers", "seed(number): shake the schedule with this seed")
    config.addinivalue_line("markers", "checks(*names): the checks to run with: dma, locks, guard")
    config.addinivalue_line(
        "markers", "budget(register_writes=…, interrupts=…): how much the test itself may use"
    )
    instruments.configure(config)
    config.addinivalue_line("markers", "watchdog(seconds): how long an lwp may compute in one go")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "machine" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("machine")
    names = metafunc.config.getoption("--machine") or (marker.args if marker else None)
    names = list(names or [DEFAULT_MACHINE])
    replaced = [word.partition("=")[::2] for word in metafunc.config.getoption("--instead")]
    if replaced:
        names = [other for machine, other in replaced if machine in names]
    metafunc.parametrize("machine", names, indirect=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _deselect(config, items)
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and "machine" in callspec.params:
            virtual = clock_of(callspec.params["machine"]) == "virtual"
            run = functools.partial(_run, virtual=virtual)
            item.add_marker(pytest.mark.trio(run=run), append=False)


def _deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--instead``: leave out the tests that are for no machine of which there is another."""
    if not config.getoption("--instead"):
        return
    without = [
        item
        for item in items
        if (callspec := getattr(item, "callspec", None)) is not None
        and not isinstance(callspec.params.get("machine", ""), str)
    ]
    config.hook.pytest_deselected(items=without)
    items[:] = [item for item in items if item not in without]


def _run(
    test: Callable[[], Awaitable[Any]], *, virtual: bool, clock: Any = None, instruments: Any = ()
) -> Any:
    if clock is None and virtual:
        clock = TrioVirtualClock()
    return trio.run(test, clock=clock, instruments=instruments)


def _mark(request: pytest.FixtureRequest, name: str) -> Any:
    """Return the first argument of the closest marker of that name, or None."""
    marker = request.node.get_closest_marker(name)
    return marker.args[0] if marker is not None and marker.args else None


def _checks(request: pytest.FixtureRequest) -> Checks:
    """Return the checks that the command line or the test asks for."""
    marker = request.node.get_closest_marker("checks")
    return _chosen_checks(request.config) | Checks.of(marker.args if marker else ())


def _chosen_checks(config: pytest.Config) -> Checks:
    """Return the checks that the command line asks for."""
    options = {"dma": "--strict-dma", "locks": "--lock-order", "guard": "--guard"}
    return Checks.of(name for name, option in options.items() if config.getoption(option))


@pytest.fixture
def machine(request: pytest.FixtureRequest) -> str:
    """Name of the machine that this test runs on."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def instrumentation(pytestconfig: pytest.Config) -> Instrumentation:
    """What ``--sanitize`` and ``--driver-coverage`` put into drivers; for a builder of your own."""
    return instruments.chosen(pytestconfig)


@pytest.fixture(scope="session")
def builder(instrumentation: Instrumentation) -> Builder:
    """Builds the drivers; override it for a NetBSD tree or files of your own."""
    return Builder(instrumentation=instrumentation)


@pytest.fixture
async def host(
    machine: str, builder: Builder, request: pytest.FixtureRequest
) -> AsyncIterator[Host]:
    """A host on ``machine``; what its drivers broke fails the test."""
    seed = _mark(request, "seed")
    if seed is None:
        seed = request.config.getoption("--driver-seed")
    watchdog_s = _mark(request, "watchdog") or 5.0
    faults = request.node.get_closest_marker("faults")
    async with open_host(
        machine,
        seed=seed,
        builder=instruments.instrumented(builder, request),
        watchdog_s=watchdog_s,
        checks=_checks(request),
        coverage=request.config.getoption("--driver-coverage"),
        faults=faults.args if faults is not None else (),
    ) as host:
        if "budget" in request.fixturenames or request.node.get_closest_marker("budget"):
            host.trap("registers", "dma")
        with _marked_budget(host, request, of_device=False):
            yield host
        await host.detach_all()
        if host.panics:
            raise host.panics[0]
        if host.findings and _chosen_checks(request.config) != Checks():
            raise DriverError("\n".join(map(str, host.findings)))
        instruments.raise_first(host.sanitizer_findings)


@pytest.fixture
async def device(host: Host, request: pytest.FixtureRequest) -> AsyncIterator[Device]:
    """The first device that the driver of ``@pytest.mark.driver(name)`` attaches to."""
    driver = _mark(request, "driver")
    if driver is None:
        pytest.fail("the device fixture needs @pytest.mark.driver(name)")
    device = (await host.attach(driver))[0]
    with _marked_budget(host, request, of_device=True):
        yield device
    if device in host.devices:
        await host.detach(device)


@pytest.fixture
def budget(host: Host) -> Callable[..., AbstractContextManager[Budget]]:
    """Makes budgets: ``with budget(register_writes=4, interrupts=1): ...``."""
    return host.budget


def _marked_budget(
    host: Host, request: pytest.FixtureRequest, *, of_device: bool
) -> AbstractContextManager[object]:
    """Return what counts the test itself, without attach and detach, if it is marked so."""
    marker = request.node.get_closest_marker("budget")
    if marker is None or ("device" in request.fixturenames) != of_device:
        return nullcontext()
    return host.budget(**marker.kwargs)
