"""Code addresses to functions and lines; without binutils, addresses alone."""

from __future__ import annotations

import pytest

from rumphost.errors import Frame


@pytest.fixture
def faulted(boundary, image_path):
    """A fiber that wrote through NULL."""
    image = boundary.load(image_path)
    lwp = boundary.create(image, "null", 1, "t", 0, image.symbol("null_write"), ())
    lwp.run()
    yield lwp
    lwp.destroy()


def test_a_frame_has_function_file_and_line(faulted):
    frame = faulted.backtrace()[0]
    assert frame.function == "null_write"
    assert frame.file.endswith("program.c")
    assert str(frame) == f"null_write at {frame.file}:{frame.line}"


def test_without_binutils_frames_are_addresses(faulted, monkeypatch, tmp_path):
    known = faulted.backtrace()
    monkeypatch.setenv("PATH", str(tmp_path))
    bare = faulted.backtrace()
    assert bare[0] == Frame(known[0].address)
    assert all((frame.function, frame.file, frame.line) == ("??", "", 0) for frame in bare)


def test_an_address_in_no_file_stays_an_address(boundary):
    assert boundary.symbolizer.frames([8]) == [Frame(8)]
