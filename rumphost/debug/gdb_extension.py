"""gdb commands for a host's lwps, on a live process and on a core file.

``rumphost gdb`` loads this file into gdb; in a gdb of one's own, ``source`` it. It runs in gdb's
Python (gdb 11 or later) and imports nothing but ``gdb``. All lwps are fibers in one OS thread, so
``info threads`` shows none of them. Instead:

``rumphost lwps``
    lists them: LID, name, kind, state, IPL, what a sleeping one waits for, the locks it holds.
    ``*`` marks the one on the CPU.
``rumphost bt LID|NAME|all``
    prints the C backtrace of one or all; ``-full`` with the host's own frames.
``rumphost lwp LID|NAME``
    selects one: from now on gdb's own ``bt``, ``frame N``, ``up``, ``info locals``, ``print`` and so
    on are about it, with the frame numbers that ``rumphost bt`` shows. ``rumphost lwp -`` goes back
    to where the process stands; so does letting it run.
``rumphost frame LID|NAME N``
    selects an lwp and a frame of it.
``rumphost locks``
    lists the locks that somebody holds or waits for. Waiting for a condition is no waiting for a
    lock: see the wait message for that.
``rumphost break WHERE``
    is gdb's ``break``, and says at the end if the place was never reached.
``$_lwp()``
    the LID on the CPU, or 0 while Python runs: ``break teach_intr if $_lwp() == 5``.

``next``, ``finish`` and ``until`` stay in the lwp when it sleeps and others run meanwhile. The
watchdog counts CPU time, and its count starts anew whenever the process stops here. A driver that
crashes stops with its signal, before the host takes notice; ``continue`` lets the host report it.
``break rumphost_panic`` stops at panic(9) and at a failed KASSERT.

How a sleeping lwp is unwound: an unwinder tells gdb that the caller of the process's innermost
frame is the fiber's saved context, as fiber.c stores it. Nothing is written to the process, so a
core file serves as well. While an lwp is selected, frame 0 is still the place where the process
stands, and ``bt`` leaves it out. After a fault the host knows only pc, sp and frame pointer of the
innermost frame: variables that it kept in other registers are not there any more.
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

_KINDS = {"i": "interrupt", "s": "softint", "t": "thread"}
_STATES = {"R": "runnable", "O": "on CPU", "S": "asleep", "Z": "gone"}
_HOST_LIBRARY = "_rumphost_host_"
_LOCK_TYPES = ("kmutex", "krwlock")
_LOCK_WAIT = "tstile"
_ADDRESS = 0xFFFF_FFFF_FFFF_FFFF


# -- what the process says


def _cpu() -> Any:
    symbol = gdb.lookup_global_symbol("rumphost_cpu_state")
    if symbol is None:
        raise gdb.GdbError("no rumphost host in this process, or not yet")
    return symbol.value()


def _lwps() -> list[Any]:
    found = []
    try:
        lwp = _cpu()["lwps"]
        while int(lwp) != 0:
            found.append(lwp.dereference())
            lwp = lwp["next"]
    except gdb.MemoryError as error:
        raise gdb.GdbError(f"no lwps to see: {error}") from error
    return sorted(found, key=lambda each: int(each["lid"]))


def _text(array: Any) -> str:
    return str(array.string(errors="replace"))


def _character(value: Any) -> str:
    return chr(int(value) & 0xFF)


def _label(lwp: Any) -> str:
    return f"lwp {int(lwp['lid'])} ({_text(lwp['name'])})"


def _find(text: str) -> Any:
    for lwp in _lwps():
        if text in (str(int(lwp["lid"])), _text(lwp["name"])):
            return lwp
    raise gdb.GdbError(f"no lwp {text}: see 'rumphost lwps'")


def _word(address: int) -> int:
    return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, 8)), "little")


def _held(lwp: Any) -> list[int]:
    return [int(lwp["held"][n]) for n in range(int(lwp["held_count"]))]


def _state(lwp: Any) -> str:
    if int(lwp["in_fault"]):
        return "crashed"
    letter = _character(lwp["state"])
    if int(_cpu()["running"]) == int(lwp.address):
        letter = "O"
    return _STATES.get(letter, letter)


# -- registers of an lwp that is off the CPU


def _layout() -> tuple[dict[str, int], int, tuple[str, str, str]]:
    layout = _SAVED.get(gdb.selected_inferior().architecture().name())
    if layout is None:
        raise gdb.GdbError("stacks of sleeping lwps need x86-64 or aarch64")
    return layout


def _line(pc: int) -> tuple[str, int, str]:
    where = gdb.find_pc_line(pc)
    block = gdb.block_for_pc(pc)
    while block is not None and block.function is None:
        block = block.superblock
    return (
        where.symtab.filename if where.symtab else "",
        where.line,
        block.function.name if block is not None else "",
    )


def _saved(lwp: Any) -> Registers:
    """Return the registers with which the lwp will go on, or had when it crashed."""
    offsets, size, (pc, sp, fp) = _layout()
    if int(lwp["in_fault"]):
        fault_pc, fault_sp = int(lwp["fault_pc"]), int(lwp["fault_sp"])
        # gdb takes the pc of a caller's frame for a return address, one past the call.
        if _line(fault_pc) != _line(fault_pc - 1):
            fault_pc += 1
        return {pc: fault_pc, sp: fault_sp, fp: int(lwp["fault_fp"])}
    fiber = lwp.address.cast(gdb.lookup_type("struct fiber").pointer()).dereference()
    if any(field.name == "context" for field in fiber.type.fields()):
        machine = fiber["context"]["uc_mcontext"]
        if pc == "rip":
            return {name: int(machine["gregs"][n]) & _ADDRESS for name, n in _GREGS.items()}
        found = {name: int(machine["regs"][n]) for name, n in _REGS.items()}
        return found | {"pc": int(machine["pc"]), "sp": int(machine["sp"])}
    saved = int(lwp["sp"])
    return {name: _word(saved + offset) for name, offset in offsets.items()} | {sp: saved + size}


def _caller_of_fault(lwp: Any) -> Registers:
    """Return the caller's registers where the faulting function has no frame yet, else nothing.

    That is so after a call through a bad pointer, and at a function's first instruction.
    """
    if not int(lwp["in_fault"]) or gdb.selected_inferior().architecture().name() == "aarch64":
        return {}
    pc = int(lwp["fault_pc"])
    block = gdb.block_for_pc(pc)
    while block is not None and block.function is None:
        block = block.superblock
    if block is not None and block.start != pc:
        return {}
    _, _, (pc_name, sp, fp) = _layout()
    stack = int(lwp["fault_sp"])
    return {pc_name: _word(stack), sp: stack + 8, fp: int(lwp["fault_fp"])}


class _FrameId:
    def __init__(self, sp: int) -> None:
        self.sp = gdb.Value(sp)
        self.pc = gdb.Value(0)


class _Unwinder(Unwinder):  # type: ignore[misc]
    """While ``callers`` has something: says what calls the frame at a pc and stack pointer."""

    def __init__(self) -> None:
        super().__init__("rumphost-lwp")
        self.callers: dict[tuple[int, int], Registers] = {}
        self.lid = 0

    def __call__(self, pending_frame: Any) -> Any:
        if not self.callers:
            return None
        pc = int(pending_frame.read_register("pc")) & _ADDRESS
        sp = int(pending_frame.read_register("sp")) & _ADDRESS
        registers = self.callers.get((pc, sp))
        if registers is None:
            return None
        # The frame where the process stands gets an id below every stack: to gdb, stacks grow.
        stands = (pc, sp) == next(iter(self.callers))
        info = pending_frame.create_unwind_info(_FrameId(16 if stands else sp))
        word = gdb.lookup_type("unsigned long")
        for name, value in registers.items():
            info.add_saved_register(name, gdb.Value(value).cast(word))
        return info

    def show(self, lid: int, callers: dict[tuple[int, int], Registers]) -> None:
        self.lid, self.callers = lid, callers
        gdb.invalidate_cached_frames()


_unwinder = _Unwinder()


def _position(frame: Any) -> tuple[int, int]:
    return (
        int(frame.read_register("pc")) & _ADDRESS,
        int(frame.read_register("sp")) & _ADDRESS,
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
    if int(_cpu()["running"]) != int(lwp.address) or int(lwp["in_fault"]):
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


def _show(lwp: Any) -> None:
    """Let gdb's frames be those of an lwp."""
    _unwinder.show(0, {})
    if _go_to_cpu(lwp):
        return
    try:
        stands = _position(gdb.newest_frame())
        registers = _saved(lwp)
        callers = {stands: registers}
        caller = _caller_of_fault(lwp)
    except gdb.error as error:
        raise gdb.GdbError(f"cannot unwind {_label(lwp)}: {error}") from error
    if caller:
        pc, sp, _ = _layout()[2]
        callers[registers[pc], registers[sp]] = caller
    _unwinder.show(int(lwp["lid"]), callers)


def _own_frames() -> Iterator[Any]:
    """Yield the frames of the lwp that is shown, without those of where the process stands."""
    stands = next(iter(_unwinder.callers), None)
    for frame in _walk():
        if stands is None or _position(frame) != stands:
            yield frame


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Come back to the present lwp and frame afterwards."""
    lid, callers = _unwinder.lid, _unwinder.callers
    thread, level = gdb.selected_thread(), 0
    if thread is None:
        raise gdb.GdbError("no process: 'run', or open a core file")
    level = gdb.selected_frame().level()
    try:
        yield
    finally:
        thread.switch()
        _unwinder.show(lid, callers)
        gdb.execute(f"frame {level}", to_string=True)


# -- frames


def _is_host(frame: Any) -> bool:
    """Tell whether a frame is the way into or out of a fiber, and says nothing of a driver."""
    library = gdb.solib_name(frame.pc()) or ""
    where = frame.find_sal().symtab
    generated = where is not None and "/stubs-" in where.filename
    return _HOST_LIBRARY in library or generated or frame.name() == "rumphost_enter"


def _variables(frame: Any, *, only_arguments: bool) -> Iterator[tuple[str, Any]]:
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


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return str(value.format_string(max_elements=32, summary=True, max_depth=1))
    except gdb.error as error:
        return f"<{error}>"


def _print_frames(*, everything: bool) -> None:
    for frame in _own_frames():
        if not everything and _is_host(frame):
            continue
        where = frame.find_sal()
        place = f" at {where.symtab.filename}:{where.line}" if where.symtab else ""
        arguments = ", ".join(
            f"{name}={_shown(value)}" for name, value in _variables(frame, only_arguments=True)
        )
        name = frame.name() or "??"
        print(f"#{frame.level():<2} {frame.pc():#x} in {name} ({arguments}){place}")


class _OwnFramesOnly:
    """gdb's ``bt``, while an lwp is selected, begins with that lwp."""

    name = "rumphost-lwp"
    priority = 100
    enabled = True

    def filter(self, frames: Iterator[Any]) -> Iterator[Any]:
        stands = next(iter(_unwinder.callers), None)
        if stands is None:
            return frames
        return (each for each in frames if _position(each.inferior_frame()) != stands)


# -- names of locks


def _field(kind: Any, offset: int) -> str | None:
    """Return the path to the lock ``offset`` bytes into a type, or None."""
    kind = kind.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_ARRAY and kind.target().sizeof:
        index, rest = divmod(offset, kind.target().sizeof)
        inner = _field(kind.target(), rest)
        return None if inner is None else f"[{index}]{inner}"
    if kind.code not in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        return None
    if kind.tag in _LOCK_TYPES:
        return "" if offset == 0 else None
    for field in kind.fields():
        start = getattr(field, "bitpos", 0) // 8
        if field.name and start <= offset < start + field.type.sizeof:
            inner = _field(field.type, offset - start)
            if inner is not None:
                return f".{field.name}{inner}"
    return None


class _LockNames:
    """Names locks by the structures that variables of any lwp point to, such as a softc."""

    def __init__(self) -> None:
        self._structures: dict[tuple[int, str], Any] = {}
        with _elsewhere():
            for lwp in _lwps():
                _show(lwp)
                for frame in _own_frames():
                    for _, value in _variables(frame, only_arguments=False):
                        self._note(value)

    def _note(self, value: Any) -> None:
        try:
            kind = value.type.strip_typedefs() if not isinstance(value, str) else None
            if kind is None or kind.code != gdb.TYPE_CODE_PTR or value.is_optimized_out:
                return
            target = kind.target().strip_typedefs()
            if target.code == gdb.TYPE_CODE_STRUCT and target.tag:
                self._structures[int(value) & _ADDRESS, target.tag] = target
        except gdb.error:
            return

    def of(self, address: int) -> str:
        said = gdb.execute(f"info symbol {address:#x}", to_string=True)
        if not said.startswith("No symbol"):
            return str(said.split(" in section")[0].strip())
        for (start, tag), kind in self._structures.items():
            if start <= address < start + kind.sizeof and tag not in _LOCK_TYPES:
                path = _field(kind, address - start)
                if path:
                    return f"{tag}{path}"
        return f"{address:#x}"


def _lock_names(lwps: list[Any]) -> Any:
    """Return a function that names locks; it looks around only when there are any."""
    if any(_held(lwp) or _text(lwp["wmesg"]) == _LOCK_WAIT for lwp in lwps):
        return _LockNames().of
    return hex


# -- commands


class _Command(gdb.Command):  # type: ignore[misc]
    """A command whose errors are sentences."""

    def __init__(self, name: str) -> None:
        super().__init__(name, gdb.COMMAND_STACK)

    def invoke(self, argument: str, from_tty: bool) -> None:
        del from_tty
        self.dont_repeat()
        self.run(argument.strip())

    def run(self, argument: str) -> None:
        raise NotImplementedError


class _Prefix(gdb.Command):  # type: ignore[misc]
    """Commands for the lwps of a rumphost host."""

    def __init__(self) -> None:
        super().__init__("rumphost", gdb.COMMAND_STACK, prefix=True)


class _Lwps(_Command):
    """List the lwps: number, name, kind, state, IPL, wait message, locks held."""

    def run(self, argument: str) -> None:
        lwps = _lwps()
        name_of = _lock_names(lwps)
        print(f"  {'LID':>4} {'NAME':<20} {'KIND':<9} {'STATE':<8} {'IPL':>3} {'WMESG':<15} HELD")
        for lwp in lwps:
            kind = _character(lwp["kind"])
            state = _state(lwp)
            print(
                f"{'*' if state == 'on CPU' else ' '} {int(lwp['lid']):>4} "
                f"{_text(lwp['name']):<20} {_KINDS.get(kind, kind):<9} {state:<8} "
                f"{int(lwp['ipl']):>3} {_text(lwp['wmesg']) or '-':<15} "
                f"{', '.join(map(name_of, _held(lwp))) or '-'}"
            )


class _Backtrace(_Command):
    """Print the C backtrace of an lwp: rumphost bt [-full] LID|NAME|all.

    With -full also the host's own frames. Frame numbers are those that "frame" takes after
    "rumphost lwp LID".
    """

    def run(self, argument: str) -> None:
        flag, _, rest = argument.partition(" ")
        everything = flag == "-full"
        name = rest.strip() if everything else argument
        if not name:
            raise gdb.GdbError("usage: rumphost bt [-full] LID|NAME|all")
        with _elsewhere():
            for lwp in _lwps() if name == "all" else [_find(name)]:
                print(f"{_label(lwp)}:")
                _show(lwp)
                _print_frames(everything=everything)


def _select(lwp: Any, level: int | None) -> None:
    _show(lwp)
    frames = list(_own_frames())
    if level is None:
        level = next((f.level() for f in frames if not _is_host(f)), frames[0].level())
    elif level not in [frame.level() for frame in frames]:
        raise gdb.GdbError(f"{_label(lwp)} has no frame {level}: see 'rumphost bt'")
    print(f"[{_label(lwp)}]")
    gdb.execute(f"frame {level}")


class _Select(_Command):
    """Select an lwp for gdb's own commands: rumphost lwp LID|NAME, or "-" to go back.

    Then "bt", "frame N", "info locals", "print" are about that lwp, until "rumphost lwp -" or
    until the process runs on. Without an argument: tells which one is selected.
    """

    def run(self, argument: str) -> None:
        if argument == "-":
            _unwinder.show(0, {})
            if gdb.selected_thread() is not None:
                gdb.execute("frame 0")
        elif argument:
            _select(_find(argument), None)
        else:
            running = _cpu()["running"]
            lid = _unwinder.lid or (int(running["lid"]) if int(running) else 0)
            print(f"[{_label(_find(str(lid)))}]" if lid else "[no lwp: Python runs]")


class _Frame(_Command):
    """Select an lwp and one of its frames: rumphost frame LID|NAME N."""

    def run(self, argument: str) -> None:
        name, _, level = argument.rpartition(" ")
        if not name or not level.isdigit():
            raise gdb.GdbError("usage: rumphost frame LID|NAME N")
        _select(_find(name.strip()), int(level))


class _Locks(_Command):
    """List the locks that are held or waited for: the lock, its holders, who waits."""

    def run(self, argument: str) -> None:
        lwps = _lwps()
        by_address = {int(lwp.address): lwp for lwp in lwps}
        holders: dict[int, list[str]] = {}
        waiters: dict[int, list[str]] = {}
        for lwp in lwps:
            for lock in _held(lwp):
                holders.setdefault(lock, []).append(_label(lwp))
        for lwp in lwps:
            if _text(lwp["wmesg"]) != _LOCK_WAIT:
                continue
            lock = int(lwp["args"][0])
            waiters.setdefault(lock, []).append(_label(lwp))
            # Handed over to an lwp that has not run since: only the lock itself says so.
            owner = by_address.get(_word(lock) & ~15)
            if lock not in holders and owner is not None:
                holders[lock] = [_label(owner)]
        name_of = _lock_names(lwps)
        for lock in sorted(holders.keys() | waiters.keys()):
            by = ", ".join(holders.get(lock, ["nobody"]))
            wanted = f"; wanted by {', '.join(waiters[lock])}" if lock in waiters else ""
            print(f"{name_of(lock)} ({lock:#x}) held by {by}{wanted}")
        if not holders and not waiters:
            print("no lock is held")


class _Break(_Command):
    """Set a breakpoint in a driver that may not be loaded yet: rumphost break WHERE.

    At the end of the process it is told if the place was never reached.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.asked: list[tuple[str, Any]] = []
        self.found: set[int] = set()

    def run(self, argument: str) -> None:
        if not argument:
            raise gdb.GdbError("usage: rumphost break WHERE")
        before = {each.number for each in gdb.breakpoints()}
        with _pending_allowed():
            gdb.execute(f"break {argument}", to_string=True)
        for made in gdb.breakpoints():
            if made.number not in before:
                self.asked.append((argument, made))
                self.moved(made)
                later = ", once its driver is loaded" if made.pending else ""
                print(f"Breakpoint {made.number} at {argument}{later}")

    def moved(self, breakpoint_: Any) -> None:
        """Note that gdb has found the place, or lost it."""
        if not breakpoint_.pending:
            self.found.add(breakpoint_.number)

    def missed(self) -> list[str]:
        """Return a sentence for each breakpoint that was never hit."""
        return [
            f"breakpoint {made.number} at {where} was never reached"
            if made.number in self.found
            else f"breakpoint {made.number}: nothing that was loaded has {where}"
            for where, made in self.asked
            if made.is_valid() and made.hit_count == 0
        ]


@contextmanager
def _pending_allowed() -> Iterator[None]:
    before = gdb.parameter("breakpoint pending")
    gdb.execute("set breakpoint pending on")
    try:
        yield
    finally:
        said = {True: "on", False: "off", None: "auto"}[before]
        gdb.execute(f"set breakpoint pending {said}")


class _RunningLid(gdb.Function):  # type: ignore[misc]
    """$_lwp(): the LID of the lwp on the CPU, 0 while Python runs."""

    def __init__(self) -> None:
        super().__init__("_lwp")

    def invoke(self) -> int:
        running = _cpu()["running"]
        return int(running["lid"]) if int(running) else 0


# -- what happens by itself


class _Session:
    """Reacts to what the process does, and ends ``rumphost gdb --batch``."""

    def __init__(self) -> None:
        self._break = _Break("rumphost break")
        self._status = 0
        gdb.events.cont.connect(self._runs)
        gdb.events.stop.connect(self._stops)
        gdb.events.exited.connect(self._exited)
        gdb.events.breakpoint_modified.connect(self._break.moved)

    def _runs(self, event: Any) -> None:
        _unwinder.lid, _unwinder.callers = 0, {}

    def _stops(self, event: Any) -> None:
        ticks = gdb.lookup_static_symbol("watchdog_ticks")
        if ticks is not None and int(ticks.value()) != 0:
            gdb.execute("set var watchdog_ticks = 0", to_string=True)

    def _exited(self, event: Any) -> None:
        _unwinder.lid, _unwinder.callers = 0, {}
        self._status = int(getattr(event, "exit_code", 0))
        for sentence in self._break.missed():
            gdb.write(f"rumphost: {sentence}\n", gdb.STDERR)

    def look_back(self) -> None:
        """Deselect the lwp."""
        if _unwinder.callers:
            _unwinder.show(0, {})

    def look(self) -> None:
        """Print all there is to see, unless the process has ended."""
        if gdb.selected_thread() is not None:
            for command in ("lwps", "locks", "bt all"):
                gdb.execute(f"rumphost {command}")

    def script(self, path: str) -> None:
        """Run a file of gdb commands; the status tells whether all of them worked."""
        try:
            gdb.execute(f"source {path}")
        except (gdb.error, gdb.GdbError) as error:
            gdb.write(f"{path}: {error}\n", gdb.STDERR)
            self._status = self._status or 1

    def leave(self) -> None:
        """End gdb: with the process's status, or 1 when a breakpoint was never hit."""
        gdb.execute(f"quit {self._status or int(bool(self._break.missed()))}")


def _install() -> _Session:
    register_unwinder(None, _unwinder, replace=True)
    gdb.frame_filters[_OwnFramesOnly.name] = _OwnFramesOnly()
    _Prefix()
    for command, name in (
        (_Lwps, "lwps"),
        (_Backtrace, "bt"),
        (_Select, "lwp"),
        (_Frame, "frame"),
        (_Locks, "locks"),
    ):
        command(f"rumphost {name}")
    _RunningLid()
    # The watchdog's tick. What ends a driver (SIGSEGV and so on) does stop here.
    gdb.execute("handle SIGVTALRM nostop noprint pass", to_string=True)
    # Stepping is about where the process stands, not about the lwp that is looked at.
    for command_name in ("step", "next", "stepi", "nexti"):
        gdb.execute(f"define hook-{command_name}\npython rumphost_session.look_back()\nend")
    return _Session()


rumphost_session = _install()
