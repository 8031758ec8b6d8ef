"""``--sanitize`` and ``--coverage`` of the command line, and ``rumphost covered``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rumphost.sources import drivers_dir

FAULTY = Path(__file__).parents[1] / "drivers" / "faulty"


def faulty(directory: Path, number: int) -> Path:
    """A driver that has one fault, in a file of its own."""
    for path in FAULTY.glob("*"):
        text = path.read_text().replace("../../../drivers/", f"{drivers_dir()}/")
        if path.name == "sanitized.c":
            text = text.replace("define\tFAULT\t0", f"define\tFAULT\t{number}")
        (directory / path.name).write_text(text)
    return directory / "sanitized.c"


def test_undefined_behaviour_fails_a_run(rumphost, tmp_path):
    source = faulty(tmp_path, 11)
    done = rumphost("run", source, "-m", "sim:teach", "--sanitize", "undefined", "--stay", 0)
    assert done.status == 1
    assert "sanitized0 detached; leaks: none" in done.out
    words = "KUBSAN: signed integer overflow: 2147483647 + 1 cannot be represented in type 'int'"
    assert f"rumphost: sanitized0: {words}, at {source}:" in done.err
    assert "  #0 signed_overflow at " in done.err


def test_an_access_out_of_bounds_ends_a_run(rumphost, tmp_path):
    source = faulty(tmp_path, 3)
    command = ("run", source, "-m", "sim:teach", "--sanitize", "address", "--stay", 0)
    done = rumphost(*command)
    assert done.status == 1
    assert "KASAN: a store of 4 bytes at byte 8 of 64 bytes after their release" in done.err
    assert "\nallocated:\n" in done.err
    assert "\nreleased:\n" in done.err
    done = rumphost(*command, "--format", "json", "-q")
    (record,) = [one for one in map(json.loads, done.out.splitlines()) if one["event"] == "error"]
    assert [place["what"] for place in record["places"]] == ["allocated", "released"]
    done = rumphost(*command, "--sanitize-recover")
    assert done.status == 1
    assert "sanitized0 detached" in done.out


def test_no_fault_no_word(rumphost):
    done = rumphost(
        "run", "teach", "-m", "sim:teach", "--sanitize", "address,undefined", "--stay", 0
    )
    assert done.status == 0
    assert "SAN" not in done.out + done.err


def test_a_sanitized_build(rumphost):
    assert rumphost("build", "teach", "--sanitize", "undefined").status == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sanitize", "thread"), "no sanitizer 'thread': address, undefined"),
        (("--sanitize-recover",), "--sanitize-recover needs --sanitize address"),
        (("--coverage-shim",), "--coverage-shim needs --coverage DIR"),
        (("--coverage", __file__), "is a file"),
    ],
)
def test_wrong_usage(rumphost, words, said):
    done = rumphost("run", "teach", "-m", "sim:teach", *words)
    assert done.status == 2
    assert said in done.err


def test_coverage_of_a_run(rumphost, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    command = ("run", "teach", "-m", "sim:teach", "--stay", 0, "--coverage")
    done = rumphost(*command, here)
    assert done.status == 0
    rows = [line.split("\t") for line in done.out.splitlines() if "teach.c\t" in line]
    assert len(rows) == 1
    assert " of " in rows[0][1]
    assert f"coverage: {here / 'html' / 'index.html'}, {here / 'coverage.xml'}" in done.err
    rumphost(*command, there)
    done = rumphost("covered", here, there, "--format", "json", "-q")
    assert done.status == 0
    records = [json.loads(line) for line in done.out.splitlines()]
    (teach,) = [one for one in records if one["path"].endswith("/teach.c")]
    assert 0 < teach["lines_run"] < teach["lines"]
    assert 0 < teach["branches_run"] < teach["branches"]


def test_nothing_to_show(rumphost, tmp_path):
    done = rumphost("covered", tmp_path)
    assert done.status == 2
    assert "there are no counters of coverage in it" in done.err
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "other").mkdir()
    for other, why in ((tmp_path, "added to itself"), (tmp_path / "other", "no counters of")):
        done = rumphost("covered", tmp_path, other)
        assert done.status == 2
        assert why in done.err
    assert rumphost("covered", tmp_path / "absent").status == 2


def test_a_crash_is_counted(rumphost, tmp_path):
    done = rumphost("run", FAULTY / "nullderef.c", "-m", "sim:teach", "--coverage", tmp_path)
    assert done.status == 1
    assert "NULL pointer" in done.err
    assert "nullderef.c" in done.out
