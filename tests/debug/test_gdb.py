"""``rumphost gdb``: scripted sessions on live processes and on core files."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rumphost.cli import main
from rumphost.debug import gdb as debug_gdb
from rumphost.debug.core import CoreFile
from rumphost.errors import UsageError
from rumphost.sources import drivers_dir

HERE = Path(__file__).parent
PROGRAM = str(HERE / "swap_text.py")
CONTEND = str(HERE / "contend" / "contend.c")
FAULTY = HERE.parent / "drivers" / "faulty"

LOOK = """
mark lwps
rumphost lwps
mark bt
rumphost bt sysctl
mark all
rumphost bt all
mark select
rumphost lwp sysctl
mark ownbt
bt
mark frame
rumphost frame sysctl teach_transfer
print sc->sc_state
print data[0]@len
mark which
rumphost lwp
mark back
rumphost lwp -
rumphost lwp
"""


def line_of(source: str, text: str) -> int:
    """Return the number of the first line of a driver's source that has ``text``."""
    lines = (drivers_dir() / source).read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line)


def rows(listing: str) -> dict[str, list[str]]:
    """Return the columns of ``rumphost lwps`` by name: mark, kind, state, IPL, wmesg, held."""
    found = {}
    for line in listing.splitlines()[1:]:
        fields = re.match(r"([* ]) +\d+ (.{20}) (\w+) +(on CPU|\w+) +(-?\d+) (\S+) +(.*)", line)
        assert fields, line
        found[fields[2].strip()] = [fields[n] for n in (1, 3, 4, 5, 6, 7)]
    return found


# -- a live process and its core file, with both kinds of fibers


@pytest.fixture(scope="module", params=["assembly", "ucontext"])
def session(request, debug, tmp_path_factory):
    """A batch that stopped in the interrupt handler, and the core file that it made there."""
    core = tmp_path_factory.mktemp("core") / "core"
    live = debug(
        "-b", "teach_intr", "-e", f"gcore {core}", "-e", "kill", "--python", PROGRAM, request.param,
        script=LOOK,
    )  # fmt: skip
    yield live, core
    core.unlink()  # they are large


def test_it_stops_in_the_interrupt_handler_and_lists_the_lwps(session):
    live, _ = session
    assert live.status == 0, live.text
    assert "Breakpoint 1, teach_intr" in live.text
    listed = rows(live.parts["lwps"])
    assert listed["intr teach0"] == ["*", "interrupt", "on CPU", "6", "-", "-"]
    assert listed["sysctl"] == [" ", "thread", "asleep", "0", "teach", "sysctl_treelock"]
    assert listed["teach0"] == [" ", "thread", "asleep", "0", "teach0", "-"]


def test_it_unwinds_a_sleeping_lwp(session):
    live, _ = session
    lines = live.parts["bt"].splitlines()
    assert re.fullmatch(r"lwp \d+ \(sysctl\):", lines[0])
    functions = re.findall(r" in (\w+) \(", live.parts["bt"])
    assert functions[-5:] == [
        "cv_wait",
        "teach_transfer",
        "teach_sysctl_string",
        "teach_sysctl_text",
        "rumphost_sysctl_access",
    ]
    waits = line_of("teach.c", "while (sc->sc_state == TEACH_RUNNING)") + 1
    frame = next(line for line in lines if "teach_transfer" in line)
    assert frame.endswith(f"drivers/teach.c:{waits}")
    assert '"Hello", len=5, fifo=false' in frame


def test_all_lwps_are_unwound(session):
    live, _ = session
    stacks = re.split(r"^lwp \d+ ", live.parts["all"], flags=re.MULTILINE)[1:]
    first = {stack.splitlines()[0]: stack for stack in stacks}
    assert "rumphost_workqueue_thread" in first["(teach0):"]
    assert "#0 " in first["(intr teach0):"]
    assert "teach_intr" in first["(intr teach0):"]
    assert "teach_transfer" in first["(sysctl):"]


def test_gdbs_own_commands_work_on_a_selected_lwp(session):
    live, _ = session
    assert re.match(r"\[lwp \d+ \(sysctl\)\]\n#\d+ .*condvar\.c:", live.parts["select"])
    assert "teach_intr" not in live.parts["ownbt"]
    number = re.search(r"^#(\d+) .*teach_transfer", live.parts["bt"], re.MULTILINE)[1]
    assert re.search(rf"^#{number} .*teach_transfer", live.parts["ownbt"], re.MULTILINE)
    assert "TEACH_RUNNING" in live.parts["frame"]
    assert '"Hello"' in live.parts["frame"]
    assert re.fullmatch(r"\[lwp \d+ \(sysctl\)\]\n", live.parts["which"])
    assert live.parts["back"].startswith("#0  teach_intr")
    assert "(intr teach0)]" in live.parts["back"]


def test_a_core_file_shows_the_same(session, debug):
    live, core = session
    dead = debug("--core", str(core), script=LOOK)
    assert dead.status == 0, dead.text
    for part in ("lwps", "bt", "all", "select", "ownbt", "which"):
        assert dead.parts[part] == live.parts[part].split("Saved corefile")[0]
    assert "TEACH_RUNNING" in dead.parts["frame"]


def test_a_core_file_that_the_kernel_wrote(debug, tmp_path):
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith("|") or "/" in pattern:
        pytest.skip(f"core files do not go to the current directory: core_pattern is {pattern}")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
        pytest.skip("core files are limited here: ulimit -Hc")
    done = subprocess.run(
        [sys.executable, PROGRAM, "assembly", "abort"], cwd=tmp_path, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == -6, done.stderr
    cores = list(tmp_path.iterdir())
    if not cores:
        pytest.skip("the kernel wrote no core file")
    looked = debug("--core", str(cores[0]))
    cores[0].unlink()
    assert looked.status == 0, looked.text
    listed, _, stacks = looked.text.partition("sysctl_treelock (")
    assert re.search(r"sysctl +thread +asleep +0 teach ", listed)
    assert re.search(r"teach_transfer \(.*len=5.* at .*drivers/teach.c:\d+", stacks)


def test_the_8254x_driver_live_and_in_a_core_file(debug, tmp_path):
    core = tmp_path / "core"
    look = "mark lwps\nrumphost lwps\nmark bt\nrumphost bt teach0\nmark all\nrumphost bt all\n"
    live = debug(
        "-b", "i8254x_intr", "-e", f"gcore {core}", "if_i8254x", "teach",
        "-m", "sim:i82540em,teach", script=look,
    )  # fmt: skip
    assert live.status == 0, live.text
    listed = rows(live.parts["lwps"])
    (handler,) = [name for name, columns in listed.items() if columns[0] == "*"]
    assert handler.startswith("intr ")
    assert listed["teach0"][2] == "asleep"
    sleeping = re.search(r"#\d+ .* in (\w+) \(.*\) at (\S+)\n", live.parts["bt"])
    assert sleeping
    assert sleeping[1] == "rumphost_workqueue_thread"
    assert re.search(r"hypercalls/workqueue\.c:\d+$", sleeping[2])
    assert re.search(r"#0 .* in i8254x_intr \(arg=0x.* at .*i8254x_\w+\.c:\d+", live.parts["all"])
    dead = debug("--core", str(core), script=look)
    core.unlink()
    assert dead.parts["lwps"] == live.parts["lwps"]
    assert dead.parts["bt"] == live.parts["bt"]
    assert dead.parts["all"] == live.parts["all"].split("warning:")[0].split("Saved")[0]


# -- running on


def test_next_and_finish_stay_in_their_lwp(debug):
    waits = line_of("teach.c", "while (sc->sc_state == TEACH_RUNNING)") + 1
    stepped = debug(
        "-b", f"teach.c:{waits}", "--python", PROGRAM,
        script="""
mark before
print $_lwp()
next
mark after
print $_lwp()
info symbol $pc
finish
mark finished
print $_lwp()
info symbol $pc
delete
continue
""",
    )  # fmt: skip
    assert stepped.status == 0, stepped.text
    before, after, finished = (
        re.search(r"^\$\d+ = (\d+)\n(?:(\w+) )?", stepped.parts[part], re.MULTILINE)
        for part in ("before", "after", "finished")
    )
    assert before[1] == after[1] == finished[1] != "0"
    assert after[2] == "teach_transfer"
    assert finished[2] == "teach_sysctl_string"
    assert "answer: hELLO" in stepped.text


def test_locks_their_holders_and_who_waits(debug):
    held = debug(
        "-b", "contend_ready", CONTEND, "-m", "sim:teach",
        script="""
mark lwps
rumphost lwps
mark locks
rumphost locks
mark finish
rumphost bt holder
rumphost frame holder contend_hold
info locals
finish
print $_lwp()
mark end
delete
continue
""",
    )  # fmt: skip
    assert held.status == 0, held.text
    lock = "contend_softc.sc_inner.i_lock[1]"
    assert rows(held.parts["lwps"])["holder"][5] == f"{lock}, contend_softc.sc_rwlock"
    assert rows(held.parts["lwps"])["waiter"][4] == "tstile"
    assert re.fullmatch(
        r"contend_softc\.sc_inner\.i_lock\[1\] \(0x\w+\) held by lwp \d+ \(holder\); "
        r"wanted by lwp \d+ \(waiter\)\n"
        r"contend_softc\.sc_rwlock \(0x\w+\) held by lwp \d+ \(holder\); "
        r"wanted by lwp \d+ \(writer\)\n",
        held.parts["locks"],
    )
    # finish ran the others until the sleeping holder came back from contend_hold().
    assert "held = 2" in held.parts["finish"]
    assert re.search(r"contend_holder \(arg=", held.parts["finish"].split("held = 2")[1])
    assert "contend0 detached" in held.parts["end"]


def test_a_crash_stops_in_place_and_is_unwound_afterwards(debug):
    crashed = debug(
        str(FAULTY / "nullderef.c"), "-m", "sim:teach",
        script="""
run
mark crash
bt 2
handle SIGSEGV nostop noprint pass
break rumphost_fiber_destroy if lwp->in_fault
continue
mark lwps
rumphost lwps
mark bt
rumphost bt autoconf
delete
continue
""",
    )  # fmt: skip
    assert "Program received signal SIGSEGV" in crashed.text
    assert re.match(r"#0 .*nullderef_fill .*nullderef\.c:\d+\n#1 .*attach", crashed.parts["crash"])
    assert rows(crashed.parts["lwps"])["autoconf"][2] == "crashed"
    where = re.search(r"nullderef_fill .*nullderef\.c:(\d+)", crashed.parts["crash"])
    after = re.search(r"nullderef_fill .*nullderef\.c:(\d+)", crashed.parts["bt"])
    assert "signal 11 at" in crashed.parts["bt"]
    assert where[1] == after[1]
    assert "nullderef_attach" in crashed.parts["bt"]
    assert crashed.status == 1  # the run's


def test_a_call_through_null_shows_the_caller(debug, tmp_path):
    source = (FAULTY / "nullderef.c").read_text()
    call = "\tvoid (*volatile go)(void) = NULL;\n\n\tgo();\n"
    start, end = source.index("\tsc->sc_ring->r_desc[2]"), source.index("\tsc->sc_ring->r_next")
    source = source[:start] + call + source[end:].partition("\n")[2]
    (tmp_path / "nullcall.c").write_text(source.replace("nullderef", "nullcall"))
    (tmp_path / "files.nullcall").write_text(
        "device nullcall\nattach nullcall at pci\nfile nullcall.c nullcall\n"
    )
    shutil.copy(FAULTY / "faulty.h", tmp_path)
    crashed = debug(
        str(tmp_path / "nullcall.c"), "-m", "sim:teach",
        script="""
handle SIGSEGV nostop noprint pass
rumphost break rumphost_fiber_destroy if lwp->in_fault
run
mark bt
rumphost bt autoconf
""",
    )  # fmt: skip
    assert "signal 11 at 0x0, address 0x0" in crashed.parts["bt"]
    assert re.search(r"#1 .* in nullcall_fill .*nullcall\.c:\d+", crashed.parts["bt"])
    assert "nullcall_attach" in crashed.parts["bt"]


def test_the_watchdog_leaves_an_lwp_alone_while_it_is_debugged(debug):
    spun = debug(
        "-b", "spins_wait", str(FAULTY / "spins.c"), "-m", "sim:teach", "--watchdog", "0.2",
        script="""
shell sleep 0.5
python
for n in range(4):
    gdb.execute("stepi 1500", to_string=True)
end
mark still
rumphost lwps
delete
continue
""",
    )  # fmt: skip
    (state,) = [columns[2] for columns in rows(spun.parts["still"].partition("[")[0]).values()]
    assert state == "on CPU"
    assert "no hypercall" in spun.parts["still"]
    assert spun.status == 1


# -- what goes wrong


def test_a_breakpoint_that_is_never_hit_is_told(debug):
    missed = debug("-b", "no_such_function", "-b", "teach_suspend", "teach", "-m", "sim:teach")
    assert missed.status == 1
    assert "breakpoint 1: nothing that was loaded has no_such_function" in missed.text
    assert "breakpoint 2 at teach_suspend was never reached" in missed.text


def told(capsys, *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(["gdb", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err


def test_without_gdb(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    status, words = told(capsys, "teach")
    assert status == 3
    assert "install gdb" in words


def test_a_gdb_without_python(capsys, monkeypatch, tmp_path):
    fake = tmp_path / "gdb"
    fake.write_text("#!/bin/sh\necho 'Scripting in Python is not supported' >&2\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    status, words = told(capsys, "teach")
    assert status == 3
    assert "no Python" in words


@pytest.mark.usefixtures("gdb")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--core", "/nonexistent/core"], "no core file /nonexistent/core"),
        (["--core", __file__], "is not a core file"),
        (["--core", "core", "teach"], "say either"),
        (["--core", "core", "-b", "main"], "a core file does not run"),
        ([], "say either"),
        (["--pid", "1"], "process 1"),
        (["teach", "-b", "teach_intr"], "come before DRIVER"),
        (["-b", "a\nb", "--python", "x.py"], "one line"),
    ],
)
def test_wrong_usage(capsys, arguments, words):
    status, said = told(capsys, *arguments)
    assert status == 2
    assert words in " ".join(said.split())


@pytest.mark.usefixtures("gdb")
def test_an_unknown_driver_is_told_before_gdb_starts(capsys):
    status, said = told(capsys, "no_such_driver", "-m", "sim:teach")
    assert status == 2
    assert "no_such_driver" in said


def test_a_core_file_of_something_else(gdb, tmp_path):
    core = tmp_path / "core"
    code = "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as other:
        commands = ["-batch", "-nx", "-p", str(other.pid), "-ex", f"gcore {core}"]
        subprocess.run([gdb, *commands], capture_output=True, check=True, timeout=60)
        assert CoreFile.read(core).executable == Path(sys.executable).resolve()
        with pytest.raises(UsageError, match="no rumphost host"):
            debug_gdb.read_core(core)
        with pytest.raises(UsageError, match="no rumphost host"):
            debug_gdb.check_pid(other.pid)
        assert other.stdin is not None
        other.stdin.close()
    cut = tmp_path / "cut"
    cut.write_bytes(core.read_bytes()[:200])
    with pytest.raises(UsageError, match="cut"):
        CoreFile.read(cut)
