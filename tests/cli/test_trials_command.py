"""``rumphost fault``, ``rumphost explore`` and ``rumphost run --fault``."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

FAULTY = Path(__file__).parents[1] / "drivers" / "faulty"
TEACH = ("-m", "sim:teach")


class TestFault:
    def test_a_driver_that_does_well(self, rumphost):
        result = rumphost("fault", "teach", *TEACH)
        assert result.status == 0
        lines = result.out.splitlines()
        assert re.fullmatch(
            r"any:1: bus_map in teach_attach at \S+teach\.c:\d+: gave up: "
            r"teach0: unable to map registers",
            lines[0],
        )
        assert re.fullmatch(r"any: 9 of 9 tried in [\d.]+ s: 8 gave up, 1 unharmed", lines[-1])

    def test_one_that_does_not(self, rumphost):
        result = rumphost("fault", FAULTY / "errleak.c", *TEACH, "--what", "dma")
        assert result.status == 1
        last = result.out.splitlines()[-1]
        assert last.startswith("leak: errleak0: left behind at detach: bus_dma(9): the map at 0x")
        assert "in errleak_dma at" in last
        assert last.endswith("; repeat with --what dma:2")

    def test_and_the_fault_repeats_it(self, rumphost):
        result = rumphost("run", FAULTY / "errleak.c", *TEACH, "--fault", "dma:2", "--stay", 0)
        assert result.status == 1
        assert re.search(
            r"^fault dma:2: dma_load \(2\), in errleak_dma at .*errleak\.c:\d+$", result.out, re.M
        )
        assert "left behind at detach: bus_dma(9)" in result.err

    def test_and_one_alone(self, rumphost):
        result = rumphost("fault", FAULTY / "errleak.c", *TEACH, "--what", "dma:2")
        assert result.status == 1
        first, last, _ = result.out.splitlines()
        assert first.startswith("dma:2: dma_load in errleak_dma at")
        assert last.startswith("dma:2: 1 of 2 tried in")

    def test_as_records(self, rumphost):
        result = rumphost(
            "fault", FAULTY / "nocheck.c", *TEACH, "--what", "kmem", "--format", "json"
        )
        assert result.status == 1
        case = result.one("case")
        assert (case["fault"], case["did"]) == ("kmem:1", "panic")
        assert result.one("sweep")["outcomes"] == {"panic": 1}
        trouble = result.one("trouble")
        assert trouble["kind"] == "panic"
        assert "nocheck_attach" in trouble["place"]
        assert trouble["repeat"] == "--what kmem:1"

    def test_nothing_to_refuse(self, rumphost):
        result = rumphost("fault", "edu", "-m", "sim:edu", "--what", "firmware:error")
        assert result.status == 0
        assert result.out.startswith("firmware:error: 0 of 0 tried")

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("--what", "foo"), "nothing is called 'foo' that could fail"),
            (("--what", "interrupt:late"), "how late? write interrupt:late=10ms"),
            (("--scenario", "nonsense"), "write attach, use or FILE.py:FUNCTION"),
            (("--scenario", "none.py:go"), "there is no file 'none.py'"),
            (("-m", "replay:x"), "each trial needs a new machine: use sim: or qemu:"),
            (("-m", "sim:edu"), "teach: no device on sim:edu that it would drive"),
            (("--firmware", "/no/such"), "does not exist"),
        ],
    )
    def test_wrong_usage(self, rumphost, words, message):
        result = rumphost("fault", "teach", *TEACH, *words)
        assert result.status == 2
        assert message in " ".join(result.err.split())

    def test_ctrl_c(self, spawn):
        process = spawn("fault", "if_i8254x", "-m", "sim:i82540em")
        assert process.stdout.readline().startswith("any:1: bus_map")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert "Traceback" not in err

    def test_a_reader_who_leaves(self, spawn):
        process = spawn("fault", "if_i8254x", "-m", "sim:i82540em")
        process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=20)
        assert process.returncode == 141
        assert err == ""


class TestExplore:
    def test_a_driver_that_does_well(self, rumphost):
        result = rumphost("explore", "edu", "-m", "sim:edu", "--runs", 5)
        assert result.status == 0
        assert re.fullmatch(r"\d+ points, \d+ trials in [\d.]+ s: nothing found\n", result.out)

    def test_what_is_found_repeats(self, rumphost):
        found = rumphost("explore", FAULTY / "early.c", *TEACH, "--action", "interrupt")
        assert found.status == 1
        first, step, last = found.out.splitlines()
        assert first.startswith("panic: early0: bad memory access: NULL pointer 0x0 (SIGSEGV)")
        assert "in early_intr at" in first
        option, value = first.rpartition("repeat with ")[2].split()
        assert option == "--at"
        assert step.startswith(f"  {value} (")
        assert last.endswith("s: 1 found")
        for _ in range(2):
            again = rumphost("explore", FAULTY / "early.c", *TEACH, "-q", option, value)
            assert again.status == 1
            assert again.out.splitlines()[0] == step.strip()
            assert again.out.splitlines()[1] == first.partition("; repeat")[0]

    def test_a_schedule_that_does_no_harm(self, rumphost):
        result = rumphost("explore", "teach", *TEACH, "--at", "3=timeout", "--at", "50=interrupt")
        assert result.status == 0
        assert result.out.splitlines()[-1] == "nothing wrong"

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("--at", "0=detach"), "write POINT=ACTION, of interrupt, timeout, detach, unplug"),
            (("--action", "explode"), "'explode' is not one of"),
            (("--points", "all"), "'all' is not one of 'bus', 'lock', 'sleep'"),
            (("--every", "0"), "0 is not in the range"),
            (("-m", "qemu:e1000"), "no two runs on the real clock are alike: use sim:"),
        ],
    )
    def test_wrong_usage(self, rumphost, words, message):
        result = rumphost("explore", "teach", *TEACH, *words)
        assert result.status == 2
        assert message in " ".join(result.err.split())


class TestRun:
    def test_a_fault_that_is_none(self, rumphost):
        result = rumphost("run", "teach", *TEACH, "--fault", "alloc:x")
        assert result.status == 2
        assert "'x' is none of N, from=N, every=N" in " ".join(result.err.split())

    def test_no_cable_to_pull(self, rumphost):
        result = rumphost("run", "teach", *TEACH, "--fault", "link:flap")
        assert result.status == 2
        assert "sim:teach has no cable to pull" in result.err

    def test_many_are_summed_up(self, rumphost):
        fault = "interrupt:spurious=1ms,from=2"
        result = rumphost("run", "teach", *TEACH, "-q", "--fault", fault, "--stay", 0.1)
        assert result.status == 0
        told = [line for line in result.out.splitlines() if line.startswith(f"fault {fault}: ")]
        assert len(told) == 6
        assert re.fullmatch(r".*: \d+ times", told[-1])


def test_a_point_that_never_comes(rumphost):
    result = rumphost("explore", "teach", "-m", "sim:teach", "--at", "99999999=interrupt")
    assert result.status == 2
    assert "came to none of these points" in result.err
