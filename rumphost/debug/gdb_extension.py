"""gdb commands for a host's lwps, on a live process and on a core file.

Loaded by gdb itself (``rumphost gdb`` does that, or ``source`` this file); runs in gdb's Python
and imports nothing but ``gdb``. All fibers share one OS thread, so ``info threads`` shows none of
them: ``rumphost lwps`` lists them and ``rumphost bt`` unwinds any one.

How a sleeping fiber is unwound: while a command runs, an unwinder tells gdb that the caller of
frame 0 is the fiber's saved context, as fiber.c stores it. Nothing is written to the process, so a
core file serves as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gdb
from gdb.unwinder import Unwinder, register_unwinder

# Where rumphost_switch (hypercalls/host/fiber.c) leaves the registers, in bytes from the stack
# pointer, and the size of it all.
_SAVED = {
    "i386:x86-64": (
        {"r15": 8, "r14": 16, "r13": 24, "r12": 32, "rbx": 40, "rbp": 48, "rip": 56},
        64,
        ("rip", "rsp", "rbp"),
    ),
    "aarch64": (
        {**{f"x{19 + n}": 8 * n for n in range(11)}, "pc": 88},
        160,
        ("pc", "sp", "x29"),
    ),
}
_UCONTEXT_GREGS = {"r12": 4, "r13": 5, "r14": 6, "r15": 7, "rbp": 10, "rbx": 11}
_UCONTEXT_RSP, _UCONTEXT_RIP = 15, 16

_KINDS = {"i": "interrupt", "s": "softint", "t": "thread"}
_STATES = {"R": "runnable", "O": "on CPU", "S": "asleep", "Z": "gone"}


def _cpu() -> Any:
    """Return ``rumphost_cpu_state``; a gdb error where there is none."""
    symbol = gdb.lookup_global_symbol("rumphost_cpu_state")
    if symbol is None:
        raise gdb.GdbError("no rumphost host in this process (or it has not started yet)")
    return symbol.value()


def _lwps() -> Iterator[Any]:
    lwp = _cpu()["lwps"]
    while int(lwp) != 0:
        yield lwp.dereference()
        lwp = lwp["next"]


def _text(array: Any) -> str:
    return str(array.string(errors="replace"))


def _character(value: Any) -> str:
    return chr(int(value) & 0xFF)


def _lock_name(address: int) -> str:
    said = gdb.execute(f"info symbol {address:#x}", to_string=True)
    where = said.split(" in section")[0].strip()
    return f"{address:#x}" if said.startswith("No symbol") else f"{address:#x} <{where}>"


def _held(lwp: Any) -> list[str]:
    return [_lock_name(int(lwp["held"][n])) for n in range(int(lwp["held_count"]))]


def _find(text: str) -> Any:
    for lwp in _lwps():
        if text in (str(int(lwp["lid"])), _text(lwp["name"])):
            return lwp
    raise gdb.GdbError(f"no lwp {text}: see 'rumphost lwps'")


def _on_cpu(lwp: Any) -> bool:
    """Tell whether the OS thread is on this fiber's stack right now."""
    if int(_cpu()["running"]) != int(lwp.address):
        return False
    stack_pointer = int(gdb.parse_and_eval("$sp")) & 0xFFFF_FFFF_FFFF_FFFF
    return 0 <= stack_pointer - int(lwp["stack"]) <= int(lwp["stack_size"])


def _memory_word(address: int) -> int:
    return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, 8)), "little")


def _registers(lwp: Any) -> dict[str, int]:
    """Return the registers with which an lwp that is off the CPU will go on."""
    layout = _SAVED.get(gdb.selected_inferior().architecture().name())
    if layout is None:
        raise gdb.GdbError("backtraces of sleeping lwps need x86-64 or aarch64")
    offsets, size, (pc, sp, fp) = layout
    if int(lwp["in_fault"]):
        values = (lwp["fault_pc"], lwp["fault_sp"], lwp["fault_fp"])
        return dict(zip((pc, sp, fp), map(int, values), strict=True))
    fiber = lwp.address.cast(gdb.lookup_type("struct fiber").pointer()).dereference()
    if any(field.name == "context" for field in fiber.type.fields()):
        general = fiber["context"]["uc_mcontext"]["gregs"]
        found = {name: int(general[n]) for name, n in _UCONTEXT_GREGS.items()}
        return found | {sp: int(general[_UCONTEXT_RSP]), pc: int(general[_UCONTEXT_RIP])}
    saved = int(lwp["sp"])
    found = {name: _memory_word(saved + offset) for name, offset in offsets.items()}
    return found | {sp: saved + size}


class _FrameId:
    def __init__(self, sp: int, pc: int) -> None:
        self.sp = sp
        self.pc = pc


class _FiberUnwinder(Unwinder):  # type: ignore[misc]
    """While ``registers`` is set: what calls frame 0 is a fiber."""

    def __init__(self) -> None:
        super().__init__("rumphost-fiber")
        self.registers: dict[str, int] = {}

    def __call__(self, pending_frame: Any) -> Any:
        if not self.registers or pending_frame.level() != 0:
            return None
        word = gdb.lookup_type("unsigned long")
        # A stack address below the fiber's, so that gdb sees the stack grow the usual way.
        info = pending_frame.create_unwind_info(_FrameId(gdb.Value(16), gdb.Value(0)))
        for name, value in self.registers.items():
            info.add_saved_register(name, gdb.Value(value).cast(word))
        return info


_unwinder = _FiberUnwinder()


def _frames(lwp: Any) -> Iterator[Any]:
    """Yield the lwp's frames, innermost first; valid until the generator goes on."""
    if _on_cpu(lwp):
        frame = gdb.newest_frame()
        while frame is not None:
            yield frame
            frame = frame.older()
        return
    selected = gdb.selected_frame()
    level = selected.level()
    _unwinder.registers = _registers(lwp)
    gdb.invalidate_cached_frames()
    try:
        frame = gdb.newest_frame().older()
        while frame is not None:
            yield frame
            frame = frame.older()
    finally:
        _unwinder.registers = {}
        gdb.invalidate_cached_frames()
        gdb.execute(f"frame {level}", to_string=True)


def _arguments(frame: Any) -> str:
    try:
        block = frame.block()
    except RuntimeError:
        return ""
    shown = []
    while block is not None and block.function is None:
        block = block.superblock
    for symbol in block or ():
        if symbol.is_argument:
            value = frame.read_var(symbol)
            try:
                text = value.format_string(max_elements=32, summary=True, max_depth=1)
            except gdb.error as error:
                text = f"<{error}>"
            shown.append(f"{symbol.name}={text}")
    return ", ".join(shown)


_HOST_FUNCTIONS = ("rumphost_switch", "leave", "trap", "call", "fiber_main", "rumphost_enter")


def _print_frames(lwp: Any, *, everything: bool) -> None:
    number = 0
    for frame in _frames(lwp):
        name = frame.name() or "??"
        if not everything and (name in _HOST_FUNCTIONS or name == "rumphost_fiber_start"):
            if name == "rumphost_enter":
                break
            continue
        where = frame.find_sal()
        place = f" at {where.symtab.filename}:{where.line}" if where.symtab else ""
        print(f"#{number:<2} {frame.pc():#x} in {name} ({_arguments(frame)}){place}")
        number += 1


class _Prefix(gdb.Command):  # type: ignore[misc]
    """Commands for the lwps of a rumphost host: rumphost lwps, rumphost bt."""

    def __init__(self) -> None:
        super().__init__("rumphost", gdb.COMMAND_STATUS, prefix=True)


class _Lwps(gdb.Command):  # type: ignore[misc]
    """List the lwps: number, name, kind, state, IPL, wait message, locks held."""

    def __init__(self) -> None:
        super().__init__("rumphost lwps", gdb.COMMAND_STATUS)

    def invoke(self, argument: str, from_tty: bool) -> None:
        del argument, from_tty
        print(f"  {'LID':>4} {'NAME':<20} {'KIND':<9} {'STATE':<8} {'IPL':>3} {'WMESG':<12} HELD")
        for lwp in sorted(_lwps(), key=lambda each: int(each["lid"])):
            state = _character(lwp["state"])
            kind = _character(lwp["kind"])
            mark = "*" if _on_cpu(lwp) else " "
            held = ", ".join(_held(lwp)) or "-"
            line = (
                f"{mark} {int(lwp['lid']):>4} {_text(lwp['name']):<20} "
                f"{_KINDS.get(kind, kind):<9} {_STATES.get(state, state):<8} "
                f"{int(lwp['ipl']):>3} {_text(lwp['wmesg']) or '-':<12} {held}"
            )
            print(line)


class _Backtrace(gdb.Command):  # type: ignore[misc]
    """Print the C backtrace of an lwp: rumphost bt [-full] LID|NAME|all."""

    def __init__(self) -> None:
        super().__init__("rumphost bt", gdb.COMMAND_STACK)

    def invoke(self, argument: str, from_tty: bool) -> None:
        del from_tty
        words = argument.split()
        everything = "-full" in words
        named = [word for word in words if word != "-full"]
        if len(named) != 1:
            raise gdb.GdbError("usage: rumphost bt [-full] LID|NAME|all")
        chosen = list(_lwps()) if named[0] == "all" else [_find(named[0])]
        for lwp in chosen:
            print(f"lwp {int(lwp['lid'])} ({_text(lwp['name'])}):")
            _print_frames(lwp, everything=everything)


def _install() -> None:
    register_unwinder(None, _unwinder, replace=True)
    _Prefix()
    _Lwps()
    _Backtrace()
    # The host's own signals: its watchdog ticks, and faults that it turns into reports.
    gdb.execute("handle SIGVTALRM nostop noprint pass", to_string=True)


_install()
