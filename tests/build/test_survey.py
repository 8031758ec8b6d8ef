"""Every driver of a bus, and every file of its directory: on a tree of our own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rumphost.build import Builder, BuildFailure, ConfigError
from rumphost.build.report import merge
from rumphost.build.survey import Shard, Survey
from rumphost.errors import UsageError

pytestmark = pytest.mark.usefixtures("cache")

MORE = """\
device good
attach good at pci
file dev/pci/good.c good
device lame
attach lame at pci
file dev/pci/lame.c lame
define shared
device broken: shared
attach broken at pci
file dev/pci/broken.c broken
file dev/pci/shared.c shared
device lost: shared
attach lost at pci
file dev/pci/lost.c lost
device card {}
attach card at pci
file dev/pci/card.c card
device part
attach part at card
file dev/pci/part.c part
device thing
attach thing at card
file dev/more/thing.c thing
device needy: nowhere
attach needy at pci
define farbus {}
device far
attach far at farbus
file dev/pci/far.c far
makeoptions good CPPFLAGS+="-DLEVEL=3 -I$S/dev/more"
"""
LEVEL = '#if LEVEL != 3\n#error "no LEVEL"\n#endif\n#include "more.h"\n'


@pytest.fixture(scope="module")
def write(bare_tree: Path) -> Iterator[Callable[..., Path]]:
    """Writes a driver of the tree; what a test module wrote goes away after it."""
    written: list[Path] = []

    def put(name: str, text: str, directory: str = "dev/pci") -> Path:
        path = bare_tree / directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        written.append(path)
        return path

    yield put
    for path in written:
        path.unlink()
    (bare_tree / "dev/pci/files.more").write_text("")


@pytest.fixture(scope="module")
def survey_tree(bare_tree: Path, write: Callable[..., Path], tiny_text: str) -> Path:
    def driver(name: str, extra: str = "", top: str = "") -> str:
        return top + tiny_text.replace("tiny_pci", name).replace("tiny", name) + extra

    (bare_tree / "dev/pci/files.more").write_text(MORE)
    for name in ("tiny", "good", "card", "lame", "broken", "lost"):
        write(f"opt_{name}.h", "", "dev/more")
    write("more.h", "\n", "dev/more")
    for name, extra, top in (
        ("good", "", LEVEL),
        ("card", "", ""),
        ("lame", "void pool_frobnicate(void);\nint lame(void);\n"
         "int lame(void) { pool_frobnicate(); return 0; }\n", ""),
        ("broken", "int broken = nothing;\n", ""),
        ("lost", "", "#include <dev/pci/gone.h>\n"),
    ):  # fmt: skip
        text = driver(name, extra, top).replace(f'#include "opt_{name}.h"\n', "")
        write(f"{name}.c", text)
    write("tiny_pci.c", tiny_text)
    call = (
        "void thing_nowhere(void);\nint use(void);\nint use(void) { thing_nowhere(); return 0; }\n"
    )
    thing = driver("thing", call).replace('#include "opt_thing.h"\n', "")
    write("thing.c", thing, "dev/more")
    write("part.c", "int part_is_missing = part_nowhere;\n")
    write("shared.c", "int tiny_shared;\n")
    write("far.c", tiny_text.replace("tiny_pci", "far").replace('#include "opt_tiny.h"\n', ""))
    write("pci.c", "int pci_own;\n")
    write("orphan.c", "static int nobody_has_me;\n")
    for name in ("goodphy", "badphy"):
        write(f"{name}.c", "int nothing_here;\n", "dev/mii")
    return bare_tree


@pytest.fixture
def survey(survey_tree: Path) -> Survey:
    return Survey(Builder(survey_tree), jobs=2)


def test_each_driver_is_accounted_for(survey: Survey) -> None:
    report = survey.of_bus("pci")
    drivers = {one.name: one for one in report.drivers}
    assert {name: one.state for name, one in drivers.items()} == {
        "broken": "failed",
        "card": "linked",
        "good": "linked",
        "lame": "unlinked",
        "lost": "failed",
        "needy": "failed",
        "tiny": "failed",
    }
    assert [(one.name, one.page) for one in drivers["lame"].missing] == [
        ("pool_frobnicate", "pool(9)")
    ]
    assert drivers["broken"].errors[0].file.endswith("dev/pci/broken.c")
    assert "gone.h: No such file" in drivers["lost"].problem
    assert "depends on `nowhere'" in drivers["needy"].problem
    assert drivers["needy"].errors[0].file.endswith("files.more")
    assert "cfattach" not in drivers["tiny"].problem
    notes = [one.text for one in drivers["card"].warnings if "left out" in one.text]
    assert "part_nowhere" in notes[0]
    assert notes[1:] == ["left out: thing: nothing defines thing_nowhere"]
    assert Path(drivers["good"].image).is_file()
    assert not report.is_good
    assert report.summary()[0].startswith(
        "7 drivers of pci: 2 linked, 1 compiled but not linked, 4 did not compile; "
    )


def test_each_file_is_accounted_for(survey: Survey) -> None:
    report = survey.of_bus("pci")
    files = {Path(one.path).name: one for one in report.files}
    assert len(files) == report.total_files == 11
    assert {name for name, one in files.items() if not one.is_compiled} == {
        "broken.c", "lost.c", "part.c",
    }  # fmt: skip
    assert files["shared.c"].drivers == ("broken", "lost")
    assert files["pci.c"].role == "host"
    assert "provided by the host" in files["pci.c"].note
    assert (files["orphan.c"].role, files["orphan.c"].note) == (
        "unused",
        "no file statement names it",
    )
    assert report.summary()[1].startswith("11 of 11 files of dev/pci accounted for: 8 compiled")


def test_a_bus_that_nobody_carries_counts_as_there(survey: Survey) -> None:
    report = survey.of_bus("farbus")
    assert [(one.name, one.state) for one in report.drivers] == [("far", "linked")]
    assert (report.directory, report.total_files) == ("dev/farbus", 0)
    assert len(report.summary()) == 1


def test_what_is_kept_is_not_built_again_failures_included(survey_tree: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    first = Survey(Builder(survey_tree)).of_bus("pci")
    survey = Survey(Builder(survey_tree), progress=lambda *step: steps.append(step))
    again = survey.of_bus("pci")
    assert all(one.seconds == 0 for one in again.drivers)
    assert [one.state for one in again.drivers] == [one.state for one in first.drivers]
    assert [one.problem for one in again.drivers] == [one.problem for one in first.drivers]
    assert [done for done, _, _ in steps] == list(range(1, steps[0][1] + 1))


def test_a_mended_driver_links(survey_tree: Path) -> None:
    broken = survey_tree / "dev/pci/broken.c"
    text = broken.read_text()
    broken.write_text(text.replace("nothing", "1"))
    report = Survey(Builder(survey_tree)).of_bus("pci")
    broken.write_text(text)
    assert {one.name: one.state for one in report.drivers}["broken"] == "linked"


def test_shards_merge_to_the_whole(survey_tree: Path) -> None:
    whole = Survey(Builder(survey_tree)).of_bus("pci")
    parts = [Survey(Builder(survey_tree)).of_bus("pci", Shard(number, 3)) for number in (1, 2, 3)]
    assert [len(part.drivers) for part in parts] == [3, 2, 2]
    assert parts[0].shards == ("1/3",)
    merged = merge(parts)
    assert [(one.name, one.state) for one in merged.drivers] == [
        (one.name, one.state) for one in whole.drivers
    ]
    assert merged.files == whole.files
    assert merged.shards == ()
    assert merge(parts[:2]).shards == ("1/3", "2/3")


def test_names_are_built_each_for_itself(survey: Survey) -> None:
    report = survey.of_names(["good", "lame"])
    assert [(one.name, one.state) for one in report.drivers] == [
        ("good", "linked"),
        ("lame", "unlinked"),
    ]
    assert (report.files, report.total_files) == ((), 0)
    with pytest.raises(UsageError, match=r"no driver `goood': is it good"):
        survey.of_names(["goood"])


def test_sources_without_an_attachment_belong_to_the_others(tiny: Path) -> None:
    more = tiny.parent / "more.c"
    more.write_text("int tiny_more = 1;\n")
    report = Survey(Builder()).of_names([str(tiny), str(more)])
    [driver] = report.drivers
    assert (driver.state, driver.files) == ("linked", 2)
    second = tiny.parent / "other_pci.c"
    second.write_text(tiny.read_text().replace("tiny_pci", "other_pci"))
    report = Survey(Builder()).of_names([str(tiny), str(second)])
    assert [(one.name, one.state, one.files) for one in report.drivers] == [
        (str(tiny), "linked", 1),
        (str(second), "linked", 1),
    ]


def test_without_a_tree_the_drivers_are_our_own() -> None:
    report = Survey(Builder()).of_bus("pci")
    assert {"teach", "edu", "iex"} <= {one.name for one in report.drivers}
    assert report.is_good
    assert report.directory == "drivers"
    assert len(report.files) == report.total_files
    assert all(one.is_compiled for one in report.files)


def test_a_bus_that_nothing_attaches_to_is_wrong_usage(survey: Survey) -> None:
    with pytest.raises(UsageError, match=r"no driver attaches to `sbus' \(there is: .*pci"):
        survey.of_bus("sbus")


def test_an_error_in_the_tree_s_configuration_names_file_and_line(survey_tree: Path) -> None:
    more = survey_tree / "dev/pci/files.more"
    more.write_text(MORE + "attach good to pci\n")
    try:
        with pytest.raises(ConfigError, match=rf"files.more:{MORE.count(chr(10)) + 1}: `at' exp"):
            Survey(Builder(survey_tree)).of_bus("pci")
    finally:
        more.write_text(MORE)


def test_a_tree_that_the_shim_does_not_fit_is_one_error_not_many(survey_tree: Path) -> None:
    header = survey_tree / "sys/callout.h"
    target = header.readlink()
    header.unlink()
    try:
        with pytest.raises(BuildFailure, match=r"rumphost's own C does not build: .*callout\.h"):
            Survey(Builder(survey_tree)).of_bus("pci")
    finally:
        header.symlink_to(target)


@pytest.mark.parametrize("text", ["0/3", "4/3", "x", "1/", "/2", "1/2/3", "-1/2"])
def test_a_shard_is_one_of_so_many(text: str) -> None:
    with pytest.raises(UsageError, match="say I/N"):
        Shard.parse(text)
    assert Shard.parse("2/3").part([1, 2, 3, 4, 5]) == [2, 5]
