# ruff: noqa: ARG001 -- fixtures and scripts take what is given
"""firmload(9): where images are looked for, and how they are read."""

from __future__ import annotations

import pytest
from fakes import FakeOwner

from rumphost.kernel.errno import EINVAL, EIO, ENOENT
from rumphost.kernel.firmload import Firmload


@pytest.fixture
def service(rig, tmp_path):
    service = Firmload(rig.kernel)
    rig.kernel.register(service)
    service.directories = [tmp_path / "first", tmp_path / "second"]
    for directory in service.directories:
        (directory / "iwm").mkdir(parents=True)
    return service


def open_image(rig, driver="iwm", name="fw.bin", **options):
    room = rig.memory.allocate(8)

    def script():
        return (yield ("firmware_open", driver, name, room))

    error = rig.run_script(script, **options)
    return error, rig.memory.read_uint(room, 8)


def ask(rig, name, *arguments):
    def script():
        return (yield (name, *arguments))

    return rig.run_script(script)


def test_a_driver_s_own_directory_comes_first(rig, service):
    (service.directories[0] / "fw.bin").write_bytes(b"plain")
    (service.directories[0] / "iwm" / "fw.bin").write_bytes(b"driver's")
    (service.directories[1] / "iwm" / "fw.bin").write_bytes(b"second")
    error, handle = open_image(rig)
    assert error == 0
    assert ask(rig, "firmware_size", handle) == len(b"driver's")


def test_the_vendor_s_own_name_is_found(rig, service):
    (service.directories[1] / "iwlwifi-7260-9.ucode").write_bytes(b"vendor's")
    assert open_image(rig, "if_iwm", "iwm-7260-9")[0] == 0
    assert open_image(rig, "if_iwm", "iwm-7260-8")[0] == ENOENT
    (service.directories[1] / "iwm-7260-9").write_bytes(b"by NetBSD's name")
    _, handle = open_image(rig, "if_iwm", "iwm-7260-9")
    assert ask(rig, "firmware_size", handle) == len(b"by NetBSD's name")


def test_a_part_is_read(rig, service):
    (service.directories[1] / "fw.bin").write_bytes(b"0123456789")
    _, handle = open_image(rig)
    room = rig.memory.allocate(4)
    assert ask(rig, "firmware_read", handle, 3, room, 4) == 0
    assert rig.memory.read(room, 4) == b"3456"
    assert ask(rig, "firmware_read", handle, 7, room, 4) == EINVAL


def test_an_image_of_the_host_s_own_comes_before_files(rig, service):
    (service.directories[0] / "fw.bin").write_bytes(b"file")
    service.images["iwm", "fw.bin"] = b"from memory"
    _, handle = open_image(rig)
    assert ask(rig, "firmware_size", handle) == 11


def test_what_is_not_there(rig, service):
    def fails():
        assert open_image(rig)[0] == ENOENT

    (event,) = [one for one in rig.trace_of(fails) if one.name == "firmload.open"]
    assert str(service.directories[0]) in event.fields["outcome"]


@pytest.mark.parametrize("name", ["../passwd", "/etc/passwd", "a/../../b", ""])
def test_a_name_that_leaves_its_directory_is_refused(rig, service, name):
    assert open_image(rig, name=name)[0] == EINVAL


def test_a_file_that_cannot_be_read(rig, service, monkeypatch):
    (service.directories[0] / "fw.bin").write_bytes(b"x")

    def fail(self):
        raise OSError("disk error")

    monkeypatch.setattr("pathlib.Path.read_bytes", fail)
    assert open_image(rig)[0] == EIO


def test_what_is_open_is_a_leak(rig, service):
    (service.directories[0] / "fw.bin").write_bytes(b"x")
    owner = FakeOwner()
    _, handle = open_image(rig, owner=owner)
    assert [str(leak) for leak in service.leaks(owner)] == ["firmload(9): iwm/fw.bin is still open"]
    assert ask(rig, "firmware_close", handle) == 0
    assert service.leaks(owner) == []
    with pytest.raises(Exception, match="firmware_close of firmware that is not open"):
        ask(rig, "firmware_close", handle)


def test_the_path_is_one_string(service):
    service.path = "/a:/b"
    assert [str(one) for one in service.directories] == ["/a", "/b"]
    assert service.path == "/a:/b"
