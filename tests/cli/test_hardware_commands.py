"""``rumphost bind``, ``unbind``, ``doctor``, and what is said where there is no hardware to use."""

from __future__ import annotations

import pytest

NOWHERE = "0000:fe:1d.7"


def test_doctor(rumphost):
    result = rumphost("doctor", "--format", "json")
    assert result.status == 0, result.err
    found = {one["subject"]: one for one in result.events}
    assert {"compiler", "qemu", "tap", "kernel module", "vfio-pci", "iommu"} <= set(found)
    assert found["compiler"]["there"] == "yes"
    for one in found.values():
        assert bool(one["remedy"]) == (one["there"] == "no")


def test_doctor_without_a_compiler(rumphost, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    result = rumphost("doctor")
    assert result.status == 3
    assert "compiler\tno\tnone\tinstall gcc" in result.out
    assert "no compiler: install gcc" in result.err


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["bind", NOWHERE], 2, f"there is no PCI function {NOWHERE}"),
        (["unbind", NOWHERE], 2, f"there is no PCI function {NOWHERE}"),
        (["bind", "eth0"], 2, "'eth0' is no PCI address"),
        (["bind"], 2, "Missing argument"),
        (["run", "edu", "-m", f"kmod:{NOWHERE}"], 2, f"there is no PCI function {NOWHERE}"),
        (["run", "edu", "-m", f"vfio:{NOWHERE}"], 2, f"there is no PCI function {NOWHERE}"),
        (["run", "edu", "-m", f"kmod:{NOWHERE},{NOWHERE}"], 2, "takes one function"),
        (["run", "edu", "-m", f"kmod:{NOWHERE}:dma_bits=7"], 2, "dma_bits=7: 20 to 64"),
        (["run", "edu", "-m", f"vfio:{NOWHERE}:dma_bits=32"], 2, "the options are memory="),
        (["run", "edu", "--clock", "virtual", "-m", f"kmod:{NOWHERE}"], 2, "the real clock"),
    ],
)
def test_refusals(rumphost, words, status, told):
    result = rumphost(*words)
    assert result.status == status
    assert told in result.err
