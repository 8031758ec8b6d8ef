"""What a fuzzer's input is made of: single things that the hardware says otherwise than its model.

All else in a run is as the model has it, so that a driver comes far, and an input is short enough
to be read. Mutations are numbered by what the hardware does: the n-th read of a register, the n-th
DMA write of so many bytes, the n-th interrupt, all from 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from rumphost.errors import UsageError

FOREVER = 1 << 40
"""How many reads are changed when all are, from the first on."""

RegisterKey: TypeAlias = tuple[int, int, int]
"""A register: the region's number, the offset and the width of the access in bytes."""


@dataclass(frozen=True, order=True)
class ReadMutation:
    """Of ``count`` reads of a register, from the ``first`` on, the bits of ``mask`` are
    ``value``'s."""

    region: int
    offset: int
    width: int
    first: int
    count: int
    mask: int
    value: int

    @property
    def key(self) -> RegisterKey:
        return self.region, self.offset, self.width

    def put(self, value: int) -> int:
        """Return what is read in place of ``value``."""
        return value & ~self.mask | self.value & self.mask

    def words(self, names: Mapping[RegisterKey, str]) -> str:
        name = names.get(self.key, f"{self.offset:#x} of region {self.region}")
        if self.count >= FOREVER:
            which = f"every read of {name} from the {ordinal(self.first)} on"
        elif self.count > 1:
            which = f"{self.count} reads of {name} from the {ordinal(self.first)} on"
        else:
            which = f"the {ordinal(self.first)} read of {name}"
        if self.mask == (1 << 8 * self.width) - 1:
            return f"{which} gives {self.value:#x}"
        return f"{which} has {self.value & self.mask:#x} in the bits {self.mask:#x}"


@dataclass(frozen=True, order=True)
class DmaMutation:
    """The ``number``-th DMA write of ``size`` bytes has ``data`` (hexadecimal) at ``offset``."""

    size: int
    number: int
    offset: int
    data: str

    def words(self, _names: Mapping[RegisterKey, str]) -> str:
        return (
            f"the {ordinal(self.number)} DMA write of {self.size} bytes has {self.data} at byte "
            f"{self.offset}"
        )


@dataclass(frozen=True, order=True)
class SpuriousInterrupt:
    """Every established line interrupts just before the ``access``-th access to a register."""

    access: int

    def words(self, _names: Mapping[RegisterKey, str]) -> str:
        return f"an interrupt for no reason before the {ordinal(self.access)} register access"


@dataclass(frozen=True, order=True)
class LateInterrupt:
    """The ``number``-th interrupt comes ``delay_ns`` later; 0: never."""

    number: int
    delay_ns: int

    def words(self, _names: Mapping[RegisterKey, str]) -> str:
        which = f"the {ordinal(self.number)} interrupt"
        return f"{which} comes {self.delay_ns} ns late" if self.delay_ns else f"{which} is lost"


Mutation: TypeAlias = ReadMutation | DmaMutation | SpuriousInterrupt | LateInterrupt
Input: TypeAlias = tuple[Mutation, ...]

_KINDS: dict[str, type[Any]] = {
    "read": ReadMutation, "dma": DmaMutation, "spurious": SpuriousInterrupt, "late": LateInterrupt,
}  # fmt: skip
_NAMES = {kind: name for name, kind in _KINDS.items()}


def ordinal(number: int) -> str:
    """Return ``1st`` for 0, and so on."""
    count = number + 1
    if count % 100 in (11, 12, 13):
        return f"{count}th"
    return f"{count}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th') }"


def normalised(mutations: Iterable[Mutation]) -> Input:
    """Return an input of these mutations, each once, in an order of their own."""
    return tuple(sorted(set(mutations), key=lambda one: (_NAMES[type(one)], _numbers(one))))


def _numbers(mutation: Mutation) -> tuple[Any, ...]:
    return tuple(asdict(mutation).values())


def to_records(mutations: Input) -> list[dict[str, Any]]:
    """Return mutations as JSON has them."""
    return [{"kind": _NAMES[type(one)], **asdict(one)} for one in mutations]


def from_records(records: Any) -> Input:
    """Undo ``to_records``; raises ``ValueError``."""
    found: list[Mutation] = []
    try:
        for record in records:
            fields = dict(record)
            mutation = _KINDS[fields.pop("kind")](**fields)
            for name, value in asdict(mutation).items():
                if name == "data":
                    bytes.fromhex(value)
                elif not isinstance(value, int) or value < 0:
                    raise ValueError(f"{name} is {value!r}")
            if isinstance(mutation, ReadMutation) and mutation.width not in (1, 2, 4, 8):
                raise ValueError(f"a read of {mutation.width} bytes")
            found.append(mutation)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no mutation: {error}") from None
    return normalised(found)


def save(path: Path, mutations: Input) -> None:
    """Write an input into a file of a corpus."""
    path.write_text(json.dumps({"mutations": to_records(mutations)}, indent=1) + "\n")


def load(path: Path) -> Input:
    """Read an input from a file of a corpus; raises ``UsageError``."""
    try:
        return from_records(json.loads(path.read_text())["mutations"])
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no input of the fuzzer's: {error}") from None


def simpler(mutation: Mutation) -> list[Mutation]:
    """Return mutations that say less than this one, the simplest first."""
    found: list[Mutation] = []
    if isinstance(mutation, ReadMutation):
        if mutation.count > 1:
            found.append(replace(mutation, count=1))
        bits = [1 << n for n in range(8 * mutation.width) if mutation.mask >> n & 1]
        if len(bits) > 1:
            found += [replace(mutation, mask=bit, value=mutation.value & bit) for bit in bits]
            half = sum(bits[: len(bits) // 2])
            for mask in (half, mutation.mask & ~half):
                found.append(replace(mutation, mask=mask, value=mutation.value & mask))
    elif isinstance(mutation, DmaMutation):
        size = len(mutation.data) // 2
        if size > 1:
            for n in range(size):
                byte = mutation.data[2 * n : 2 * n + 2]
                found.append(replace(mutation, offset=mutation.offset + n, data=byte))
            found.append(replace(mutation, data=mutation.data[: size // 2 * 2]))
            found.append(replace(mutation, offset=mutation.offset + size // 2,
                                 data=mutation.data[size // 2 * 2 :]))  # fmt: skip
    elif isinstance(mutation, LateInterrupt) and mutation.delay_ns:
        found.append(replace(mutation, delay_ns=0))
    return found
