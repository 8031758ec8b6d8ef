"""The i8254x driver under load: many frames, large ones, a full ring, two devices on a cable."""

from __future__ import annotations

import random

import pytest
import trio
from far_end import ADDRESS, PATIENCE_S, FarEnd, WireEnd, frame, mixed_frames

from rumphost.classes.ifnet import IfFlags, IoctlError
from rumphost.models import crossover

SIM, SIM_INTX, QEMU = "sim:i82540em", "sim:i82540em:msi=off", "qemu:e1000"
FRAMES = 10_000
pytestmark = [pytest.mark.driver("if_i8254x"), pytest.mark.machine(SIM, QEMU)]


@pytest.fixture
def netdev():
    return "dgram"


def counts(host) -> dict[str, int]:
    """Return the driver's event counters by name."""
    return {count.name: count.value for count in host.counts()}


async def receive(frames, count: int) -> list[bytes]:
    """Wait for so many frames of a stream."""
    got: list[bytes] = []
    with trio.fail_after(PATIENCE_S):
        while len(got) < count:
            got += await frames.batch()
    return got


def assert_same(got: list[bytes], sent: list[bytes]) -> None:
    """Compare byte for byte; a failure names the first frame that differs, and no more."""
    for number, (one, other) in enumerate(zip(got, sent, strict=False)):
        if one != other:
            pytest.fail(f"frame {number}: {other[:40].hex()}… arrived as {one[:40].hex()}…")
    assert len(got) == len(sent)


class TestManyFrames:
    async def test_out(self, host, interface, far_end: FarEnd):
        sent = mixed_frames(ADDRESS, interface.ifnet.address, FRAMES, seed=1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(interface.send_all, sent)
            assert_same(await far_end.take(FRAMES), sent)
        assert interface.counters.oerrors == interface.queue_drops == 0
        assert counts(host)["tx timeouts"] == 0

    async def test_in(self, host, interface, far_end: FarEnd):
        sent = mixed_frames(interface.ifnet.address, ADDRESS, FRAMES, seed=2)
        with interface.frames(limit=FRAMES) as frames:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(far_end.send, *sent)
                assert_same(await receive(frames, FRAMES), sent)
            assert not frames.dropped
        counters = interface.counters
        assert counters.ipackets == FRAMES
        assert counters.ibytes == sum(map(len, sent))
        assert counters.ierrors == counters.iqdrops == 0

    @pytest.mark.machine(SIM, SIM_INTX, QEMU)
    async def test_both_ways_at_once(self, host, interface, far_end: FarEnd):
        out = mixed_frames(ADDRESS, interface.ifnet.address, 2000, seed=3)
        back = mixed_frames(interface.ifnet.address, ADDRESS, 2000, seed=4)
        with interface.frames(limit=2000) as frames:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(interface.send_all, out)
                nursery.start_soon(far_end.send, *back)
                assert_same(await receive(frames, 2000), back)
                assert_same(await far_end.take(2000), out)

    @pytest.mark.machine(SIM)
    @pytest.mark.parametrize("seed", [pytest.param(n, marks=pytest.mark.seed(n)) for n in (1, 2)])
    async def test_on_a_shaken_schedule(self, host, interface, far_end: FarEnd, seed):
        out = mixed_frames(ADDRESS, interface.ifnet.address, 1000, seed=5)
        back = mixed_frames(interface.ifnet.address, ADDRESS, 1000, seed=6)

        async def send_back() -> None:
            """Not faster than they are taken, however much of it all is trapped and takes time."""
            for start in range(0, len(back), 50):
                await far_end.send(*back[start : start + 50])
                await trio.sleep(0.005)

        with interface.frames(limit=1000) as frames:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(interface.send_all, out)
                nursery.start_soon(send_back)
                assert_same(await receive(frames, 1000), back)
                assert_same(await far_end.take(1000), out)

    @pytest.mark.machine(SIM)
    async def test_the_wire_is_used_fully(self, interface, far_end: FarEnd):
        """On the virtual clock the computer takes no time: the driver must reach a gigabit."""
        sent = [frame(ADDRESS, bytes(1500), sender=interface.ifnet.address)] * 2000
        start_s = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(interface.send_all, sent)
            await far_end.take(2000)
        seconds = trio.current_time() - start_s
        assert 2000 * (1514 + 24) * 8 / seconds > 0.98e9

    async def test_a_short_frame(self, host, interface, far_end: FarEnd):
        short = frame(ADDRESS, b"short", sender=interface.ifnet.address)
        await interface.send(short)
        (sent,) = await far_end.take()
        # The driver asks the chip to pad; QEMU's chip does not obey.
        assert sent == (short if host.machine.name.startswith("qemu") else short.ljust(60, b"\0"))


class TestJumbo:
    async def test_limits(self, host, device):
        interface = host.interface(device)
        for wrong in (9001, 20):
            with pytest.raises(IoctlError) as refused:
                await interface.set_mtu(wrong)
            assert refused.value.name == "EINVAL"
        assert interface.mtu == 1500

    async def test_nine_thousand_bytes(self, host, interface, far_end: FarEnd):
        await interface.set_mtu(9000)
        assert interface.mtu == 9000
        with trio.fail_after(10):
            await interface.wait_link()
        dice = random.Random(7)
        mine = interface.ifnet.address
        sizes = [46, 1500, 1501, 2034, 2035, 4082, 4083, 8178, 8999, 9000] * 10
        out = [frame(ADDRESS, dice.randbytes(size), sender=mine) for size in sizes]
        back = [frame(mine, dice.randbytes(size)) for size in sizes]
        with interface.frames() as frames:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(interface.send_all, out)
                nursery.start_soon(far_end.send, *back)
                assert_same(await receive(frames, len(back)), back)
                assert_same(await far_end.take(len(out)), out)

    async def test_back_to_1500(self, host, interface, far_end: FarEnd):
        await interface.set_mtu(9000)
        await interface.set_mtu(1500)
        with trio.fail_after(10):
            await interface.wait_link()
        mine = interface.ifnet.address
        with interface.frames() as frames:
            await far_end.send(frame(mine, bytes(9000)), frame(mine, bytes(100)))
            assert [len(one) for one in await receive(frames, 1)] == [114]


class TestFullRing:
    @pytest.mark.machine(SIM, SIM_INTX)
    async def test_overrun(self, host, interface, far_end: FarEnd):
        """While the driver does not look, ring and packet buffer fill up; then it goes on."""
        model = host.machine.functions[0]
        mine = interface.ifnet.address
        mask, model.interrupts.mask = model.interrupts.mask, 0
        with interface.frames(limit=2000) as frames:
            sent = [frame(mine, n.to_bytes(4, "big") + bytes(996)) for n in range(500)]
            await far_end.send(*sent)
            await trio.sleep(0.01)
            assert len(frames) == 0
            model.interrupts.write_ims(mask)
            # 255 in the ring, and what fits into 48 KiB of packet buffer.
            kept = 255 + 48 * 1024 // len(sent[0])
            assert_same(await receive(frames, kept), sent[:kept])
            await far_end.send(*sent[:100])
            assert_same(await receive(frames, 100), sent[:100])
        events = counts(host)
        assert events["rx overruns"] >= 1
        await trio.sleep(1.1)
        assert counts(host)["hw missed frames"] == 500 - kept
        assert interface.counters.iqdrops == 500 - kept
        assert interface.counters.ipackets == kept + 100

    @pytest.mark.machine(SIM)
    async def test_no_memory_for_new_buffers(self, host, interface, far_end: FarEnd):
        """Frames are dropped, their buffers are used again, and all goes on."""
        mine = interface.ifnet.address
        sent = [frame(mine, bytes([n]) * 100) for n in range(100)]
        held = exhaust(host)
        with interface.frames() as frames:
            await far_end.send(*sent)
            await trio.sleep(0.1)
            dropped = counts(host)["rx no buffer"]
            assert dropped > 0
            assert interface.counters.iqdrops == dropped
            assert len(frames) == 100 - dropped
            await frames.batch() if len(frames) else None
            for address in held:
                host.kernel.memory.release(address)
            await far_end.send(*sent)
            assert_same(await receive(frames, 100), sent)

    @pytest.mark.machine("sim:i82540em:bits_per_second=1000000")
    async def test_a_slow_wire_holds_the_sender_back(self, host, interface, far_end: FarEnd):
        sent = mixed_frames(ADDRESS, interface.ifnet.address, 2000, seed=8)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(interface.send_all, sent)
            with trio.fail_after(60):
                assert_same(await far_end.take(2000), sent)
        assert interface.queue_drops == 0
        assert counts(host)["tx no descriptor"] + counts(host)["tx no job"] > 0
        assert counts(host)["tx timeouts"] == 0


def exhaust(host) -> list[int]:
    """Take all memory of the arena, so that nothing can be allocated."""
    held: list[int] = []
    size = 1 << 24
    while size >= 64:
        try:
            held.append(host.kernel.memory.allocate(size))
        except MemoryError:
            size //= 2
    return held


@pytest.mark.machine("sim:i82540em,i82540em")
class TestTwo:
    async def test_back_to_back(self, host):
        devices = await host.attach("if_i8254x")
        left, right = (host.interface(device) for device in devices)
        crossover(*(function.wire for function in host.machine.functions))
        for interface in (left, right):
            await interface.up()
            await interface.wait_link()
        there = mixed_frames(right.ifnet.address, left.ifnet.address, 2000, seed=9)
        back = mixed_frames(left.ifnet.address, right.ifnet.address, 2000, seed=10)
        with left.frames(limit=2000) as at_left, right.frames(limit=2000) as at_right:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(left.send_all, there)
                nursery.start_soon(right.send_all, back)
                assert_same(await receive(at_right, 2000), there)
                assert_same(await receive(at_left, 2000), back)

    async def test_one_goes_the_other_stays(self, host):
        devices = await host.attach("if_i8254x")
        for device in devices:
            await host.interface(device).up()
        await host.detach(devices[0])
        assert host.devices == [devices[1]]
        interface = host.interface("iex1")
        assert interface.flags & IfFlags.RUNNING
        await interface.wait_link()
        end = WireEnd(host, 1)
        await interface.send(frame(ADDRESS, bytes(46)))
        assert len(await end.take()) == 1

    @pytest.mark.machine(
        "sim:i82540em:msi=off,edu:msi=off,edu:msi=off,edu:msi=off,teach:msi=off:msix=off"
    )
    async def test_another_driver_on_the_same_line(self, host):
        """The board has four interrupt lines; the first and the fifth device share one."""
        await host.attach("if_i8254x", "edu", "teach")
        lines = [line.text for line in host.console.lines if "interrupting" in line.text]
        irq = lines[0].partition(" ")[2]
        assert [line.partition(" ")[0] for line in lines if line.endswith(irq)] == [
            "iex0:",
            "teach0:",
        ]
        interface = host.interface("iex0")
        await interface.up()
        await interface.wait_link()
        mine = interface.ifnet.address
        sent = mixed_frames(mine, ADDRESS, 1000, seed=11)
        end = WireEnd(host)
        with interface.frames() as frames:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(end.send, *sent)
                for n in range(20):
                    await host.set_sysctl("hw.teach0.text", f"Hello {n}")
                    assert await host.sysctl("hw.teach0.text") == f"hELLO {n}"
                assert_same(await receive(frames, 1000), sent)
        await host.detach(host.device("iex0"))
        await host.set_sysctl("hw.teach0.text", "Alone")
        assert await host.sysctl("hw.teach0.text") == "aLONE"
