"""The Linux side of a test: a network namespace, and a run of a driver under its stack."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyroute2 import netns

TAP = "rumphost0"
RUN = [sys.executable, "-m", "rumphost", "run", "if_i8254x"]


class Namespace:
    """A network namespace of this test's own, and commands in it."""

    def __init__(self) -> None:
        self.name = f"rumphost-{os.getpid()}"
        netns.create(self.name)

    def run(self, *command: str, timeout_s: float = 30) -> str:
        """Run a command in the namespace to its good end; return its output."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, *command],
            capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def interfaces(self) -> list[str]:
        return [link["ifname"] for link in json.loads(self.run("ip", "-j", "link"))]

    def close(self) -> None:
        netns.remove(self.name)


class DriverRun:
    """``rumphost run --tap`` in a process; ``stop`` ends it as Ctrl-C does."""

    def __init__(
        self, namespace: Namespace, machine: str, *options: str | Path, driver: str = RUN[-1]
    ) -> None:
        self.process = subprocess.Popen(
            [
                *RUN[:-1], driver, "-m", machine, "--tap", TAP, "--tap-address", "10.0.2.15/24",
                "--netns", namespace.name, "--format", "json", *map(str, options),
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        self.records: list[dict[str, Any]] = []

    def wait_until(self, event: str) -> dict[str, Any]:
        """Read records up to the first of an event."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.records.append(json.loads(line))
            if self.records[-1]["event"] == event:
                return self.records[-1]
        assert self.process.stderr is not None
        raise AssertionError(f"no {event}: {self.process.stderr.read()}")

    def stop(self, number: int = signal.SIGINT) -> int:
        """End the run; return its exit status."""
        self.process.send_signal(number)
        return self.finish()

    def finish(self) -> int:
        out, _ = self.process.communicate(timeout=30)
        self.records += [json.loads(line) for line in out.splitlines()]
        return self.process.returncode

    def one(self, event: str) -> dict[str, Any]:
        (found,) = [record for record in self.records if record["event"] == event]
        return found

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@contextmanager
def iperf_server() -> Iterator[int]:
    """An iperf3 server on this computer, for one client; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = ["iperf3", "-s", "-1", "-B", "127.0.0.1", "-p", str(port), "--forceflush"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        for line in server.stdout:
            if "listening" in line:
                break
        yield port
    finally:
        server.kill()
        server.communicate()
