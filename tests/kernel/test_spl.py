"""spl(9): lowering the IPL lets in what waited; traces."""

from __future__ import annotations

from rumphost.kernel.lwp import IPL_NONE, IPL_VM


def test_lowering_lets_interrupts_in(sync_rig):
    rig = sync_rig

    def script():
        rig.fibers.current.ipl = IPL_VM
        yield ("spl_raise", IPL_VM)
        rig.interrupt(rig.log.append, 1)
        yield ("spl_raise", IPL_VM)
        rig.log.append("still raised")
        rig.fibers.current.ipl = IPL_NONE
        yield ("spl_lower", IPL_NONE)
        rig.log.append("lowered")

    events = rig.trace_of(lambda: rig.run_script(script))
    assert rig.log == ["still raised", 1, "lowered"]
    assert [(e.name, e.fields["ipl"]) for e in events if e.name.startswith("spl.")] == [
        ("spl.raise", "vm"), ("spl.raise", "vm"), ("spl.lower", "none"),
    ]  # fmt: skip
