"""Linux's own network stack on the 8254x driver: ping, iperf3, and captures for tshark."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest
from linux_side import TAP, DriverRun, iperf_server

MACHINES = ["sim:i82540em", "qemu:e1000"]
GATEWAY = "10.0.2.2"
ADDRESS = "52:54:00:12:34:56"
LEAST_MBITS = 20
"""Far below what any computer does here; a stalled ring gives less."""


def ended_well(run: DriverRun) -> None:
    assert run.one("tap_counters")["dropped"] == 0
    assert run.one("counters")["ierrors"] == run.one("counters")["oerrors"] == 0
    assert run.one("detached")["leaks"] == []
    assert not [record for record in run.records if record["event"] == "error"]


@pytest.mark.parametrize("on", MACHINES)
def test_linux_pings_through_the_driver(start, namespace, on):
    run = start(on)
    (link,) = json.loads(namespace.run("ip", "-j", "addr", "show", TAP))
    assert link["address"] == ADDRESS
    assert link["mtu"] == 1500
    assert {"UP", "LOWER_UP"} <= set(link["flags"])
    said = namespace.run("ping", "-c", "5", "-i", "0.05", "-W", "5", GATEWAY)
    assert "5 packets transmitted, 5 received, 0% packet loss" in said
    large = namespace.run("ping", "-c", "2", "-i", "0.05", "-W", "5", "-s", "1472", GATEWAY)
    assert "2 received, 0% packet loss" in large
    assert run.stop() == 130
    ended_well(run)
    assert TAP not in namespace.interfaces()
    sent = run.one("tap_counters")["sent"]
    assert run.one("counters")["opackets"] == sent >= 8


def test_a_time_instead_of_ctrl_c(start, namespace):
    run = start("sim:i82540em", "--stay", "0.5")
    assert run.finish() == 0
    ended_well(run)
    assert TAP not in namespace.interfaces()


def test_sigterm_ends_it_as_well(start):
    run = start("sim:i82540em")
    assert run.stop(signal.SIGTERM) == 143
    ended_well(run)


@pytest.mark.parametrize("direction", ["to the network", "from the network"])
def test_iperf3_through_qemu(start, namespace, direction):
    """TCP at full speed, and not a segment lost inside."""
    run = start("qemu:e1000")
    backwards = ["-R"] if direction == "from the network" else []
    with iperf_server() as port:
        said = namespace.run("iperf3", "-c", GATEWAY, "-p", str(port), "-t", "2", "-J", *backwards)
    received = json.loads(said)["end"]["sum_received"]
    print(f"iperf3 {direction}: {received['bits_per_second'] / 1e6:.0f} Mbit/s")
    assert received["bits_per_second"] > LEAST_MBITS * 1e6
    assert run.stop() == 130
    ended_well(run)


def tshark(path: Path, *fields: str, show: str = "") -> list[list[str]]:
    chosen = [word for field in fields for word in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=|", "-Y", show, *chosen],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return [line.split("|") for line in done.stdout.splitlines()]


@pytest.mark.parametrize("on", MACHINES)
def test_tshark_opens_the_capture_of_linux_traffic(start, namespace, tmp_path, on):
    path = tmp_path / "frames.pcapng"
    run = start(on, "--pcap", path)
    # QEMU's e1000 receives nothing in the first second after its filter was set.
    namespace.run("ping", "-c", "1", "-W", "5", GATEWAY)
    namespace.run("ping", "-c", "3", "-i", "0.1", "-W", "5", GATEWAY)
    assert run.stop() == 130
    ended_well(run)
    fields = ("icmp.type", "icmp.seq", "frame.packet_flags_direction", "frame.time_relative")
    pings = tshark(path, *fields, show="icmp")[2:]
    order = [(kind, int(sequence)) for kind, sequence, *_ in pings]
    assert order == [(kind, n) for n in (1, 2, 3) for kind in ("8", "0")]
    # 1 is inbound, 2 outbound.
    assert [int(direction, 0) for _, _, direction, _ in pings] == [2, 1] * 3
    times = [float(time) for *_, time in pings]
    assert times == sorted(times)
    assert 0.19 < times[4] - times[0] < 2
    assert tshark(path, "arp.opcode", show="arp")[:2] == [["1"], ["2"]]


def test_tshark_opens_the_capture_of_a_dhcp_exchange(rumphost_run, tmp_path):
    path = tmp_path / "frames.pcapng"
    assert rumphost_run("-m", "sim:i82540em", "--pcap", path).returncode == 0
    kinds = tshark(path, "dhcp.option.dhcp", "frame.packet_flags_direction", show="dhcp")
    assert [(kind, int(way, 0)) for kind, way in kinds] == [("1", 2), ("2", 1), ("3", 2), ("5", 1)]
    (first, *_) = tshark(path, "frame.time_epoch")
    assert 1_767_225_600 <= float(first[0]) < 1_767_225_610, "the virtual clock's day"
    assert len(tshark(path, "frame.number", show="icmp")) == 6


# -- what can be in the way


def test_a_name_that_is_in_use(start, namespace, rumphost_run):
    run = start("sim:i82540em")
    other = rumphost_run("-m", "sim:i82540em", "--tap", TAP, "--netns", namespace.name)
    assert other.returncode == 3
    assert re.search(f"interface {TAP}: .*an interface of that name is in use", other.stderr)
    assert other.stdout.endswith("iex0 detached; leaks: none\n")
    namespace.run("ping", "-c", "1", "-W", "5", GATEWAY)
    assert run.stop() == 130


def test_a_name_of_another_kind_of_interface(namespace, rumphost_run):
    result = rumphost_run("-m", "sim:i82540em", "--tap", "lo", "--netns", namespace.name)
    assert result.returncode == 3
    assert "Linux has an interface of that name" in result.stderr


@pytest.mark.usefixtures("namespace")
def test_no_such_namespace(rumphost_run):
    result = rumphost_run("-m", "sim:i82540em", "--tap", TAP, "--netns", "nowhere")
    assert result.returncode == 3
    assert "`ip netns add nowhere` makes it" in result.stderr


@pytest.mark.usefixtures("namespace")
def test_without_the_privilege(rumphost_run):
    result = rumphost_run(
        "-m", "sim:i82540em", "--tap", TAP, before=["setpriv", "--bounding-set=-net_admin",
        "--inh-caps=-net_admin"],
    )  # fmt: skip
    assert result.returncode == 3
    assert "it takes root, or CAP_NET_ADMIN" in result.stderr
