"""NetBSD's iwn: it builds, matches its card, and attaches up to the first thing that has no model.

The card (Intel WiFi Link 5100) has no model here; a stand-in has its identity and registers that
only store. What the driver says of it is what a user sees.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import rumphost
from rumphost.build import Builder
from rumphost.errors import UsageError
from rumphost.host import open_host
from rumphost.machine.sim import SimMachine
from rumphost.models.base import Identity, PciModel
from rumphost.models.iwm7260 import Iwm7260

SIZE = 0x2000
GP_CONTROL, CLOCK_READY = 0x024, 1 << 0


class Storage:
    """Registers that keep what is written."""

    def __init__(self, *, clock: bool) -> None:
        self._bytes = bytearray(SIZE)
        self._clock = clock

    def read(self, offset: int, width: int) -> int:
        value = int.from_bytes(self._bytes[offset : offset + width], "little")
        return value | CLOCK_READY if offset == GP_CONTROL and self._clock else value

    def write(self, offset: int, width: int, value: int) -> None:
        self._bytes[offset : offset + width] = value.to_bytes(width, "little")

    def describe(self, offset: int, _value: int | None = None) -> str:
        return f"register {offset:#x}"


class StandIn(PciModel):
    """The identity of a WiFi Link 5100; ``clock``: its MAC clock starts."""

    IDENTITY = Identity(0x8086, 0x4232, 0x028000, 0, 0x8086, 0x1201)

    def __init__(self, *, clock: bool = False) -> None:
        super().__init__()
        self.add_bar(0, Storage(clock=clock), SIZE, is_64bit=True)
        self.add_power_management()
        self.add_msi()
        self.add_express()

    def reset_device(self) -> None:
        """Nothing to reset."""


@pytest.fixture
def messages(tree: Path, builder: Builder):
    """Return a function that attaches iwn to a model and returns what it says."""
    if not (tree / "dev/pci/if_iwn.c").exists():
        pytest.skip("the tree has no iwn")

    def start(model: PciModel) -> list[str]:
        async def main() -> list[str]:
            async with open_host(SimMachine(models=[model]), builder=builder) as host:
                await host.attach("iwn")
                assert host.interfaces == []
                return [line.text for line in host.console.lines]

        return rumphost.run(main)

    return start


def test_a_card_whose_clock_does_not_start(messages):
    lines = messages(StandIn())
    assert lines[0].startswith("iwn0 at pci0 dev 3 function 0: ")
    assert "iwn0: timeout waiting for clock stabilization" in lines


def test_with_a_clock_it_wants_the_cards_memory(messages):
    lines = messages(StandIn(clock=True))
    assert lines[-2:] == ["iwn0: bad ROM signature", "iwn0: could not read EEPROM"]


def test_the_card_of_iwm_is_not_its(messages):
    with pytest.raises(UsageError, match="iwn: no device on sim that it would drive"):
        messages(Iwm7260(access_points=[]))
