"""Makes new inputs of old ones: in turn, at random (havoc, splice), and by what was compared.

A value that the driver compares with another, and that the hardware gave, is replaced by the other:
that finds magic numbers, lengths and states at once, which chance hardly would (REDQUEEN calls it
input-to-state correspondence).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .mutation import (
    FOREVER,
    DmaMutation,
    Input,
    LateInterrupt,
    Mutation,
    ReadMutation,
    SpuriousInterrupt,
    normalised,
)
from .profile import Profile, Reads, Writes

LONGEST = 24
"""Mutations in an input, at most."""
_DELAYS_NS = (1_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000)
_BEGINNING = 64


class Mutator:
    """Makes inputs; ``random`` is the only source of chance."""

    def __init__(self, source: random.Random) -> None:
        self._random = source
        self._constants: list[int] = []
        self._known: set[int] = set()

    def learn(self, compared: Sequence[tuple[int, int]]) -> None:
        """Keep values that a driver compares, to try them elsewhere."""
        for pair in compared:
            for value in pair:
                if 1 < value <= 0xFFFF_FFFF and value not in self._known and len(self._known) < 512:
                    self._known.add(value)
                    self._constants.append(value)

    # -- in turn

    def walk(self, base: Input, profile: Profile) -> Iterator[Input]:
        """Yield inputs in which one register is stuck for good: all ones, zero, or in one bit."""
        for key in profile.reads:
            full = (1 << 8 * key[2]) - 1
            for value in (full, 0):
                yield normalised([*base, ReadMutation(*key, 0, FOREVER, full, value)])
        for bit in range(64):
            mask = 1 << bit
            for key, reads in profile.reads.items():
                if bit < 8 * key[2]:
                    stuck = ~reads.values[-1] & mask
                    yield normalised([*base, ReadMutation(*key, 0, FOREVER, mask, stuck)])

    # -- at random

    def havoc(self, base: Input, profile: Profile, others: Sequence[Input]) -> Input:
        """Return ``base`` with some mutations more, fewer, or other ones."""
        source = self._random
        found = list(base)
        if others and source.random() < 0.1:
            other = source.choice(others)
            found += source.sample(other, source.randint(1, len(other))) if other else []
        for _ in range(source.choice((1, 1, 1, 2, 2, 4, 8))):
            chance = source.random()
            if found and chance < 0.1:
                found.pop(source.randrange(len(found)))
            elif found and chance < 0.35:
                place = source.randrange(len(found))
                found[place] = self._other(found[place], profile)
            else:
                new = self._new(profile)
                found += [] if new is None else [new]
        while len(found) > LONGEST:
            found.pop(source.randrange(len(found)))
        return normalised(found)

    def _new(self, profile: Profile) -> Mutation | None:
        source = self._random
        kinds = ["read"] * 6 * bool(profile.reads) + ["dma"] * 4 * bool(profile.writes)
        kinds += ["spurious"] * bool(profile.accesses) + ["late"] * bool(profile.interrupts)
        if not kinds:
            return None
        kind = source.choice(kinds)
        if kind == "read":
            key = source.choice(list(profile.reads))
            return self._read(key, profile.reads[key])
        if kind == "dma":
            size = source.choice(list(profile.writes))
            return self._dma(size, profile.writes[size])
        if kind == "spurious":
            return SpuriousInterrupt(source.randrange(profile.accesses))
        return LateInterrupt(source.randrange(profile.interrupts), source.choice((0, *_DELAYS_NS)))

    def _read(self, key: tuple[int, int, int], reads: Reads) -> ReadMutation:
        source = self._random
        width = key[2]
        full = (1 << 8 * width) - 1
        first = source.choice((0, reads.count - 1, source.randrange(reads.count)))
        count = source.choice((1, 1, 1, 2, 8, FOREVER, FOREVER))
        value = reads.values[min(first, len(reads.values) - 1)]
        chance = source.random()
        if chance < 0.5:  # some bits
            mask = 0
            for _ in range(source.choice((1, 1, 1, 2, 3))):
                mask |= 1 << source.randrange(8 * width)
            return ReadMutation(*key, first, count, mask, ~value & mask)
        # Or what it says at another time, or anything.
        new = source.choice(reads.values) if chance < 0.6 else self._value(value, width)
        return ReadMutation(*key, first, count, full, new & full)

    def _dma(self, size: int, writes: Writes) -> DmaMutation:
        source = self._random
        number = source.choice((0, writes.count - 1, source.randrange(writes.count)))
        width = min(source.choice((1, 2, 2, 4, 4, 8)), max(size, 1))
        reach = size if source.random() < 0.2 else min(size, _BEGINNING)
        offset = source.randrange(max(reach // width, 1)) * width
        old = writes.data[min(number, len(writes.data) - 1)][offset : offset + width]
        value = int.from_bytes(old, "little")
        if source.random() < 0.4:
            new = value ^ 1 << source.randrange(8 * width)
        else:
            new = self._value(value, width)
        data = (new & (1 << 8 * width) - 1).to_bytes(
            width, source.choice(("little",) * 3 + ("big",))
        )
        return DmaMutation(size, number, offset, data.hex())

    def _value(self, value: int, width: int) -> int:
        """Return a value that drivers may not expect, perhaps near to what it was."""
        source = self._random
        full = (1 << 8 * width) - 1
        power = 1 << source.randrange(8 * width)
        choices = [
            0, full, power, power - 1, full >> 1, value + 1, value - 1, value << 1, ~value,
            source.randrange(full + 1), source.randrange(min(full, 255) + 1),
        ]  # fmt: skip
        if self._constants and source.random() < 0.3:
            constant = source.choice(self._constants)
            return (constant + source.choice((0, 0, 1, -1))) & full
        return source.choice(choices) & full

    def _other(self, mutation: Mutation, profile: Profile) -> Mutation:
        """Return a mutation of the same thing, changed."""
        source = self._random
        if isinstance(mutation, ReadMutation):
            reads = profile.reads.get(mutation.key)
            if reads is None:
                return mutation
            return source.choice((
                self._read(mutation.key, reads),
                replace(mutation, first=source.randrange(reads.count)),
                replace(mutation, count=source.choice((1, 2, 16, FOREVER))),
                replace(mutation, value=self._value(mutation.value, mutation.width)
                        & mutation.mask),
            ))  # fmt: skip
        if isinstance(mutation, DmaMutation):
            writes = profile.writes.get(mutation.size)
            if writes is None:
                return mutation
            width = len(mutation.data) // 2
            value = int.from_bytes(bytes.fromhex(mutation.data), "little")
            data = self._value(value, width).to_bytes(width, "little")
            return source.choice((
                self._dma(mutation.size, writes),
                replace(mutation, number=source.randrange(writes.count)),
                replace(mutation, data=data.hex()),
            ))  # fmt: skip
        return self._new(profile) or mutation

    # -- by comparisons

    def suggested(
        self, base: Input, profile: Profile, compared: Sequence[tuple[int, int]]
    ) -> Iterator[Input]:
        """Yield inputs that make the hardware say what the driver compared its words with."""
        wanted: dict[int, list[int]] = {}
        for one, other in compared:
            wanted.setdefault(one, []).append(other)
            wanted.setdefault(other, []).append(one)
        for mutation in self._read_suggestions(profile, wanted, base):
            yield normalised([*base, mutation])
        for dma in self._dma_suggestions(profile, wanted):
            yield normalised([*base, dma])

    def _read_suggestions(
        self, profile: Profile, wanted: dict[int, list[int]], base: Input
    ) -> Iterator[ReadMutation]:
        for key, reads in profile.reads.items():
            full = (1 << 8 * key[2]) - 1
            seen: set[int] = set()
            for number, value in enumerate(reads.values):
                for one in base:  # what the driver really got
                    if isinstance(one, ReadMutation) and one.key == key:
                        value = one.put(value) if number >= one.first else value
                if value in seen:
                    continue
                seen.add(value)
                for shift, mask in _parts(key[2]):
                    part = value >> shift & mask
                    for new in wanted.get(part, ()):
                        if new <= mask:
                            yield ReadMutation(*key, number, 1, mask << shift & full, new << shift)

    def _dma_suggestions(
        self, profile: Profile, wanted: dict[int, list[int]]
    ) -> Iterator[DmaMutation]:
        for size, writes in profile.writes.items():
            for number, data in enumerate(writes.data):
                for width in (8, 4, 2, 1):
                    for offset in range(0, min(len(data), _BEGINNING) - width + 1, width):
                        part = int.from_bytes(data[offset : offset + width], "little")
                        for new in wanted.get(part, ()):
                            if new >> 8 * width == 0 and (part > 0 or width > 1):
                                text = new.to_bytes(width, "little").hex()
                                yield DmaMutation(size, number, offset, text)


def _parts(width: int) -> Iterator[tuple[int, int]]:
    """Yield where parts of a register begin, and the masks of their bits: all, halves, bytes."""
    size = 8 * width
    while size >= 8:
        for shift in range(0, 8 * width, size):
            yield shift, (1 << size) - 1
        size //= 2
