"""PCI functions in sysfs: names, options, description, and what binding refuses."""

from __future__ import annotations

import pytest

from rumphost.errors import HostLacks, MachineError, UsageError
from rumphost.machine import PciAddress
from rumphost.machine.sysfs import (
    SysfsFunction,
    bind,
    functions,
    number,
    parse,
    plain,
    switch,
    user,
)


@pytest.fixture
def tree(tmp_path):
    """A sysfs with a network card of e1000's, its bridge, and an empty driver."""
    for name, kind, driver in (
        ("0000:00:02.0", "0x060400", "pcieport"),
        ("0000:01:00.0", "0x020000", "e1000"),
    ):
        path = tmp_path / "bus/pci/devices" / name
        path.mkdir(parents=True)
        for file, text in (("vendor", "0x8086"), ("device", "0x100e"), ("class", kind)):
            (path / file).write_text(f"{text}\n")
        drivers = tmp_path / "bus/pci/drivers" / driver
        drivers.mkdir(parents=True)
        (path / "driver").symlink_to(drivers)
        group = tmp_path / "kernel/iommu_groups/7/devices"
        group.mkdir(parents=True, exist_ok=True)
        (group / name).symlink_to(path)
        (path / "iommu_group").symlink_to(group.parent)
    (tmp_path / "bus/pci/drivers/rumphost").mkdir()
    (tmp_path / "bus/pci/drivers_probe").write_text("")
    return tmp_path


class TestNames:
    @pytest.mark.parametrize("text", ["0000:01:00.0", "01:00.0", "0000:01:00.0".upper()])
    def test_an_address(self, text):
        function, options = parse(text)
        assert (function.name, options) == ("0000:01:00.0", {})
        assert function.address == PciAddress(1, 0, 0)

    def test_options(self):
        function, options = parse("0001:0a:1f.7:dma_bits=28:bind=on")
        assert function.name == "0001:0a:1f.7"
        assert options == {"dma_bits": "28", "bind": "on"}

    @pytest.mark.parametrize("text", ["", "0", "eth0", "0000:01:00.8", "01:00.0:", "01:00.0:bind"])
    def test_what_is_none(self, text):
        if text == "01:00.0:":
            assert parse(text)[1] == {}
            return
        with pytest.raises(UsageError, match=r"no PCI address|no option"):
            parse(text)

    def test_an_address_without_options(self):
        assert plain("01:00.0").name == "0000:01:00.0"
        with pytest.raises(UsageError, match=r"options are for machines: write 0000:01:00\.0"):
            plain("01:00.0:bind=on")

    def test_values(self):
        assert number("28", 20, 64, "dma_bits") == 28
        assert switch("on", "bind")
        assert not switch("off", "bind")
        for text in ("", "x", "19", "65", "-1"):
            with pytest.raises(UsageError, match=r"dma_bits=.*: 20 to 64"):
                number(text, 20, 64, "dma_bits")
        with pytest.raises(UsageError, match="bind=maybe: on or off"):
            switch("maybe", "bind")


class TestFunctions:
    def test_what_there_is(self, tree):
        bridge, card = functions(tree)
        assert (bridge.is_bridge, card.is_bridge) == (True, False)
        assert card.driver == "e1000"
        assert card.describe() == "0000:01:00.0 8086:100e (e1000)"
        assert card.iommu_group == "7"
        assert card.group_members() == [bridge, card]

    def test_nothing_there(self, tmp_path):
        assert functions(tmp_path) == []
        missing = SysfsFunction("0000:05:00.0", tmp_path)
        assert not missing.exists
        assert (missing.driver, missing.iommu_group, missing.group_members()) == ("", "", [])


class TestBind:
    def test_refusals(self, tree):
        with pytest.raises(UsageError, match="no PCI function"):
            bind(SysfsFunction("0000:05:00.0", tree), "rumphost")
        card = SysfsFunction("0000:01:00.0", tree)
        with pytest.raises(HostLacks, match="no driver vfio-pci"):
            bind(card, "vfio-pci")
        assert bind(card, "e1000") == "e1000"  # it has it already
        with pytest.raises(UsageError, match=r"0000:00:02\.0 is a bridge"):
            bind(SysfsFunction("0000:00:02.0", tree), "rumphost")

    @pytest.mark.parametrize("override", ["(null)", "e1000"])
    def test_a_driver_that_does_not_take_it(self, tree, monkeypatch, override):
        """All is as before then."""
        card = SysfsFunction("0000:01:00.0", tree)
        (card.path / "driver_override").write_text(f"{override}\n")
        written = []

        def write(path, text):
            written.append((str(path.relative_to(tree)), text))
            if path.name == "unbind":
                (card.path / "driver").unlink()

        monkeypatch.setattr("rumphost.machine.sysfs._write", write)
        with pytest.raises(MachineError, match=r"rumphost does not take 0000:01:00\.0"):
            bind(card, "rumphost")
        where = "bus/pci/devices/0000:01:00.0"
        assert written == [
            (f"{where}/driver_override", "rumphost"),
            (f"{where}/driver/unbind", "0000:01:00.0"),
            ("bus/pci/drivers_probe", "0000:01:00.0"),
            (f"{where}/driver_override", "\n" if override == "(null)" else "e1000\n"),
            ("bus/pci/drivers/e1000/bind", "0000:01:00.0"),
        ]

    def test_who_uses_it(self, tree):
        card = SysfsFunction("0000:01:00.0", tree)
        assert user(card) == ""
        (card.path / "driver").unlink()
        assert user(card) == ""
        (card.path / "driver").symlink_to(tree / "bus/pci/drivers/rumphost")
        assert user(card) == ""
        holder = tree / "class/misc/rumphost-0000:01:00.0/holder"
        holder.parent.mkdir(parents=True)
        holder.write_text("")
        assert user(card) == ""
        holder.write_text("77 python3\n")
        assert user(card) == "process 77 (python3)"
