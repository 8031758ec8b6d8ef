"""``classes.tap``: a TAP interface of Linux over a driver."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from fake_wire import FakeIfnet

from rumphost.classes import tap
from rumphost.classes.ifnet import Interface
from rumphost.classes.network import Network
from rumphost.classes.tap import TapInterface
from rumphost.errors import HostLacks, UsageError

needs_tap = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(tap.DEVICE, os.R_OK | os.W_OK),
    reason="a TAP interface takes root and /dev/net/tun",
)
ETH_P = 0x88B5


@pytest.fixture
def namespace() -> Iterator[str]:
    """A network namespace of our own, so that nothing of this computer is touched."""
    name = f"rumphost-test-{os.getpid()}"
    try:
        subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("ip netns add does not work here")
    yield name
    subprocess.run(["ip", "netns", "delete", name], check=True)


@needs_tap
async def test_frames_go_both_ways(
    interface: Interface, wire: FakeIfnet, namespace: str, nursery: trio.Nursery
) -> None:
    linux = TapInterface(interface, "rhtest0", netns=namespace)
    await nursery.start(linux.serve)
    with tap._in_namespace(namespace):
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P))
    with end:
        end.bind(("rhtest0", ETH_P))
        address = Path("/sys/class/net")  # of another namespace: ask the socket instead
        assert end.getsockname()[4] == wire.address, address
        sent = b"\xff" * 6 + wire.address + b"\x88\xb5" + b"out".ljust(46, b"\0")
        end.send(sent)
        with trio.fail_after(5):
            while sent not in wire.sent:
                await trio.lowlevel.checkpoint()
        got = wire.address + b"\x02" * 6 + b"\x88\xb5" + b"in".ljust(46, b"\0")
        wire.deliver(got)
        assert await trio.to_thread.run_sync(end.recv, 2000) == got
    assert linux.received == 1
    nursery.cancel_scope.cancel()


@needs_tap
async def test_ping_of_linux_goes_through(
    interface: Interface, wire: FakeIfnet, namespace: str, nursery: trio.Nursery
) -> None:
    Network().plug(wire)
    linux = TapInterface(interface, "rhtest0", netns=namespace, ipv4="10.0.2.99/24")
    await nursery.start(linux.serve)
    command = ["ip", "netns", "exec", namespace, "ping", "-c", "2", "-i", "0.2", "10.0.2.2"]
    with trio.fail_after(10):
        done = await trio.run_process(command, capture_stdout=True, check=False)
    assert b"2 received" in done.stdout, done.stdout
    nursery.cancel_scope.cancel()


@needs_tap
def test_a_name_in_use_is_told(interface: Interface, namespace: str) -> None:
    first = TapInterface(interface, "rhtest0", netns=namespace)
    with pytest.raises(HostLacks, match=r"rhtest0: .*in use"):
        TapInterface(interface, "rhtest0", netns=namespace)
    first.close()


def test_an_unknown_namespace_is_told(interface: Interface) -> None:
    with pytest.raises(HostLacks, match="no network namespace nosuch"):
        TapInterface(interface, netns="nosuch")


def test_without_the_device(interface: Interface, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap, "DEVICE", "/dev/nosuch")
    with pytest.raises(HostLacks, match="modprobe tun"):
        TapInterface(interface)


def test_a_long_name_is_refused(interface: Interface) -> None:
    with pytest.raises(UsageError, match="too long"):
        TapInterface(interface, "a-very-long-interface-name")
