"""The EEPROM: 64 words on a microwire bus (93C46), read by hand through EECD or by EERD.

Sections 5.3 to 5.6 and 13.4.3, 13.4.4. The 64 words add up to 0xBABA.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registers import bits

if TYPE_CHECKING:
    from .model import I82540em

WORDS = 64
ADDRESS_BITS = 6
SUM = 0xBABA
CHECKSUM_AT = 0x3F
EECD = {field.name: field.mask for field in bits(SK=0, CS=1, DI=2, DO=3, REQ=6, GNT=7, PRES=8)}
EERD_START, EERD_DONE = 1 << 0, 1 << 4
EERD_NS = 20_000
"""How long the hardware takes to read a word; a driver that polls without delay(9) sees it done
after ``POLLS`` reads, so that a virtual clock that stands still does not hang it."""
POLLS = 8
READ, WRITE, ERASE, SPECIAL = 2, 1, 3, 0
ENABLE, ERASE_ALL, WRITE_ALL, DISABLE = 3, 2, 1, 0


def contents(mac: bytes) -> list[int]:
    """Return the words of a desktop adapter with this MAC address, checksum included."""
    words = [0xFFFF] * WORDS
    words[0:3] = [mac[at] | mac[at + 1] << 8 for at in (0, 2, 4)]
    words[0x03:0x0A] = [0x0000, 0xFFFF, 0x1000, 0xFFFF, 0xFFFF, 0x0000, 0x0001]
    words[0x0A] = 0x4408
    words[0x0B:0x0F] = [0x001E, 0x8086, 0x100E, 0x8086]
    words[0x0F:0x12] = [0x3040, 0x0008, 0x0000]
    words[0x20:0x25] = [0x0040, 0x7861, 0x280C, 0x00C8, 0x0000]
    words[CHECKSUM_AT] = SUM - sum(words[:CHECKSUM_AT]) & 0xFFFF
    return words


class Eeprom:
    """The chip and the two ways to it. ``words`` survive every reset."""

    def __init__(self, model: I82540em, values: dict[str, int]) -> None:
        self._model = model
        self._values = values
        self.words = [0xFFFF] * WORDS
        self._writable = False
        self.reset()

    def reset(self) -> None:
        """Reset the controller's side; the chip keeps its words."""
        self._command = ""
        self._pins = 0
        self._output: list[int] = []
        self._next_word = 0
        self._data_out = 1
        self._eerd = 0
        self._eerd_at_ns = 0
        self._polls = 0

    # EERD

    def write_eerd(self, value: int) -> None:
        if not value & EERD_START:
            return
        address = value >> 8 & 0xFF
        word = self.words[address] if address < WORDS else 0xFFFF
        self._eerd = word << 16 | address << 8 | EERD_DONE
        self._eerd_at_ns = self._model.now_ns() + EERD_NS
        self._polls = POLLS

    def read_eerd(self) -> int:
        self._polls -= 1
        done = self._polls <= 0 or self._model.now_ns() >= self._eerd_at_ns
        return self._eerd if done else self._eerd & 0xFF00

    # EECD

    def read_eecd(self) -> int:
        value = self._values["EECD"] | EECD["PRES"]
        if value & EECD["REQ"]:
            value |= EECD["GNT"]
        return value | (EECD["DO"] if self._data_out else 0)

    def write_eecd(self, value: int) -> None:
        """Follow the pins; the chip takes and gives a bit at each rise of the clock."""
        before, self._pins = self._pins, value
        if not value & EECD["REQ"]:
            if value & EECD["CS"]:
                self._model.note("EECD: the EEPROM is selected without REQ")
            return
        if not value & EECD["CS"]:
            self._command = ""
            self._output = []
            self._data_out = 1
        elif before & EECD["CS"] and value & ~before & EECD["SK"]:
            self._clock(1 if value & EECD["DI"] else 0)

    def _clock(self, bit: int) -> None:
        if self._output:
            self._data_out = self._output.pop(0)
            if not self._output:
                self._load_word()
            return
        if not self._command and not bit:
            return
        self._command += str(bit)
        if len(self._command) >= 3 + ADDRESS_BITS:
            self._decode(int(self._command[1:3], 2), int(self._command[3 : 3 + ADDRESS_BITS], 2))

    def _decode(self, opcode: int, address: int) -> None:
        special = address >> ADDRESS_BITS - 2
        if opcode == READ:
            self._next_word = address
            self._data_out = 0
            self._load_word()
        elif opcode == WRITE or (opcode == SPECIAL and special == WRITE_ALL):
            data = self._command[3 + ADDRESS_BITS :]
            if len(data) == 16:
                self._store(address if opcode == WRITE else None, int(data, 2))
        elif opcode == ERASE or special == ERASE_ALL:
            self._store(address if opcode == ERASE else None, 0xFFFF)
        else:
            self._writable = special == ENABLE

    def _load_word(self) -> None:
        word = self.words[self._next_word]
        self._next_word = (self._next_word + 1) % WORDS
        self._output = [word >> 15 - number & 1 for number in range(16)]

    def _store(self, address: int | None, word: int) -> None:
        if not self._writable:
            self._model.note("EEPROM: write without the write-enable command")
        elif address is None:
            self.words[:] = [word] * WORDS
        else:
            self.words[address] = word
