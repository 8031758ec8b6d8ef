"""From names to an image: real builds of small drivers with the built-in headers."""

from pathlib import Path

import pytest

from rumphost.build import Builder, BuildFailure, ConfigError
from rumphost.build.instrumentation import Instrumentation
from rumphost.errors import BuildError, UsageError

TREE = Path(__file__).parent / "tree"
pytestmark = pytest.mark.usefixtures("cache")


def test_a_driver_of_our_own_is_built_without_warnings_and_then_found() -> None:
    steps: list[tuple[int, int, str]] = []
    builder = Builder(progress=lambda *step: steps.append(step))
    built = builder.build(["teach"])
    assert built.path.read_bytes()[:4] == b"\x7fELF"
    assert built.driver == ("teach",)
    assert "teach.c" in {path.name for path in built.sources}
    assert built.warnings == ()
    total = steps[0][1]
    assert [done for done, _, _ in steps] == list(range(1, total + 1))
    assert steps[-1][2] == built.path.name
    again = Builder().build(["teach"])
    assert again.cached
    assert again.path == built.path


def test_all_our_drivers_are_built_without_warnings() -> None:
    builder = Builder()
    for driver in builder.drivers():
        assert builder.build([driver.name]).warnings == ()


def test_several_drivers_make_one_image() -> None:
    built = Builder().build(["teach", "edu"])
    assert built.driver == ("teach", "edu")


def test_a_stand_alone_source_is_built(tiny: Path) -> None:
    built = Builder().build([str(tiny)])
    assert built.driver == ("tiny",)
    assert built.sources == (tiny,)
    assert not built.cached
    assert Builder().build([str(tiny)]).cached


def test_one_changed_line_compiles_one_file_and_links(tiny: Path) -> None:
    first = Builder().build([str(tiny)])
    tiny.write_text(tiny.read_text().replace(": tiny", ": changed"))
    second = Builder().build([str(tiny)])
    assert second.path != first.path
    tiny.write_text(tiny.read_text().replace(": changed", ": tiny"))
    third = Builder().build([str(tiny)])
    assert third.cached
    assert third.path == first.path


def test_the_first_error_is_told_with_file_and_line(tiny: Path) -> None:
    text = tiny.read_text().replace("sc->sc_dev = self;", "sc->sc_dev = nobody;")
    tiny.write_text(text)
    line = text[: text.index("nobody")].count("\n") + 1
    with pytest.raises(BuildFailure) as caught:
        Builder().build([str(tiny)])
    assert str(caught.value).startswith(f"tiny does not build: {tiny}:{line}: ")
    assert caught.value.errors[0].line == line
    assert caught.value.exit_status == 1


def test_a_missing_function_is_told_with_its_page(tiny: Path) -> None:
    text = tiny.read_text().replace(
        "\tsc->sc_dev = self;", "\tvoid usbd_frobnicate(void);\n\tusbd_frobnicate();"
    )
    tiny.write_text(text.replace("sc = device", "sc __unused = device"))
    with pytest.raises(BuildFailure) as caught:
        Builder().build([str(tiny)])
    [missing] = caught.value.missing
    assert (missing.name, missing.page) == ("usbd_frobnicate", "usbdi(9)")
    assert missing.used_at.startswith(f"{tiny}:")
    assert "nothing defines usbd_frobnicate of usbdi(9)" in str(caught.value)


def test_warnings_of_a_driver_do_not_stop_it(tiny: Path) -> None:
    tiny.write_text(tiny.read_text() + "\nstatic int left_over;\n")
    [warning] = Builder().build([str(tiny)]).warnings
    assert warning.file == str(tiny)
    assert "left_over" in warning.text


def test_choices_reach_the_driver(tiny: Path) -> None:
    tiny.write_text(tiny.read_text() + '\n#if LEVEL != 3\n#error "no level"\n#endif\n')
    with pytest.raises(BuildFailure, match="no level"):
        Builder().build([str(tiny)])
    plain = Builder(defines={"LEVEL": "3"}).build([str(tiny)])
    added = Instrumentation(("undefined",))
    slow = Builder(defines={"LEVEL": "3"}, optimise="0", instrumentation=added).build([str(tiny)])
    assert plain.path != slow.path


def test_a_files_file_beside_the_source_describes_it(tiny: Path) -> None:
    (tiny.parent / "files.tiny").write_text(
        "defflag opt_tiny.h TINY_DEBUG\ndefine pair\ndevice tiny: pair\n"
        "attach tiny at pci with tiny_pci\nfile tiny_pci.c tiny_pci\nfile pair.c pair\n"
    )
    (tiny.parent / "pair.c").write_text("int tiny_pair = 2;\n")
    built = Builder().build([str(tiny)])
    assert {path.name for path in built.sources} == {"tiny_pci.c", "pair.c"}


def test_an_error_in_a_files_file_names_its_line(tiny: Path) -> None:
    (tiny.parent / "files.tiny").write_text("device tiny\nattach tiny to pci\n")
    with pytest.raises(ConfigError, match=r"files.tiny:2: `at' expected, not `to'"):
        Builder().build([str(tiny)])


def test_a_second_source_belongs_to_the_driver_of_the_first(tiny: Path) -> None:
    (tiny.parent / "more.c").write_text("int tiny_more = 1;\n")
    built = Builder().build([str(tiny), str(tiny.parent / "more.c")])
    assert {path.name for path in built.sources} == {"tiny_pci.c", "more.c"}


def test_a_name_may_be_the_stem_of_a_source() -> None:
    assert Builder().plan(["if_i8254x"]).devices == ("iex",)
    assert Builder(TREE).plan(["if_abc"]).devices == ("abc",)
    assert Builder(TREE).plan(["duo_pci"]).devices == ("duo_pci",)


def test_an_unknown_driver_is_wrong_usage_with_close_names() -> None:
    with pytest.raises(UsageError, match=r"no driver `teech': is it teach\?"):
        Builder().build(["teech"])
    with pytest.raises(UsageError, match="rumphost list drivers"):
        Builder().build(["zzzzzz"])
    with pytest.raises(UsageError, match="no driver named"):
        Builder().build([])


def test_a_source_that_a_tree_describes_but_lacks_is_told() -> None:
    with pytest.raises(BuildError, match=r"files.mii:\d+: dev/mii/lostphy.c does not exist"):
        Builder(TREE).build(["abc", "lostphy"])


def test_the_configuration_is_read_again_when_it_changes(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("conf", "sys"):
        (tree / name).mkdir(parents=True)
    for name in ("param.h", "device.h", "systm.h"):
        (tree / "sys" / name).touch()
    (tree / "conf/files").write_text("define pci {}\n")
    builder = Builder(tree)
    assert "late" not in {driver.name for driver in builder.drivers()}
    (tree / "conf/files").write_text("define pci {}\ndevice late\nattach late at pci\n")
    assert "late" in {driver.name for driver in builder.drivers()}
