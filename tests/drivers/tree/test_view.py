"""The softc of a tree's drivers from Python, by its own names, at once."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager

import pytest

from rumphost.host import open_host
from rumphost.view import text_of, type_of

LONGEST_S = 3.0  # of CPU time, with others at work; alone it is a tenth


@asynccontextmanager
async def attached(machine, builder, driver):
    """A host with a driver, about whose end nobody asks here: some leave things behind."""
    async with open_host(machine, builder=builder) as host:
        await host.attach(driver)
        yield host


@pytest.mark.machine("sim:i82540em")
async def test_wm_and_its_phy(machine, builder):
    async with attached(machine, builder, "wm") as host:
        started = time.process_time()
        device, phy = host.devices
        sc = device.softc
        assert str(type_of(sc)) == "struct wm_softc"
        assert repr(sc.sc_type) == "WM_T_82540"
        assert text_of(sc.sc_ethercom.ec_if.if_xname) == "wm0"
        assert str(sc.sc_ethercom.ec_if.if_start).endswith("wm_start")
        (found,) = sc.sc_mii.mii_phys
        assert text_of(found.mii_dev.dv_xname) == phy.xname
        assert len(list(sc.sc_mii.mii_media.ifm_list)) > 4
        assert "sc_type = WM_T_82540" in repr(sc)
        assert str(type_of(phy.softc)) == "struct mii_softc"
        assert device.image.variable("hz") == 100
        assert time.process_time() - started < LONGEST_S


@pytest.mark.machine("qemu:rtl8139")
async def test_a_softc_that_has_a_bus_independent_one_inside(machine, builder):
    async with attached(machine, builder, "rtk") as host:
        sc = host.device("rtk0").softc
        assert str(type_of(sc)) == "struct rtk_pci_softc"
        assert str(sc.sc_rtk.sc_dev.dv_xname) == "rtk0"


@pytest.mark.machine("qemu:virtio-net-pci")
async def test_a_bus_and_what_is_on_it(machine, builder):
    async with attached(machine, builder, "vioif") as host:
        bus, child = host.devices
        assert [str(type_of(one.softc)) for one in (bus, child)] == [
            "struct virtio_softc", "struct vioif_softc",
        ]  # fmt: skip
        assert child.softc.sc_virtio == bus.private
