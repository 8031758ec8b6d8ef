"""What the end-to-end tests share: Linux's network stack in a namespace, over a driver."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence

import pytest
from linux_side import RUN, DriverRun, Namespace


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "namespace" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("namespace"))


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """A network namespace, which takes root."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces and TAP interfaces take root")
    for needed in ("/dev/net/tun", "/proc/self/ns/net"):
        if not os.path.exists(needed):
            pytest.skip(f"this kernel has no {needed}")
    for command in ("ip", "ping", "iperf3", "tshark"):
        if shutil.which(command) is None:
            pytest.skip(f"{command} is not installed")
    try:
        made = Namespace()
    except OSError as error:
        pytest.skip(f"no network namespaces here: {error}")
    yield made
    made.close()


@pytest.fixture
def start(namespace: Namespace, request: pytest.FixtureRequest) -> Callable[..., DriverRun]:
    """Start the 8254x driver on a machine, with a TAP interface in the namespace."""

    def start(machine: str, *options: object) -> DriverRun:
        if machine.startswith("qemu") and shutil.which("qemu-system-x86_64") is None:
            pytest.skip("qemu-system-x86_64 is not installed")
        run = DriverRun(namespace, machine, *map(str, options))
        request.addfinalizer(run.close)
        run.wait_until("tap")
        return run

    return start


@pytest.fixture
def rumphost_run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the 8254x driver to the end; ``before`` is put in front of the command."""

    def run(*options: object, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*before, *RUN, *map(str, options)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run
