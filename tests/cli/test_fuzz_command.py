"""``rumphost fuzz`` on a driver that trusts its device: what it finds, and that it repeats."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from command_line import Result, read_until

FAULTY = Path(__file__).parents[1] / "drivers" / "faulty"
PLANTED = FAULTY / "planted.c"
BUGS = {"planted_receive": "panic", "planted_count": "panic", "planted_quiesce": "hang"}


def functions(record: dict) -> str:
    """Return the functions of a record's backtrace."""
    return " ".join(frame.partition(" at ")[0] for frame in record["backtrace"])


def bug(record: dict) -> str:
    (found,) = [name for name in BUGS if name in functions(record)]
    return found


def crashes(result: Result) -> list[dict]:
    return [record for record in result.events if record["event"] == "crash"]


@pytest.fixture
def fuzz(rumphost, tmp_path):
    """Run a campaign, of so many executions."""

    def run(driver: object, executions: int, *arguments: object, into: str = "corpus") -> Result:
        return rumphost(
            "fuzz", driver, "-m", "sim:teach", "--corpus", tmp_path / into, "--format", "json",
            "--executions", executions, *arguments,
        )  # fmt: skip

    return run


def test_three_planted_bugs_are_found_shrunk_and_replayed(fuzz, rumphost, tmp_path):
    result = fuzz(PLANTED, 300, "--seed", 1)
    assert result.status == 1
    found = {bug(record): record for record in crashes(result)}
    assert {name: record["kind"] for name, record in found.items()} == BUGS
    assert len(crashes(result)) == 3
    assert result.one("fuzzed")["crashes"] == 3
    counts = {name: len(record["mutations"]) for name, record in found.items()}
    assert counts == {"planted_receive": 1, "planted_count": 2, "planted_quiesce": 1}
    for name, record in found.items():
        assert record["why"] == ""
        replay = Path(record["replay"])
        assert replay.parent == tmp_path / "corpus" / "crashes"
        again = rumphost("run", PLANTED, "-m", f"replay:{replay}", "--ping", 1, "--format", "json")
        assert again.status == 1
        error = next(record for record in again.events if record["event"] == "error")
        assert name in functions(error)
        assert error["message"].split("0x")[0] == record["message"].split("0x")[0]
        kept = json.loads(replay.with_suffix(".json").read_text())
        assert kept["mutations"] == record["mutations"]
    revision = found["planted_count"]["words"][0]
    assert revision == "the 1st read of ID has 0x5c in the bits 0xff", "by what it is compared with"


def queue(path: Path) -> list[str]:
    return sorted(one.name for one in (path / "queue").iterdir())


def test_a_campaign_repeats_whatever_the_number_of_processes(fuzz, tmp_path):
    results = [
        fuzz(PLANTED, 130, "--seed", 7, "--jobs", jobs, into=f"jobs-{jobs}") for jobs in (1, 3)
    ]
    assert queue(tmp_path / "jobs-1") == queue(tmp_path / "jobs-3") != []
    first, second = ([record["mutations"] for record in crashes(one)] for one in results)
    assert first == second
    fuzz(PLANTED, 130, "--seed", 8, into="other")
    assert queue(tmp_path / "other") != queue(tmp_path / "jobs-1")


def test_a_corpus_is_gone_on_from(fuzz, tmp_path):
    fuzz("edu", 100, "-m", "sim:edu", "--sysctl", "hw.edu0.factorial=5")
    before = queue(tmp_path / "corpus")
    result = fuzz("edu", 1, "-m", "sim:edu", "--sysctl", "hw.edu0.factorial=5")
    assert result.one("fuzzed")["inputs"] >= len(before)
    assert queue(tmp_path / "corpus") == before


def test_a_driver_that_crashes_by_itself(fuzz):
    result = fuzz(FAULTY / "nullderef.c", 50)
    assert result.status == 1
    (crash,) = crashes(result)
    assert "nullderef_fill" in functions(crash)
    assert crash["mutations"] == []
    assert crash["replay"]


def test_a_leak(fuzz):
    (crash,) = crashes(fuzz(FAULTY / "leakmem.c", 1))
    assert (crash["kind"], crash["mutations"]) == ("leak", [])
    assert crash["replay"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["teach", "-m", "qemu:e1000"], "only simulated devices"),
        (["teach", "-m", "sim:nothing"], "nothing"),
        (["teach", "-m", "sim:edu"], "no device"),
        (["teach", "-m", "sim:teach", "--time", "0"], "--time"),
        (["teach", "-m", "sim:teach", "--jobs", "0"], "--jobs"),
        (["teach", "-m", "sim:teach", "--corpus", "/dev/null/x"], "/dev/null/x"),
    ],
)
def test_wrong_usage(rumphost, arguments, words):
    result = rumphost("fuzz", *arguments)
    assert result.status in (2, 3)
    assert words in result.err


def test_a_corpus_with_a_file_that_is_none(rumphost, tmp_path):
    (tmp_path / "queue").mkdir()
    (tmp_path / "queue" / "000001-x.json").write_text("{}")
    result = rumphost("fuzz", "teach", "-m", "sim:teach", "--corpus", tmp_path)
    assert result.status == 2
    assert "000001-x.json is no input of the fuzzer's" in result.err


def test_ctrl_c_ends_it_with_what_was_found(spawn, tmp_path):
    process = spawn(
        "fuzz", PLANTED, "-m", "sim:teach", "--corpus", tmp_path, "--time", 600, "--seed", 1,
        "--jobs", 2,
    )  # fmt: skip
    read_until(process, "replay:")
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "crashes" in out.splitlines()[-1]
    assert "interrupted" in err
    assert "Traceback" not in err
