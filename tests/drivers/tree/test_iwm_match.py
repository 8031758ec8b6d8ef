"""NetBSD's own iwm on devices of others: the very object that drives the card refuses them.

Needs a NetBSD kernel source tree in RUMPHOST_SYS that has the driver.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rumphost.errors import UsageError

pytestmark = pytest.mark.machine("qemu:e1000", "qemu:edu")


async def test_another_device_is_refused(host, tree: Path):
    if not (tree / "dev/pci/if_iwm.c").exists():
        pytest.skip("the tree has no iwm")
    with pytest.raises(UsageError, match=r"iwm: no device on .* that it would drive"):
        await host.attach("iwm")
    assert not host.devices
    assert not host.interfaces
    assert not host.panics
