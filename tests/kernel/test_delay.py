"""delay(9): time on the CPU."""

from __future__ import annotations


def test_delay_passes_time_without_giving_up_the_cpu(sync_rig):
    rig = sync_rig

    def script():
        yield ("delay", 250)
        rig.log.append(("script", rig.now_ns))

    rig.spawn(script)
    rig.spawn(lambda: rig.log.append(("other", rig.now_ns)), name="other")
    rig.run()
    assert rig.log == [("script", 250_000), ("other", 250_000)]


def test_delays_in_interrupts_hold_up_what_is_below(sync_rig):
    rig = sync_rig

    def interrupt():
        yield ("delay", 100)
        rig.log.append(("interrupt", rig.now_ns))

    def script():
        rig.interrupt(interrupt)
        yield ("delay", 10)
        rig.log.append(("script", rig.now_ns))

    rig.spawn(script)
    rig.run()
    assert rig.log == [("interrupt", 100_000), ("script", 100_000)]


def test_trace(sync_rig):
    def script():
        yield ("delay", 3)

    events = sync_rig.trace_of(lambda: sync_rig.run_script(script))
    assert [e.fields for e in events if e.name == "delay.delay"] == [{"microseconds": 3}]
