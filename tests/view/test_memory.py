"""Memory that is read without ever crashing the process."""

from __future__ import annotations

import ctypes
import mmap

import pytest

from rumphost.errors import HostLacks
from rumphost.view import Place, SafeMemory, Unreadable, memory


@pytest.fixture
def safe():
    found = SafeMemory()
    yield found
    found.close()


@pytest.fixture
def page():
    """A page, its address, and what was after it taken away."""
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    buffer = (ctypes.c_char * mmap.PAGESIZE).from_buffer(pages)
    yield ctypes.addressof(buffer)
    del buffer
    pages.close()


def test_what_is_written_is_read(safe, page):
    safe.write(page, b"hello\0world")
    assert safe.read(page, 5) == b"hello"
    assert safe.string(page, 100) == b"hello"
    assert safe.string(page, 3) == b"hel"
    safe.write(page + 60, b"over the edge\0")
    assert safe.string(page + 60, 100) == b"over the edge"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (0, "a NULL pointer"),
        (24, "0x18: a NULL pointer"),
        (1 << 63, "0x8000000000000000 is no address"),
        (-1, "0xffffffffffffffff is no address"),
        (1 << 46, "is not mapped"),
    ],
)
def test_a_bad_address_is_a_sentence(safe, address, why):
    for attempt in (lambda: safe.read(address, 4), lambda: safe.write(address, b"1234")):
        with pytest.raises(Unreadable, match=why):
            attempt()


def test_what_was_freed_is_not_read(page):
    freed = SafeMemory(lambda address: Place.FREE if address == page else Place.ALLOCATED)
    with pytest.raises(Unreadable, match="memory that was freed"):
        freed.read(page, 1)
    assert freed.read(page + 1, 1) == b"\0"
    freed.close()


def test_it_opens_when_it_is_needed(safe, page, monkeypatch):
    safe.read(page, 1)
    safe.close()
    safe.read(page, 1)
    safe.close()
    monkeypatch.setattr(memory, "_FILE", "/nowhere")
    with pytest.raises(HostLacks, match="/nowhere: No such file"):
        safe.read(page, 1)
