"""Findings: what a driver does wrong and every NetBSD kernel lets pass."""

from __future__ import annotations

from fakes import FakeOwner

SITE = 0x1234


def report(rig, what="it is odd", site=SITE, **options):
    def script():
        yield ("finding", "bus_dma(9)", what, site)

    rig.run_script(script, **options)


def test_a_finding_is_kept_and_printed(rig):
    report(rig, owner=FakeOwner())
    (found,) = rig.kernel.findings.all
    assert str(found) == "foo0: bus_dma(9): it is odd"
    assert found.site == SITE
    assert rig.kernel.console.text == "foo0: warning: bus_dma(9): it is odd\n"


def test_it_says_where(rig):
    rig.kernel.findings.locate = lambda site: f"foo_detach at {site:#x}"
    report(rig, owner=FakeOwner())
    report(rig, what="nowhere", site=0)
    assert rig.kernel.console.text == (
        "foo0: warning: bus_dma(9): it is odd, in foo_detach at 0x1234\n"
        "warning: bus_dma(9): nowhere\n"
    )


def test_once_for_each_place_and_device(rig):
    for _ in range(3):
        report(rig, owner=FakeOwner())
    report(rig, site=SITE + 1, owner=FakeOwner())
    report(rig, owner=FakeOwner(2, "bar0"))
    assert [found.device for found in rig.kernel.findings.all] == ["foo0", "foo0", "bar0"]
