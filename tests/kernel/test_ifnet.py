"""ifnet(9) and bpf(4): the kernel's side, with a scripted shim."""

# ruff: noqa: ARG001 (fixtures are asked for by name)

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import Any

import pytest
from fakes import FakeImage, Rig, constants

from rumphost.kernel.bpf import OUT, Bpf, Captured
from rumphost.kernel.ifnet import QUEUE_LIMIT, Ifnet, Ifnets, Member, cut

LENGTHS, FRAMES, SIZE = (
    constants()[f"IFNET_{name}"] for name in ("LENGTHS", "FRAMES", "OUTPUT_SIZE")
)
Calls = Generator[tuple[Any, ...], int, Any]


class Shim:
    """What ``ifnet_output.c`` does: takes batches, and keeps ``held`` frames outstanding."""

    def __init__(self, rig: Rig, limit: int = 64) -> None:
        self.rig = rig
        self.limit = limit
        self.memory = rig.memory
        self.batches: list[list[bytes]] = []
        self.outstanding = 0
        self.keep = False
        self.buffer = self.memory.allocate(SIZE)
        self.ifp = self.memory.allocate(256)
        self.left = False

    def serve(self, ifp: int) -> Calls:
        while True:
            count = yield ("ifnet_output", ifp, self.buffer, self.limit)
            if count >= 1 << 63:
                self.left = True
                return 0
            raw = self.memory.read(self.buffer + LENGTHS, 4 * count)
            lengths = struct.unpack(f"={count}I", raw)
            data = self.memory.read(self.buffer + FRAMES, sum(lengths))
            self.batches.append(list(cut(data, lengths)))
            if self.keep:
                self.outstanding += count
                self.memory.write_uint(self.buffer, 4, self.outstanding)

    def attach(self) -> Calls:
        members = self.memory.allocate(16 * len(Member))
        for member in Member:
            place = struct.pack("=QQ", self.ifp + 8 * member, 8)
            self.memory.write(members + 16 * member, place)
        name = "echo0"
        yield ("ifnet_attach", self.ifp, name, members)
        address = self.memory.put_string("ABCDEF")
        yield ("ifnet_address", self.ifp, address, 6)

    def detach(self) -> Calls:
        yield ("ifnet_detach", self.ifp)

    def room(self) -> Calls:
        self.outstanding = 0
        self.memory.write_uint(self.buffer, 4, 0)
        self.memory.write_uint(self.buffer + 4, 4, 0)
        yield ("ifnet_room", self.ifp)

    def input(self, frames: list[bytes]) -> Calls:
        lengths = self.memory.allocate(4 * len(frames))
        self.memory.write(lengths, struct.pack(f"={len(frames)}I", *map(len, frames)))
        data = b"".join(frames)
        where = self.memory.allocate(len(data))
        self.memory.write(where, data)
        yield ("ifnet_input", self.ifp, lengths, where, len(frames), len(data))


@pytest.fixture
def ifnets(rig: Rig) -> Ifnets:
    ifnets = Ifnets(rig.kernel)
    rig.kernel.register(ifnets)
    rig.kernel.register(Bpf(rig.kernel))
    return ifnets


@pytest.fixture
def shim(rig: Rig, ifnets: Ifnets) -> Shim:
    shim = Shim(rig)
    run(rig, shim.attach)
    return shim


def run(rig: Rig, script: Any, *args: Any) -> None:
    image = FakeImage(rig.fibers)
    shim = getattr(script, "__self__", None)
    if shim is not None:
        image.symbols["rumphost_ifnet_serve"] = rig.fibers.function(shim.serve)
    entry = rig.fibers.function(lambda: script(*args))
    rig.kernel.scheduler.spawn("test", entry, image=image)
    settle(rig)


def settle(rig: Rig) -> None:
    while rig.kernel.scheduler.run_some().more:
        pass


def echo(ifnets: Ifnets) -> Ifnet:
    found = ifnets.find("echo0")
    assert found is not None
    return found


def test_an_interface_has_a_name_an_address_and_members(
    rig: Rig, ifnets: Ifnets, shim: Shim
) -> None:
    ifnet = echo(ifnets)
    assert ifnet.address == b"ABCDEF"
    rig.memory.write_uint(shim.ifp + 8 * Member.MTU, 8, 1500)
    assert ifnet.member(Member.MTU) == 1500
    assert list(ifnets) == [ifnet]
    assert ifnets.at(shim.ifp) is ifnet


def test_frames_are_sent_in_one_batch(rig: Rig, ifnets: Ifnets, shim: Shim) -> None:
    frames = [bytes([n]) * (60 + n) for n in range(30)]
    assert echo(ifnets).send(frames) == 30
    settle(rig)
    assert shim.batches == [frames]
    assert echo(ifnets).send(frames[:2]) == 2
    settle(rig)
    assert shim.batches == [frames, frames[:2]]


def test_the_driver_gets_no_more_than_its_limit(rig: Rig, ifnets: Ifnets, shim: Shim) -> None:
    shim.keep = True
    echo(ifnets).send([b"x" * 60] * 100)
    settle(rig)
    assert [len(batch) for batch in shim.batches] == [64]
    assert rig.memory.read_uint(shim.buffer + 4, 4) == 1
    run(rig, shim.room)
    assert [len(batch) for batch in shim.batches] == [64, 36]


def test_a_batch_is_no_larger_than_the_memory_for_it(rig: Rig, ifnets: Ifnets, shim: Shim) -> None:
    echo(ifnets).send([b"x" * 9000] * 60)
    settle(rig)
    assert [len(batch) for batch in shim.batches] == [28, 28, 4]


def test_a_full_queue_takes_a_part_and_tells_of_room(rig: Rig, ifnets: Ifnets, shim: Shim) -> None:
    told: list[bool] = []
    ifnet = echo(ifnets)
    ifnet.on_room.append(lambda: told.append(True))
    assert ifnet.send([b"x" * 60] * (QUEUE_LIMIT + 5)) == QUEUE_LIMIT
    assert ifnet.room == 0
    settle(rig)
    assert told == [True]
    assert sum(map(len, shim.batches)) == QUEUE_LIMIT


def test_input_goes_to_every_receiver(rig: Rig, ifnets: Ifnets, shim: Shim) -> None:
    got: list[list[bytes]] = []
    echo(ifnets).receivers += [got.append, got.append]
    run(rig, shim.input, [b"one", b"second", b"3"])
    assert got == [[b"one", b"second", b"3"]] * 2


def test_link_and_wireless_events_are_told(rig: Rig, ifnets: Ifnets, shim: Shim) -> None:
    told: list[tuple[Any, ...]] = []
    ifnet = echo(ifnets)
    ifnet.on_link.append(lambda state: told.append((state,)))
    ifnet.on_event.append(lambda what, data: told.append((what, data)))

    def events() -> Calls:
        yield ("ifnet_link", shim.ifp, 2)
        yield ("ifnet_event", shim.ifp, 100, rig.memory.put_string("assoc"), 5)

    run(rig, events)
    assert told == [(2,), (100, b"assoc")]


def test_detach_ends_the_sender_first(rig: Rig, ifnets: Ifnets, shim: Shim) -> None:
    gone: list[bool] = []
    ifnet = echo(ifnets)
    ifnet.on_gone.append(lambda: gone.append(True))
    ifnet.send([b"x" * 60])
    settle(rig)
    run(rig, shim.detach)
    assert shim.left
    assert gone == [True]
    assert ifnets.find("echo0") is None
    assert ifnet.send([b"x" * 60]) == 0
    assert not rig.kernel.scheduler.lwps


def test_what_is_left_is_named_and_released(rig: Rig, ifnets: Ifnets, shim: Shim) -> None:
    ifnet = echo(ifnets)
    ifnet.send([b"x" * 60])
    settle(rig)
    owner: Any = ifnet.owner
    assert [str(leak) for leak in ifnets.leaks(owner)] == [
        "ifnet(9): interface echo0 is still attached"
    ]
    ifnets.release(owner)
    assert not list(ifnets)
    assert not rig.kernel.scheduler.lwps


def test_a_tap_is_on_while_somebody_listens(rig: Rig, ifnets: Ifnets, shim: Shim) -> None:
    where = rig.memory.allocate(8)
    bpf = 0x7000

    def attach() -> Calls:
        yield ("bpf_attach", bpf, shim.ifp, where, 1)

    run(rig, attach)
    tap = rig.kernel.service(Bpf).tap(shim.ifp)
    assert tap is not None
    got: list[Captured] = []
    listener = got.extend
    tap.listen(listener)
    assert rig.memory.read_uint(where, 8) == bpf

    def capture() -> Calls:
        records = rig.memory.allocate(32)
        rig.memory.write(records, struct.pack("=QIIQII", 5, 3, 1, 9, 2, OUT))
        frames = rig.memory.put_string("oneab")
        yield ("bpf_capture", bpf, records, frames, 2, 5, 4)

    run(rig, capture)
    assert got == [Captured(5, False, b"one"), Captured(9, True, b"ab")]
    assert tap.dropped == 4
    tap.stop(listener)
    assert rig.memory.read_uint(where, 8) == 0

    def detach() -> Calls:
        yield ("bpf_detach", bpf)

    run(rig, detach)
    assert tap.gone
    assert rig.kernel.service(Bpf).tap(shim.ifp) is None
