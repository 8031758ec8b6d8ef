"""Runs commands for a benchmark, in a network namespace or a virtual machine.

``iperf_agent.py ADDRESS PORT`` connects to the benchmark, over the network card that is measured;
each line that comes is a command (JSON), the answer is a line with its status and output.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

PATIENCE_S = 60


def connect(address: str, port: int) -> socket.socket:
    """Connect, once the card's link is up."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return socket.create_connection((address, port), timeout=5)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def main() -> None:
    control = connect(sys.argv[1], int(sys.argv[2]))
    control.settimeout(None)
    with control, control.makefile("rw") as lines:
        for line in lines:
            done = subprocess.run(json.loads(line), capture_output=True, text=True, check=False)
            print(json.dumps([done.returncode, done.stdout, done.stderr]), file=lines, flush=True)


if __name__ == "__main__":
    main()
