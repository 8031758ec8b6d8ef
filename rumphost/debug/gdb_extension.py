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
    selects one: from now on gdb's own ``bt``, ``frame N``, ``up``, ``info locals`` and ``print``
    are about it, with the frame numbers that ``rumphost bt`` shows. ``rumphost lwp -`` goes back
    to where the process stands; so does letting it run.
``rumphost frame LID|NAME N|FUNCTION``
    selects an lwp and a frame of it.
``rumphost locks``
    lists the locks that somebody holds or waits for. Waiting for a condition is no waiting for a
    lock: see the wait message for that.
``rumphost break WHERE``
    is gdb's ``break``, and says at the end if the place was never reached.
``$_lwp()``
    the LID on the CPU, or 0 while Python runs: ``break teach_intr if $_lwp() == 5``.

``print`` and ``info locals`` show a mutex by its holder and who waits, a callout by when it is due
and what it calls, a condition variable, mbuf chain, DMA map, device_t or bus_space handle alike;
``print/r`` shows what is in it.

``next``, ``finish`` and ``until`` stay in the lwp when it sleeps and others run meanwhile. The
watchdog counts CPU time, and its count starts anew whenever the process stops here. A driver that
crashes stops with its signal, before the host takes notice; ``continue`` lets the host report it.
``break rumphost_panic`` stops at panic(9) and at a failed KASSERT.

``finish`` with a frame of a sleeping lwp selected runs until that function of that lwp returns.

While an lwp is selected, frame 0 is still the place where the process stands, and ``bt`` leaves it
out. An lwp that crashed is there until the host has reported it: then only pc, sp and frame
pointer of its innermost frame are known, and variables that it kept in other registers are not.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gdb

if TYPE_CHECKING:
    from . import gdb_fibers as fibers
    from . import gdb_printers as printers
else:  # gdb's Python knows nothing of the package

    def _beside(name: str) -> Any:
        path = Path(__file__).with_name(f"{name}.py")
        spec = importlib.util.spec_from_file_location(f"rumphost_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    fibers, printers = _beside("gdb_fibers"), _beside("gdb_printers")

_FRAMES_SHOWN = 50
_KINDS = {"i": "interrupt", "s": "softint", "t": "thread"}
_LOCK_TYPES = ("kmutex", "krwlock")
_LOCK_WAIT = "tstile"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return str(value.format_string(max_elements=32, summary=True, max_depth=1))
    except gdb.error as error:
        return f"<{error}>"


def _crash(lwp: Any) -> str:
    """Return what ended an lwp that crashed, to follow its name."""
    if not int(lwp["in_fault"]):
        return ""
    pc = int(lwp["fault_pc"])
    where = gdb.execute(f"info symbol {pc:#x}", to_string=True).split(" in section")[0].strip()
    at = f"{pc:#x}" if where.startswith("No symbol") else f"{pc:#x} <{where}>"
    return f" signal {int(lwp['fault_signal'])} at {at}, address {int(lwp['fault_address']):#x}"


def _print_frames(*, everything: bool) -> None:
    shown = 0
    for frame in fibers.own_frames():
        if not everything and fibers.is_host(frame):
            continue
        if not everything and shown == _FRAMES_SHOWN:
            print("(more frames: -full shows them)")
            return
        shown += 1
        where = frame.find_sal()
        place = f" at {where.symtab.filename}:{where.line}" if where.symtab else ""
        arguments = ", ".join(
            f"{name}={_shown(value)}"
            for name, value in fibers.variables(frame, only_arguments=True)
        )
        name = frame.name() or "??"
        print(f"#{frame.level():<2} {frame.pc():#x} in {name} ({arguments}){place}")


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
        with fibers.elsewhere():
            for lwp in fibers.lwps():
                fibers.show(lwp)
                for frame in islice(fibers.own_frames(), _FRAMES_SHOWN):
                    for _, value in fibers.variables(frame, only_arguments=False):
                        self._note(value)

    def _note(self, value: Any) -> None:
        try:
            kind = value.type.strip_typedefs() if not isinstance(value, str) else None
            if kind is None or kind.code != gdb.TYPE_CODE_PTR or value.is_optimized_out:
                return
            target = kind.target().strip_typedefs()
            if target.code == gdb.TYPE_CODE_STRUCT and target.tag:
                self._structures[int(value) & fibers.ADDRESS, target.tag] = target
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
    if any(fibers.held(lwp) or fibers.text(lwp["wmesg"]) == _LOCK_WAIT for lwp in lwps):
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
        lwps = fibers.lwps()
        name_of = _lock_names(lwps)
        print(f"  {'LID':>4} {'NAME':<20} {'KIND':<9} {'STATE':<8} {'IPL':>3} {'WMESG':<15} HELD")
        for lwp in lwps:
            kind = fibers.character(lwp["kind"])
            state = fibers.state(lwp)
            print(
                f"{'*' if state == 'on CPU' else ' '} {int(lwp['lid']):>4} "
                f"{fibers.text(lwp['name']):<20} {_KINDS.get(kind, kind):<9} {state:<8} "
                f"{int(lwp['ipl']):>3} {fibers.text(lwp['wmesg']) or '-':<15} "
                f"{', '.join(map(name_of, fibers.held(lwp))) or '-'}"
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
        with fibers.elsewhere():
            for lwp in fibers.lwps() if name == "all" else [fibers.find(name)]:
                print(f"{fibers.label(lwp)}:{_crash(lwp)}")
                fibers.show(lwp)
                _print_frames(everything=everything)


def _select(lwp: Any, where: str = "") -> None:
    """Select an lwp, and a frame by its number or function; else the first that is no host's."""
    fibers.show(lwp)
    for frame in fibers.own_frames():
        level = frame.level()
        if where in (str(level), frame.name()) or (not where and not fibers.is_host(frame)):
            print(f"[{fibers.label(lwp)}]")
            gdb.execute(f"frame {level}")
            return
    fibers.look_back()
    raise gdb.GdbError(f"{fibers.label(lwp)} has no frame {where}: see 'rumphost bt'")


class _Select(_Command):
    """Select an lwp for gdb's own commands: rumphost lwp LID|NAME, or "-" to go back.

    Then "bt", "frame N", "info locals", "print" are about that lwp, until "rumphost lwp -" or
    until the process runs on. Without an argument: tells which one is selected.
    """

    def run(self, argument: str) -> None:
        if argument == "-":
            fibers.look_back()
            if gdb.selected_thread() is not None:
                gdb.execute("frame 0")
        elif argument:
            _select(fibers.find(argument))
        else:
            running = fibers.cpu()["running"]
            lid = fibers.unwinder.lid or (int(running["lid"]) if int(running) else 0)
            print(f"[{fibers.label(fibers.find(str(lid)))}]" if lid else "[no lwp: Python runs]")


class _Frame(_Command):
    """Select an lwp and one of its frames: rumphost frame LID|NAME N|FUNCTION."""

    def run(self, argument: str) -> None:
        name, _, where = argument.rpartition(" ")
        if not name:
            raise gdb.GdbError("usage: rumphost frame LID|NAME N|FUNCTION")
        _select(fibers.find(name.strip()), where)


class _Locks(_Command):
    """List the locks that are held or waited for: the lock, its holders, who waits."""

    def run(self, argument: str) -> None:
        lwps = fibers.lwps()
        by_address = {int(lwp.address): lwp for lwp in lwps}
        holders: dict[int, list[str]] = {}
        waiters: dict[int, list[str]] = {}
        for lwp in lwps:
            for lock in fibers.held(lwp):
                holders.setdefault(lock, []).append(fibers.label(lwp))
        for lwp in lwps:
            if fibers.text(lwp["wmesg"]) != _LOCK_WAIT:
                continue
            lock = int(lwp["args"][0])
            waiters.setdefault(lock, []).append(fibers.label(lwp))
            # Handed over to an lwp that has not run since: only the lock itself says so.
            owner = by_address.get(fibers.word(lock) & ~15)
            if lock not in holders and owner is not None:
                holders[lock] = [fibers.label(owner)]
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
        running = fibers.cpu()["running"]
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
        fibers.unwinder.forget()

    def _stops(self, event: Any) -> None:
        ticks = gdb.lookup_static_symbol("watchdog_ticks")
        if ticks is not None and int(ticks.value()) != 0:
            gdb.execute("set var watchdog_ticks = 0", to_string=True)

    def _exited(self, event: Any) -> None:
        fibers.unwinder.forget()
        self._status = int(getattr(event, "exit_code", 0))
        for sentence in self._break.missed():
            gdb.write(f"rumphost: {sentence}\n", gdb.STDERR)

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
    fibers.install()
    printers.install(fibers)
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
        gdb.execute(f"define hook-{command_name}\npython fibers.look_back()\nend")
    return _Session()


rumphost_session = _install()
