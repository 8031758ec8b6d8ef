"""What QEMU has to offer: its PCI device models. Used by ``rumphost list devices``."""

from __future__ import annotations

import re
import subprocess

from rumphost.errors import HostLacks

from .process import find_binary

_LINE = re.compile(r'^name "([^"]+)", bus PCI(?:, alias "[^"]+")?(?:, desc "([^"]*)")?', re.M)


def list_devices(binary: str = "qemu-system-x86_64") -> list[tuple[str, str]]:
    """Return name and description of each; raises ``HostLacks``."""
    done = subprocess.run(
        [find_binary(binary), "-machine", "q35", "-device", "help"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise HostLacks(f"{binary} does not list its devices: {done.stderr.strip()}")
    return sorted(_LINE.findall(done.stdout))
