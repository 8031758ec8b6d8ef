"""A baseline: CI fails on what got worse, and on nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from rumphost.build.baseline import Baseline
from rumphost.build.compiler import Diagnostic
from rumphost.build.linker import MissingSymbol
from rumphost.build.report import DriverReport, FileReport, Report
from rumphost.errors import UsageError

ODD = Diagnostic("/s/a.c", 1, "warning", "odd")
GOOD = DriverReport("good", "linked", 1, 1, warnings=(ODD, ODD))
LAME = DriverReport("lame", "unlinked", 1, 1, missing=(MissingSymbol("foo", "", ""),))
BAD = DriverReport("bad", "failed", 1, 0, errors=(Diagnostic("/s/b.c", 7, "error", "no"),))
FILES = (FileReport("dev/pci/a.c", True, "driver"), FileReport("dev/pci/b.c", False, "driver"))


def report(*drivers: DriverReport, files: tuple[FileReport, ...] = FILES) -> Report:
    return Report("pci", "dev/pci", "gcc (Debian 12.2.0-14) 12.2.0", 2, drivers, files)


def known() -> Baseline:
    baseline = Baseline()
    baseline.update(report(GOOD, LAME, BAD))
    return baseline


def changes(new: Report) -> list[str]:
    return [str(one) for one in known().compare(new)]


def test_what_is_as_it_was_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "base.json"
    known().write(path)
    assert Baseline.read(path).compare(report(GOOD, LAME, BAD)) == []
    text = path.read_text()
    assert "/s/" not in text
    known().write(path)
    assert path.read_text() == text
    assert [line for line in text.splitlines() if '"lame"' in line] == [
        ' "lame": {"state": "unlinked", "warnings": 0, "missing": ["foo"]}'
    ]


def test_what_failed_before_may_fail_and_what_did_not_may_not() -> None:
    worse = replace(GOOD, state="failed", errors=BAD.errors)
    assert changes(report(worse, LAME, BAD)) == [
        "worse: good was linked and is failed: /s/b.c:7: no"
    ]
    better = replace(BAD, state="linked", errors=())
    assert changes(report(GOOD, LAME, better)) == ["better: bad was failed and is linked"]


def test_another_missing_symbol_is_worse_and_a_reason_to_fail() -> None:
    more = replace(LAME, missing=(*LAME.missing, MissingSymbol("bar", "", "")))
    assert changes(report(GOOD, more, BAD)) == ["worse: lame misses more: bar"]
    other = replace(LAME, missing=())
    assert changes(report(GOOD, other, BAD)) == []


def test_more_warnings_are_worse_with_the_same_compiler_only() -> None:
    more = replace(GOOD, warnings=(ODD, replace(ODD, line=2)))
    assert changes(report(more, LAME, BAD)) == ["worse: good has 2 warnings instead of 1"]
    same = replace(report(more, LAME, BAD), compiler="gcc (Ubuntu 12.9) 12.9.0")
    assert len(known().compare(same)) == 1
    other = replace(same, compiler="gcc (Debian 12.2.0-14) 13.1.0")
    assert known().compare(other) == []


def test_files_count_too() -> None:
    files = (replace(FILES[0], is_compiled=False, error="why"), replace(FILES[1], is_compiled=True))
    assert changes(report(GOOD, LAME, BAD, files=files)) == [
        "worse: dev/pci/a.c does not compile any more: why",
        "better: dev/pci/b.c compiles now",
    ]


def test_a_new_driver_must_build_and_an_old_one_must_not_go() -> None:
    new = replace(BAD, name="new")
    assert changes(report(GOOD, LAME, BAD, new, replace(GOOD, name="fine"))) == [
        "worse: new is new and does not build: /s/b.c:7: no"
    ]
    assert changes(report(GOOD, BAD)) == ["worse: lame is gone"]
    part = replace(report(GOOD), shards=("1/3",), files=())
    assert known().compare(part) == []


def test_an_update_with_a_part_keeps_the_rest() -> None:
    baseline = known()
    baseline.update(replace(report(replace(BAD, state="linked", errors=())), shards=("1/3",)))
    assert set(baseline.drivers) == {"good", "lame", "bad"}
    assert baseline.drivers["bad"]["state"] == "linked"
    baseline.update(report(GOOD))
    assert set(baseline.drivers) == {"good"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": "other"}',
        '{"format": "rumphost-baseline-1", "compiler": "", "drivers": {"a": {}}, "files": {}}',
        '{"format": "rumphost-baseline-1", "compiler": "", "files": {},'
        ' "drivers": {"a": {"state": "odd", "warnings": 0}}}',
    ],
)
def test_what_is_no_baseline_is_wrong_usage(tmp_path: Path, text: str) -> None:
    path = tmp_path / "base.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is no baseline"):
        Baseline.read(path)


def test_a_baseline_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist: make it with --update-baseline"):
        Baseline.read(tmp_path / "none.json")
