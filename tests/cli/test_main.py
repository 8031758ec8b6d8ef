"""The command as a whole: exit statuses, who gets which stream, pipes that close."""

from __future__ import annotations

import subprocess

import pytest
from command_line import COMMAND

from rumphost.boundary.library import load_library
from rumphost.errors import HostLacks

SIM = ("run", "if_i8254x", "-m", "sim:i82540em")


def test_help_and_version(rumphost):
    assert rumphost("--version").status == 0
    helped = rumphost("run", "--help")
    assert helped.status == 0
    assert "--netns" in helped.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], "No such command"),
        (["run"], "Missing argument"),
        (["run", "teach", "--bogus"], "No such option"),
        (["run", "teach", "--seed", "red"], "'red' is not a valid integer"),
        (["run", "teach", "--clock", "broken"], "virtual"),
        (["run", "teach", "--watchdog", "-1"], "not in the range"),
        (["run", "teach", "-O", "9"], "'9' is not one of"),
        (["run", "nosuch"], "no driver `nosuch' (rumphost list drivers shows them)"),
        (["run", "nosuch.c"], "nosuch.c: No such file"),
        (["run", "teach", "-m", "teach"], "say sim:NAME,… or qemu:NAME,…"),
        (["run", "teach", "-m", "moon:teach"], "no kind of machine is called 'moon'"),
        (["run", "teach", "-m", "kmod:0"], "no PCI address"),
        (["run", "teach", "-m", "sim:flux"], "no model is called 'flux'; there are"),
        (["run", "teach", "-m", "sim:teach:colour=red"], "has no option 'colour': it has"),
        (["run", "if_i8254x", "-m", "sim:i82540em:mac=x"], "expected a unicast address"),
        (["run", "if_i8254x", "-m", "sim:teach"], "name another machine with -m"),
        (["run", "teach", "--sys", "/nonexistent"], "no such directory"),
        (["run", "teach", "--firmware", "/nonexistent"], "does not exist"),
        (["run", "teach", "--pcap", "/nonexistent/x"], "no directory '/nonexistent'"),
        (["run", "teach", "--trace", "/"], "is a directory"),
        (["run", "teach", "--ping-to", "moon"], "write it as 10.0.2.2"),
        (["run", "teach", "--netns", "x"], "need --tap NAME"),
        (["run", "teach", "--tap", "a-name-that-is-long"], "15 bytes at most"),
        (["run", "teach", "--tap", ""], "no name for an interface"),
        (["run", "teach", "--tap", "t", "--tap-address", "1.2.3.4"], "write 10.0.2.15/24"),
        (["run", "teach", "--tap", "t", "--clock", "virtual"], "leave --clock out"),
        (["run", "teach", "-m", "qemu:e1000", "--clock", "virtual"], "real clock"),
        (["run", "teach", "-m", "sim:teach", "--sysctl", "x=1"], "is no sysctl name"),
        (["run", "teach", "-m", "sim:teach", "--sysctl", "hw.no.such"], "no sysctl hw.no.such"),
        (["run", "teach", "-m", "sim:teach", "--sysctl", "hw.teach0.period=x"], "takes a number"),
        (["list", "nonsense"], "is not one of"),
    ],
)
def test_wrong_usage_is_status_2_and_one_sentence(rumphost, arguments, words):
    result = rumphost(*arguments)
    assert result.status == 2
    assert words in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("form", [["--format", "json"], ["--format=json"]])
@pytest.mark.parametrize("wrong", ["nosuch", "--bogus"])
def test_errors_are_records_too(rumphost, form, wrong):
    result = rumphost("run", wrong, *form)
    (record,) = result.events
    assert record["event"] == "error"
    assert record["exit_status"] == result.status == 2
    assert wrong in record["message"]
    assert set(record) == {"event", "exit_status", "message", "driver", "backtrace"}


def test_facts_on_stdout_log_on_stderr(rumphost):
    result = rumphost(*SIM)
    assert result.status == 0
    facts = result.out.splitlines()
    assert facts[0].startswith("iex0 at pci0 dev 3 function 0: Intel i82540EM")
    assert "3 packets transmitted, 3 packets received, 0.0% packet loss" in facts
    assert facts[-1] == "iex0 detached; leaks: none"
    assert all(line.startswith("[") for line in result.err.splitlines())
    assert "\x1b" not in result.out + result.err


def test_quiet_leaves_the_facts(rumphost):
    quiet, loud = rumphost(*SIM, "-q"), rumphost(*SIM)
    assert quiet.err == ""
    assert quiet.out == loud.out


KEYS = {
    "attached": {"device", "driver", "at", "description"},
    "interface": {"interface", "address", "media", "flags", "mtu"},
    "lease": {"interface", "address", "prefix_length", "router", "server", "lease_s"},
    "ping": {"target"},
    "reply": {"size", "source", "sequence", "ttl", "rtt_ns"},
    "ping_statistics": {"target", "transmitted", "received", "rtt_ns"},
    "counters": {
        "interface", "ipackets", "ierrors", "opackets", "oerrors", "collisions", "ibytes",
        "obytes", "imcasts", "omcasts", "iqdrops", "noproto",
    },
    "sysctl": {"name", "value", "before"},
    "event_counter": {"group", "name", "count"},
    "detached": {"device", "leaks"},
}  # fmt: skip


def test_every_record_has_the_keys_of_its_event(rumphost):
    result = rumphost(*SIM, "--format", "json")
    assert result.status == 0
    seen = {}
    for record in result.events:
        seen.setdefault(record.pop("event"), []).append(set(record))
    assert {event: keys for event, (keys, *_) in seen.items()} == KEYS
    assert all(one == KEYS[event] for event, several in seen.items() for one in several)


def test_an_output_that_nobody_reads_any_more(spawn):
    process = spawn(*SIM)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 141
    assert "Traceback" not in process.stderr.read()


def test_an_output_that_is_full():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *SIM, "-q"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30,
            check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr == "rumphost: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("missing", ["1", "2"])
def test_streams_that_are_closed(missing):
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {missing}>&-', "sh", *COMMAND, *SIM],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert (done.stdout == "") == (missing == "1")
    assert (done.stderr == "") == (missing == "2")


@pytest.mark.parametrize("what", ["pcap", "trace"])
def test_a_disk_that_is_full(rumphost, what):
    result = rumphost(*SIM, f"--{what}", "/dev/full")
    assert result.status == 3
    assert "/dev/full: No space left on device" in result.err
    assert "iex0 detached; leaks: none" in result.out


def without_commands(path) -> dict[str, str]:
    return {"PATH": str(path), "CC": ""}


def test_no_compiler(spawn, tmp_path):
    process = spawn("build", "teach", env=without_commands(tmp_path))
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert err == "rumphost: no C compiler found: install gcc, or name one in CC\n"


@pytest.mark.parametrize(
    ("compiler", "words"), [("nosuchcc -m32", "install it, or unset CC"), ("'", "unset CC")]
)
def test_a_compiler_that_is_not_there(rumphost, monkeypatch, compiler, words):
    monkeypatch.setenv("CC", compiler)
    result = rumphost("build", "teach")
    assert result.status == 3
    assert words in result.err


def test_no_python_headers(monkeypatch, tmp_path):
    monkeypatch.setenv("RUMPHOST_CACHE", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _name: "/nonexistent")
    with pytest.raises(HostLacks, match=r"Python\.h: install .*python3-dev"):
        load_library.__wrapped__()


def test_no_qemu(rumphost, monkeypatch, tmp_path):
    for name in ("gcc", "as", "ld", "addr2line"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path))
    result = rumphost("run", "if_i8254x", "-m", "qemu:e1000")
    assert result.status == 3
    assert "qemu-system-x86_64 is not installed: install QEMU" in result.err


def test_a_cache_that_cannot_be(rumphost, monkeypatch):
    monkeypatch.setenv("RUMPHOST_CACHE", "/proc/no/such")
    result = rumphost("build", "teach")
    assert result.status == 3
    assert "name another directory in RUMPHOST_CACHE" in result.err


def test_a_defect_is_told_as_one(rumphost, monkeypatch):
    monkeypatch.setattr("rumphost.cli.listing.list_devices", lambda: 1 / 0)
    result = rumphost("list", "devices", "--format", "json")
    assert result.status == 70
    assert "ZeroDivisionError" in result.err
    assert "a defect of rumphost itself" in result.one("error")["message"]


def test_two_commands_at_once(spawn):
    processes = [spawn(*SIM, "--seed", seed) for seed in (1, 2)]
    for process in processes:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert out.endswith("iex0 detached; leaks: none\n")


def test_list(rumphost):
    drivers = rumphost("list", "--format", "json").events
    assert {"teach", "edu", "iex"} <= {record["driver"] for record in drivers}
    models = rumphost("list", "models")
    assert "i82540em\tmac" in models.out
