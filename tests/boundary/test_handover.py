"""Lwps that wake one another by handover, without Python in between."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rumphost.boundary import Boundary
from rumphost.sources import hypercalls_dir

RETURN, ASLEEP, MOVED = 0, 4, 0x4000_0000
PENDING_NOTHING = -1


@pytest.fixture(scope="session")
def handover_path(image_path: Path) -> Path:
    work, hypercalls = image_path.parent, hypercalls_dir()
    output = work / "handover.so"
    program = work / "plain.c"
    program.write_text("#include <sys/types.h>\nvoid rumphost_update_clock(void) { }\n")
    subprocess.run(
        ["cc", "-std=gnu99", "-ffreestanding", "-nostdinc", "-nostdlib", "-fPIC", "-shared",
         "-fvisibility=hidden", "-fno-omit-frame-pointer", "-O1", "-Wl,-z,defs", f"-I{work}",
         f"-I{hypercalls}", "-o", str(output), str(work / "stubs.c"), str(program),
         str(Path(__file__).with_name("handover.c")), str(hypercalls / "start.c")],
        check=True,
    )  # fmt: skip
    return output


@pytest.fixture
def players(boundary: Boundary, handover_path: Path):
    image = boundary.load(handover_path)
    boundary.pending_ipl = PENDING_NOTHING

    def make(lid: int, name: str, *args: int, kind: str = "t", ipl: int = 0):
        return boundary.create(image, name, lid, kind, ipl, image.symbol(name), args)

    return make


def finish(*fibers):
    for fiber in fibers:
        fiber.destroy()


def turns(make, me: int) -> int:
    asked = make(9, "taken", me)
    assert asked.run() == RETURN
    asked.destroy()
    return asked.result


def test_they_take_turns_until_none_are_left(boundary, players):
    boundary.set_clock(0, 1000)
    ping, pong = players(1, "play", 0, 5), players(2, "play", 1, 5)
    assert ping.run() == ASLEEP | MOVED
    ((lid, state, word, wmesg),) = boundary.handed_over()
    assert (lid, state, wmesg) == (1, "S", "ping")
    assert word
    assert pong.run() == RETURN | MOVED
    assert {lid: state for lid, state, *_ in boundary.handed_over()} == {1: "O", 2: "R"}
    assert pong.run() == RETURN
    assert (turns(players, 0), turns(players, 1)) == (5, 5)
    finish(ping, pong)


def test_python_has_its_turn_after_so_many(boundary, players):
    boundary.set_clock(0, 3)
    ping, pong = players(1, "play", 0, 100), players(2, "play", 1, 100)
    ping.run()
    boundary.handed_over()
    assert pong.run() == RETURN | MOVED  # refused: it would have made a hypercall
    boundary.handed_over()
    assert turns(players, 0) + turns(players, 1) == 5
    finish(ping, pong)


def test_whoever_is_runnable_already_comes_first(boundary, players):
    boundary.set_clock(0, 1000)
    ping, pong = players(1, "play", 0, 5), players(2, "play", 1, 5)
    ping.run()
    boundary.handed_over()
    boundary.pending_ipl = 0
    assert pong.run() == ASLEEP | MOVED
    assert [(lid, state) for lid, state, *_ in boundary.handed_over()] == [(2, "S"), (1, "R")]
    finish(ping, pong)


@pytest.mark.parametrize(("kind", "ipl"), [("i", 6), ("s", 3), ("t", 6)])
def test_only_plain_threads_hand_over(boundary, players, kind, ipl):
    boundary.set_clock(0, 1000)
    lwp = players(1, "doze", kind=kind, ipl=ipl)
    assert lwp.run() == RETURN
    assert lwp.result == 0
    finish(lwp)


def test_nobody_finds_a_sleeper_that_is_gone(boundary, players):
    boundary.set_clock(0, 1000)
    ping, pong = players(1, "play", 0, 5), players(2, "play", 1, 1)
    ping.run()
    boundary.handed_over()
    ping.destroy()
    assert pong.run() == ASLEEP | MOVED
    assert [(lid, state) for lid, state, *_ in boundary.handed_over()] == [(2, "S")]
    finish(pong)
