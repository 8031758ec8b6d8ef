"""The lwps of a rumphost host as gdb sees them: their C structures, registers and frames.

Loaded by ``gdb_extension.py``, in gdb's Python; imports nothing but ``gdb``.

How a sleeping lwp is unwound: an unwinder tells gdb that the caller of the process's innermost
frame is the fiber's saved context, as fiber.c stores it. Nothing is written to the process, so a
core file serves as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gdb
from gdb.unwinder import Unwinder, register_unwinder

Registers = dict[str, int]

# Where rumphost_switch (hypercalls/host/fiber.c) leaves the registers, in bytes from the stack
# pointer; the size of it all; and pc, sp and frame pointer by their names.
_SAVED: dict[str, tuple[dict[str, int], int, tuple[str, str, str]]] = {
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
# The same in the C library's ucontext_t, for the portable fibers: indices of gregs or regs.
_GREGS = {"r12": 4, "r13": 5, "r14": 6, "r15": 7, "rbp": 10, "rbx": 11, "rsp": 15, "rip": 16}
_REGS = {f"x{n}": n for n in range(19, 31)}

_STATES = {"R": "runnable", "O": "on CPU", "S": "asleep", "Z": "gone"}
_HOST_LIBRARY = "_rumphost_host_"
ADDRESS = 0xFFFF_FFFF_FFFF_FFFF


# -- what the process says


def check_process() -> None:
    """Raise a sentence when there is no process."""
    if gdb.selected_thread() is None:
        raise gdb.GdbError("no process: 'run' one, or open a core file")


def cpu() -> Any:
    """Return ``rumphost_cpu_state``; a sentence where there is none."""
    check_process()
    symbol = gdb.lookup_global_symbol("rumphost_cpu_state")
    if symbol is None:
        raise gdb.GdbError("no rumphost host in this process, or not yet")
    return symbol.value()


def lwps() -> list[Any]:
    found = []
    try:
        lwp = cpu()["lwps"]
        while int(lwp) != 0:
            found.append(lwp.dereference())
            lwp = lwp["next"]
    except gdb.MemoryError as error:
        raise gdb.GdbError(f"no lwps to see: {error}") from error
    return sorted(found, key=lambda each: int(each["lid"]))


def text(array: Any) -> str:
    return str(array.string(errors="replace"))


def character(value: Any) -> str:
    return chr(int(value) & 0xFF)


def label(lwp: Any) -> str:
    return f"lwp {int(lwp['lid'])} ({text(lwp['name'])})"


def find(name: str) -> Any:
    for lwp in lwps():
        if name in (str(int(lwp["lid"])), text(lwp["name"])):
            return lwp
    raise gdb.GdbError(f"no lwp {name}: see 'rumphost lwps'")


def word(address: int) -> int:
    return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, 8)), "little")


def held(lwp: Any) -> list[int]:
    return [int(lwp["held"][n]) for n in range(int(lwp["held_count"]))]


def state(lwp: Any) -> str:
    if int(lwp["in_fault"]):
        return "crashed"
    letter = character(lwp["state"])
    if int(cpu()["running"]) == int(lwp.address):
        letter = "O"
    return _STATES.get(letter, letter)


# -- registers of an lwp that is off the CPU


def _layout() -> tuple[dict[str, int], int, tuple[str, str, str]]:
    layout = _SAVED.get(gdb.selected_inferior().architecture().name())
    if layout is None:
        raise gdb.GdbError("stacks of sleeping lwps need x86-64 or aarch64")
    return layout


def _function(pc: int) -> Any:
    block = gdb.block_for_pc(pc)
    while block is not None and block.function is None:
        block = block.superblock
    return block


def _place(pc: int) -> tuple[str, int, int]:
    """Return what must be alike for two addresses that gdb may take for one another."""
    where, function = gdb.find_pc_line(pc), _function(pc)
    name = where.symtab.filename if where.symtab else ""
    return name, where.line, function.start if function is not None else 0


def _at_fault(lwp: Any) -> Registers:
    pc, sp, fp = _layout()[2]
    fault_pc, fault_sp, fault_fp = (int(lwp[f"fault_{name}"]) for name in ("pc", "sp", "fp"))
    function = _function(fault_pc)
    if function is not None and function.start != fault_pc:
        # gdb takes the pc of a caller's frame for a return address, one past the call.
        past = int(_place(fault_pc) != _place(fault_pc - 1))
        return {pc: fault_pc + past, sp: fault_sp, fp: fault_fp}
    # A call through a bad pointer, or a function's first instruction: no frame yet.
    if pc == "rip":
        return {pc: word(fault_sp), sp: fault_sp + 8, fp: fault_fp}
    return {pc: fault_pc, sp: fault_sp, fp: fault_fp}


def _saved(lwp: Any) -> Registers:
    """Return the registers with which the lwp will go on, or had when it crashed."""
    offsets, size, (pc, sp, _) = _layout()
    if int(lwp["in_fault"]):
        return _at_fault(lwp)
    fiber = lwp.address.cast(gdb.lookup_type("struct fiber").pointer()).dereference()
    if any(field.name == "context" for field in fiber.type.fields()):
        machine = fiber["context"]["uc_mcontext"]
        if pc == "rip":
            return {name: int(machine["gregs"][n]) & ADDRESS for name, n in _GREGS.items()}
        found = {name: int(machine["regs"][n]) for name, n in _REGS.items()}
        return found | {"pc": int(machine["pc"]), "sp": int(machine["sp"])}
    saved = int(lwp["sp"])
    return {name: word(saved + offset) for name, offset in offsets.items()} | {sp: saved + size}


class _FrameId:
    """Of the frame where the process stands: below every stack, since to gdb stacks grow."""

    sp = gdb.Value(16)
    pc = gdb.Value(0)


class _Unwinder(Unwinder):  # type: ignore[misc]
    """While ``registers`` has some: the frame that ``stands`` (pc, sp) was called with those."""

    def __init__(self) -> None:
        super().__init__("rumphost-lwp")
        self.lid = 0
        self.stands = (0, 0)
        self.registers: Registers = {}

    def __call__(self, pending_frame: Any) -> Any:
        if not self.registers or _position(pending_frame) != self.stands:
            return None
        info = pending_frame.create_unwind_info(_FrameId)
        kind = gdb.lookup_type("unsigned long")
        for name, value in self.registers.items():
            info.add_saved_register(name, gdb.Value(value).cast(kind))
        return info

    def forget(self) -> None:
        """Let frames be those of the process again, once gdb looks at it anew."""
        self.lid, self.stands, self.registers = 0, (0, 0), {}

    def select(self, lid: int, stands: tuple[int, int], registers: Registers) -> None:
        self.lid, self.stands, self.registers = lid, stands, registers
        gdb.invalidate_cached_frames()


unwinder = _Unwinder()


def _position(frame: Any) -> tuple[int, int]:
    return (
        int(frame.read_register("pc")) & ADDRESS,
        int(frame.read_register("sp")) & ADDRESS,
    )


def _walk() -> Iterator[Any]:
    frame = gdb.newest_frame()
    while frame is not None:
        yield frame
        frame = frame.older()


def _is_on_stack(lwp: Any) -> bool:
    low = int(lwp["stack"])
    return any(0 <= _position(f)[1] - low <= int(lwp["stack_size"]) for f in _walk())


def _go_to_cpu(lwp: Any) -> bool:
    """Select the OS thread that is on this lwp's stack right now; False when none is."""
    if int(cpu()["running"]) != int(lwp.address) or int(lwp["in_fault"]):
        return False
    here = gdb.selected_thread()
    if here is None or _is_on_stack(lwp):
        return here is not None
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        if _is_on_stack(lwp):
            return True
    here.switch()
    return False


def show(lwp: Any) -> None:
    """Let gdb's frames be those of an lwp."""
    look_back()
    if _go_to_cpu(lwp):
        return
    try:
        unwinder.select(int(lwp["lid"]), _position(gdb.newest_frame()), _saved(lwp))
    except gdb.error as error:
        raise gdb.GdbError(f"cannot unwind {label(lwp)}: {error}") from error


def look_back() -> None:
    """Let gdb's frames be those of where the process stands."""
    if unwinder.registers:
        unwinder.forget()
        gdb.invalidate_cached_frames()


def own_frames() -> Iterator[Any]:
    """Yield the frames of the lwp that is shown, without those of where the process stands."""
    for frame in _walk():
        if not unwinder.registers or _position(frame) != unwinder.stands:
            yield frame


@contextmanager
def elsewhere() -> Iterator[None]:
    """Come back to the present lwp and frame afterwards."""
    check_process()
    thread = gdb.selected_thread()
    before = unwinder.lid, unwinder.stands, unwinder.registers
    level = gdb.selected_frame().level()
    try:
        yield
    finally:
        thread.switch()
        unwinder.select(*before)
        gdb.execute(f"frame {level}", to_string=True)


# -- frames


def is_host(frame: Any) -> bool:
    """Tell whether a frame is the way into or out of a fiber, and says nothing of a driver."""
    library = gdb.solib_name(frame.pc()) or ""
    where = frame.find_sal().symtab
    generated = where is not None and "/stubs-" in where.filename
    return _HOST_LIBRARY in library or generated or frame.name() == "rumphost_enter"


def variables(frame: Any, *, only_arguments: bool) -> Iterator[tuple[str, Any]]:
    """Yield names and values of a frame's arguments, and perhaps local variables."""
    try:
        block = frame.block()
    except RuntimeError:
        return
    while block is not None:
        function = block.function
        if function is not None or not only_arguments:
            for symbol in block:
                if symbol.is_argument or (symbol.is_variable and not only_arguments):
                    yield symbol.name, _value(frame, symbol)
        if function is not None:
            return
        block = block.superblock


def _value(frame: Any, symbol: Any) -> Any:
    try:
        return frame.read_var(symbol)
    except (gdb.error, RuntimeError) as error:
        return f"<{error}>"


class OwnFramesOnly:
    """gdb's ``bt``, while an lwp is selected, begins with that lwp."""

    name = "rumphost-lwp"
    priority = 100
    enabled = True

    def filter(self, frames: Iterator[Any]) -> Iterator[Any]:
        if not unwinder.registers:
            return frames
        return (each for each in frames if _position(each.inferior_frame()) != unwinder.stands)


def install() -> None:
    """Let gdb unwind lwps."""
    register_unwinder(None, unwinder, replace=True)
    gdb.frame_filters[OwnFramesOnly.name] = OwnFramesOnly()
