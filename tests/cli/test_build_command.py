"""``rumphost build`` and ``rumphost coverage`` as a CI job uses them, on drivers without a tree."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from rumphost.cli import main

DRIVER = """\
/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/device.h>

#include <dev/pci/pcivar.h>

static int
NAME_match(device_t parent, cfdata_t cf, void *aux)
{
	struct pci_attach_args *pa = aux;

	return PCI_VENDOR(pa->pa_id) == 0x1b36;
}

static void
NAME_attach(device_t parent, device_t self, void *aux)
{

	aprint_normal("\\n");
}

CFATTACH_DECL_NEW(NAME, 0, NAME_match, NAME_attach, NULL, NULL);
"""
BROKEN = "int broken = nothing;\n"
LAME = """\
void usbd_frobnicate(void);
int lame(void);
int lame(void) { usbd_frobnicate(); return 0; }
"""

Command = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Runs a command line; returns its status, the lines of its output, and its log."""
    monkeypatch.delenv("RUMPHOST_SYS", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, list[str], str]:
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        return int(caught.value.code or 0), printed.out.splitlines(), printed.err

    return run


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What a driver author has: a few drivers, each a C file."""
    for name, extra in (("fine", ""), ("bent", BROKEN), ("lame", LAME)):
        (tmp_path / f"{name}.c").write_text(DRIVER.replace("NAME", name) + extra)
    return tmp_path


@pytest.mark.usefixtures("repository")
def test_a_c_file_is_built(command: Command) -> None:
    status, [line], log = command("build", "fine.c")
    assert status == 0
    assert line.startswith("fine.c: /")
    assert line.endswith(".so (1 files, 0.0 s)") or " (1 files, " in line
    assert "warning" not in log


def test_a_driver_that_does_not_build_is_told_with_file_and_line(
    command: Command, repository: Path
) -> None:
    line = DRIVER.count("\n") + 1
    status, out, log = command("build", "bent.c", "fine.c")
    assert status == 1
    assert [one.split(":")[0] for one in out] == ["fine.c"]
    assert f"bent.c does not build: {repository}/bent.c:{line}: " in log.replace("\n", " ")


@pytest.mark.usefixtures("repository")
def test_a_missing_function_is_told_with_its_page(command: Command) -> None:
    status, out, log = command("build", "lame.c")
    assert (status, out) == (1, [])
    assert "nothing defines usbd_frobnicate of usbdi(9), used at" in log


def test_a_missing_header_is_told_with_file_and_line(command: Command, repository: Path) -> None:
    fine = repository / "fine.c"
    fine.write_text("#include <dev/gone.h>\n" + fine.read_text())
    status, _, log = command("build", "fine.c")
    assert status == 1
    assert f"{fine}:1: dev/gone.h: No such file or directory" in log


def test_json_has_a_record_for_each(command: Command, repository: Path) -> None:
    status, out, _ = command("build", "fine.c", "bent.c", "--format", "json")
    records = [json.loads(line) for line in out]
    assert status == 1
    assert [(one["event"], one.get("driver", "")) for one in records] == [
        ("built", "fine.c"),
        ("error", ""),
    ]
    assert records[0]["sources"] == [str(repository / "fine.c")]


def test_a_ci_job_gets_junit_and_annotations(command: Command, repository: Path) -> None:
    status, out, _ = command(
        "build", "fine.c", "bent.c", "lame.c", "--junit", "out.xml", "--annotations"
    )
    assert status == 1
    line = DRIVER.count("\n") + 1
    assert any(
        one.startswith(f"::error file=bent.c,line={line},title=bent.c does not build::")
        for one in out
    )
    assert any("nothing defines usbd_frobnicate of usbdi(9)" in one for one in out)
    [suite] = Xml.parse(repository / "out.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")


def test_an_error_in_a_files_file_is_annotated_where_it_is(
    command: Command, repository: Path
) -> None:
    (repository / "files.mine").write_text("device fine\nattach fine to pci\n")
    status, out, log = command("build", "fine.c", "--annotations")
    assert status == 1
    assert out[0].startswith("::error file=files.mine,line=2,title=")
    assert "files.mine:2: `at' expected, not `to'" in log


def test_a_baseline_lets_what_failed_before_fail(command: Command, repository: Path) -> None:
    words = ("build", "fine.c", "bent.c", "--baseline", "base.json")
    assert command(*words)[0] == 2
    status, _, log = command(*words, "--update-baseline")
    assert status == 0
    assert "base.json: 2 drivers" in log
    assert command(*words)[0] == 0
    fine = repository / "fine.c"
    fine.write_text(fine.read_text() + "int worse = nobody;\n")
    status, out, _ = command(*words, "--junit", "out.xml", "--annotations")
    assert status == 1
    assert any(one.startswith("worse: fine.c was linked and is failed: ") for one in out)
    assert not any("file=bent.c" in one for one in out)
    [suite] = Xml.parse(repository / "out.xml").getroot()
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "1")


def test_all_drivers_of_a_bus_with_their_files(command: Command, tmp_path: Path) -> None:
    status, out, _ = command("build", "--all", "--report", "whole.json")
    assert status == 0
    assert [line.split("\t")[1] for line in out if line.startswith("teach\t")] == ["linked"]
    count = len(json.loads((tmp_path / "whole.json").read_text())["files"])
    assert f"{count} of {count} files of drivers accounted for" in out[-1]
    for number in (1, 2):
        words = ("build", "--all", "--shard", f"{number}/2", "--report", f"{number}.json")
        assert command(*words)[0] == 0
    status, merged, _ = command("build", "--merge", "1.json", "2.json")
    assert status == 0
    assert merged[:-2] == out[:-2]
    assert merged[-1] == out[-1]


def test_all_drivers_as_json(command: Command) -> None:
    status, out, _ = command("build", "--all", "--format", "json")
    records = [json.loads(line) for line in out]
    assert status == 0
    drivers = {one["name"]: one["state"] for one in records if one["event"] == "driver"}
    assert drivers["edu"] == "linked"
    assert any(one["event"] == "file" and one["path"] == "drivers/teach.c" for one in records)
    assert records[-1]["event"] == "summary"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["build"], "name a driver, or say --all"),
        (["build", "--all", "wm"], "--all is every driver: leave out wm"),
        (["build", "--all", "--merge"], "say one of them"),
        (["build", "--merge"], "name the reports"),
        (["build", "--merge", "none.json"], "none.json: cannot be read"),
        (["build", "--shard", "1/2", "edu"], "--shard is a part of --all"),
        (["build", "--all", "--shard", "3/2"], "say I/N"),
        (["build", "--all", "--bus", "sbus"], "no driver attaches to `sbus'"),
        (["build", "edu", "--update-baseline"], "--update-baseline needs --baseline"),
        (["build", "nothing"], "no driver `nothing'"),
        (["build", "none.c"], "none.c: No such file"),
        (["build", "--all", "--sys", "nowhere"], "nowhere: no such directory"),
        (["build", "--all", "--sys", "."], ". is no NetBSD kernel source tree: conf/files is"),
        (["coverage"], "say --sys DIR, or name reports"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(command: Command, words: list[str], text: str) -> None:
    status, out, log = command(*words)
    assert (status, out) == (2, [])
    assert text in log.replace("\n", " ")


def test_a_host_without_a_compiler_lacks_something(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "nocc")
    status, _, log = command("build", "edu")
    assert status == 3
    assert "CC names nocc, which is not installed" in log


REPORT = {
    "format": "rumphost-build-1",
    "bus": "pci",
    "directory": "dev/pci",
    "compiler": "gcc",
    "total_files": 0,
    "seconds": 0.0,
    "files": [],
    "shards": [],
    "drivers": [
        {
            "name": "one", "state": "unlinked", "files": 1, "compiled": 1, "errors": [],
            "missing": [{"name": "buf_init", "page": "buffercache(9)", "used_at": ""}],
            "warnings": [], "sources": [], "image": "", "defined_at": "", "seconds": 0,
        }
    ],
}  # fmt: skip


def test_coverage_reads_a_report(command: Command, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(REPORT))
    assert command("coverage", "r.json")[:2] == (0, ["buf_init\tbuffercache(9)\t1\t1\tone"])
    assert command("coverage", "r.json", "--by", "page")[:2] == (
        0,
        ["buffercache(9)\tbuf_init\t1\t1\tone"],
    )
    assert command("coverage", "r.json", "--by", "plan")[:2] == (
        0,
        ["buffercache(9)\tbuf_init\t1\tone"],
    )
    status, [line], _ = command("coverage", "r.json", "--format", "json")
    assert status == 0
    assert json.loads(line)["unlocks"] == ["one"]


def test_coverage_lists_what_there_is(command: Command) -> None:
    status, out, log = command("coverage", "--implemented")
    assert status == 0
    assert "callout(9)\tcallout_reset" in out
    assert f"{len(out)} functions of " in log
