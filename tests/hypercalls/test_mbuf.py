"""mbuf(9), mbuf_tags(9), ethersubr(9) and ifmedia(9) on the real boundary."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from net_rig import NetRig

from rumphost.build import Builder
from rumphost.errors import DriverPanic


@pytest.fixture(scope="module")
def builder() -> Builder:
    return Builder()


@pytest.fixture
def rig(builder: Builder) -> Iterator[NetRig]:
    rig = NetRig(builder)
    yield rig
    rig.close()


@pytest.mark.parametrize(
    "name",
    [
        "plain", "clusters", "sharing", "external", "copies", "back", "cow", "adjusting", "pulling",
        "pulling_down", "splitting", "joining", "defragging", "devget", "tags", "prepending",
        "tools", "cached", "crc", "text", "sockaddrs", "media",
    ],
)  # fmt: skip
def test_the_check_passes_and_nothing_is_left(rig: NetRig, name: str) -> None:
    line = rig.call(name)
    assert line == 0, f"net_program.c:{line}"
    assert rig.boundary.allocations(rig.owner.number) == []


def test_a_forgotten_packet_is_blamed_on_the_line_that_got_it(rig: NetRig) -> None:
    rig.call("forget")
    left = rig.boundary.allocations(rig.owner.number)
    assert [allocation.size for allocation in left] == [512, 2048]
    for allocation in left:
        (frame,) = rig.boundary.symbolizer.frames([allocation.site])
        assert frame.function == "forget"


def test_a_second_free_is_misuse(rig: NetRig) -> None:
    with pytest.raises(DriverPanic, match=r"mbuf\(9\).*free"):
        rig.call("double_free")


def test_copying_beyond_the_end_is_misuse(rig: NetRig) -> None:
    with pytest.raises(DriverPanic, match=r"mbuf\(9\).*beyond the end"):
        rig.call("beyond")
