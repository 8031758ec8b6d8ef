"""Every statement of config(5), and every complaint with its file and line."""

from pathlib import Path

import pytest

from rumphost.build.config import Config, ConfigError, ConfigFile, parse
from rumphost.build.config.expression import All, Any, Name, Not
from rumphost.build.config.model import Locator
from rumphost.errors import UsageError

TREE = Path(__file__).parent / "tree"


@pytest.fixture
def read(tmp_path: Path):
    def read_text(text: str, *, yields: bool = False, into: Config | None = None) -> Config:
        path = tmp_path / "files.test"
        path.write_text(text)
        return parse([ConfigFile(path, (tmp_path,), yields=yields)], into)

    return read_text


def test_the_small_tree_is_read_with_what_it_includes() -> None:
    config = parse([ConfigFile(TREE / "conf" / "files", (TREE,))])
    assert config.files == [TREE / "conf/files", TREE / "dev/mii/files.mii"]
    assert config.version == 20150101
    assert config.max_partitions == 16
    assert config.max_users == (2, 8, 64)
    assert {"disk", "ifnet", "tty"} <= {a.name for a in config.attributes.values() if a.is_class}
    assert config.file_systems.keys() == {"FFS", "MFS"}
    assert config.obsolete.keys() == {"X25", "OLD_LIMIT"}
    assert config.obsolete["OLD_LIMIT"].header == "opt_old.h"


def test_locators_have_defaults_or_none(read) -> None:
    config = read(
        "define plain\ndefine empty { }\n"
        'define bus {pin = -1, [mask = 0x10], must, name = "none", [irq[3] = {1, 2, 3}], two[2]}\n'
    )
    assert config.attributes["plain"].locators is None
    assert config.attributes["empty"].locators == ()
    assert config.attributes["bus"].locators == (
        Locator("pin", "-1"), Locator("mask", "0x10"), Locator("must", None),
        Locator("name", "none"), Locator("irq0", "1"), Locator("irq1", "2"), Locator("irq2", "3"),
        Locator("two0", None), Locator("two1", None),
    )  # fmt: skip


def test_devices_attachments_and_dependencies(read) -> None:
    config = read(
        "define pci {}\ndefine isa {}\ndevice wm: ether,\n\tmii\n"
        "attach wm at pci\nattach wm at isa, pci with wm_isa: shared\n"
    )
    assert config.attributes["wm"].depends == ("ether", "mii")
    first, second = config.devices["wm"].attachments
    assert (first.name, first.at, first.depends) == ("wm", ("pci",), ())
    assert (second.name, second.at, second.depends) == ("wm_isa", ("isa", "pci"), ("shared",))
    assert config.attributes["wm_isa"].depends == ("shared",)


def test_an_attribute_may_be_defined_again_and_become_a_device(read) -> None:
    config = read("define a {}\ndefine a: b\ndevice a: c\n")
    assert config.attributes["a"].depends == ("b", "c")
    assert config.attributes["a"].locators == ()
    assert "a" in config.devices


def test_options_have_headers_defaults_and_values_for_lint(read) -> None:
    config = read(
        "defflag ALONE\ndefflag opt_x.h A B := 1: C\n"
        'defparam opt_p.h SIZE = 10 NAME = "n" COUNT := 3\n'
    )
    assert config.options["ALONE"].header == "opt_alone.h"
    assert config.options["B"].header == "opt_x.h"
    assert config.options["A"].depends == ("C",)
    assert not config.options["A"].is_parameter
    sizes = {name: config.options[name].default for name in ("SIZE", "NAME", "COUNT")}
    assert sizes == {"SIZE": "10", "NAME": "n", "COUNT": None}


def test_conditions_bind_as_config5_says(read) -> None:
    config = read("file a.c a | b & !c\nfile b.c (a | b) & !(c)\nfile c.c\n")
    first, second, third = (source.condition for source in config.sources)
    assert first == Any((Name("a"), All((Name("b"), Not(Name("c"))))))
    assert second == All((Any((Name("a"), Name("b"))), Not(Name("c"))))
    assert third is None
    assert list(first.names()) == ["a", "b", "c"]
    assert first.holds({"b"}.__contains__)
    assert not first.holds({"b", "c"}.__contains__)


def test_file_statements_have_flags_counts_and_rules(read) -> None:
    config = read(
        'file a.c a needs-flag\nfile b.c b needs-count compile-with "cc ${X}"\nobject c.o c\n'
    )
    first, second = config.sources
    assert (first.needs_flag, first.needs_count) == (True, False)
    assert (second.needs_flag, second.needs_count) == (False, True)
    assert config.objects[0].path == "c.o"


def test_prefixes_nest_and_apply_to_files_and_includes(read, tmp_path: Path) -> None:
    (tmp_path / "dev/pci").mkdir(parents=True)
    (tmp_path / "dev/pci/files.pci").write_text("file below.c x\n")
    config = read(
        "prefix dev\nfile a.c x\nprefix pci\nfile b.c x\ninclude files.pci\nprefix\n"
        'file c.c x\nprefix\nfile d.c x\npackage "dev/pci/files.pci"\nfile e.c x\nbuildprefix o\n'
    )
    assert [source.path for source in config.sources] == [
        "dev/a.c", "dev/pci/b.c", "dev/pci/below.c", "dev/c.c", "d.c", "dev/pci/below.c", "e.c",
    ]  # fmt: skip


def test_cinclude_passes_over_what_is_not_there(read) -> None:
    assert read('cinclude "not/here"\ndefine a\n').attributes.keys() == {"a"}


def test_a_partial_tree_notes_the_includes_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "files"
    path.write_text('define a\ninclude "gone/files.gone"\ndefine b\n')
    config = parse([ConfigFile(path, (tmp_path,), partial=True)])
    assert [(place.line, name) for place, name in config.missing] == [(2, "gone/files.gone")]
    assert config.attributes.keys() == {"a", "b"}


def test_conditionals_choose_and_nest(read) -> None:
    config = read(
        "machine rumphost x86\ndefine yes\n"
        "ifdef yes\ndefine a\nifdef no\ndefine b\nelse\ndefine c\nendif\n"
        "elifdef rumphost\ndefine d\nelse\ndefine e\nendif\n"
        "ifndef no\ndefine f\nendif\n"
        "ifdef no\ndefine g\nelifdef x86\ndefine h\nelifndef no\ndefine i\nendif\n"
    )
    assert config.attributes.keys() == {"yes", "a", "c", "f", "h"}


def test_what_is_wanted(read) -> None:
    config = read(
        "define pci {}\ndevice wm\nattach wm at pci\ndefpseudo loop\ndeffs FFS\n"
        'options A, B=2, C="x y"\npseudo-device loop 4\nselect pci\nfile-system FFS\n'
        "makeoptions pci CFLAGS+=-g, COPTS=-O1\nident X\nconfig netbsd root on ?\n"
        "wm* at pci? dev ? function 1 flags 0x10\nwm0 at pci0 dev 3\n* at mii?\nwm* at root\n"
    )
    assert config.settings == {"A": None, "B": "2", "C": "x y"}
    assert config.pseudo_devices == {"loop": 4}
    assert config.selected.keys() == {"pci", "ffs"}
    assert [(m.variable, m.append, m.value) for m in config.make_options] == [
        ("CFLAGS", True, "-g"),
        ("COPTS", False, "-O1"),
    ]
    star, wired, every, rooted = config.instances
    assert (star.device, star.unit, star.parent, star.parent_unit) == ("wm", None, "pci", None)
    assert star.locators == (("dev", None), ("function", "1"))
    assert star.flags == 0x10
    assert (wired.unit, wired.parent_unit, wired.locators) == (0, 0, (("dev", "3"),))
    assert (every.device, every.parent) == ("*", "mii")
    assert rooted.parent == "root"


def test_no_takes_back(read) -> None:
    config = read(
        "define pci {}\ndefine isa {}\ndevice wm\ndevice de\ndefpseudo loop\n"
        "options A, B, C\nno options A, B\nmakeoptions X=1\nno makeoptions X\n"
        "select pci\nno select pci\npseudo-device loop\nno pseudo-device loop\n"
        "wm* at pci?\nwm0 at pci0\nde* at pci?\nde* at isa?\nwm1 at isa?\n"
        "no wm0\nno de* at pci?\nno device at isa?\n"
    )
    assert config.settings == {"C": None}
    assert not config.make_options
    assert not config.selected
    assert not config.pseudo_devices
    assert [(one.device, one.parent) for one in config.instances] == [("wm", "pci")]


def test_majors_are_kept(read) -> None:
    config = read(
        "device-major sd char 13 block 4 sd vector=4\nmajor {wd = 0, fd = 2}\n"
        "defpseudodev p {[x = -1]}: a\n"
    )
    assert config.majors == {"sd": (13, 4), "wd": (None, 0), "fd": (None, 2)}
    assert config.devices["p"].pseudo


def test_a_file_that_yields_gives_way_in_silence(read) -> None:
    config = read("define pci {}\ndevice edu\nattach edu at pci\nfile tree/edu.c edu\ndefflag A\n")
    read(
        "devclass edu\ndevice edu\nattach edu at pci\nfile own/edu.c edu\ndefflag opt_mine.h A\n"
        "device own\nattach own at pci\nfile own/own.c own | edu\nfile own/own2.c own\n",
        yields=True,
        into=config,
    )
    assert [source.path for source in config.sources] == ["tree/edu.c", "own/own2.c"]
    assert len(config.devices["edu"].attachments) == 1
    assert config.options["A"].header == "opt_a.h"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("define a\nfrobnicate b\n", 2, "unknown statement `frobnicate'"),
        ("define\n", 1, "an attribute expected at the end of the line"),
        ("define a:\n", 1, "an attribute expected at the end"),
        ("define a: b,\n", 1, "an attribute expected at the end"),
        ("define a b\n", 1, "end of the statement expected, not `b'"),
        ("define a {x = 1\ndefine b\n", 1, "`,' expected at the end"),
        ("define a {[x = 1}\n", 1, "`]' expected, not `}'"),
        ("define a/b\n", 1, "`a/b' is no name for an attribute"),
        ("devclass d\ndevclass d\n", 2, "`d' is already defined at"),
        ("device d\n\ndevice d\n", 3, "`d' is already defined at"),
        ("define d {}\ndefine d {x = 1}\n", 2, "`d' is already defined at"),
        ("device ab2\n", 1, "cannot end in a digit"),
        ("attach a at b\n", 1, "`a' is no device that was defined before"),
        ("device a\nattach a b\n", 2, "`at' expected, not `b'"),
        ("device a\nattach a at b\nattach a at c\n", 3, "attachment `a' is already defined"),
        ("defflag\n", 1, "an option expected"),
        ("defflag A\ndefparam A\n", 2, "option `A' is already defined at"),
        ("obsolete device a\n", 1, "defflag or defparam expected, not `device'"),
        ("deffs\n", 1, "a file system expected"),
        ("file\n", 1, "a file name expected"),
        ("file a.c a &\n", 1, "an attribute expected"),
        ("file a.c (a | b\n", 1, "`)' expected at the end"),
        ("file a.c | b\n", 1, "an attribute expected, not `|'"),
        ("file a.c needs-flag\n", 1, "need an attribute"),
        ("prefix\n", 1, "no prefix is in force"),
        ("version new\n", 1, "a version expected, not `new'"),
        ("maxusers 1 2\n", 1, "the maximum expected"),
        ("ifdef a\ndefine b\n", 1, "ifdef without endif"),
        ("endif\n", 1, "endif without ifdef"),
        ("ifdef a\nelse\nelse\nendif\n", 3, "else after else"),
        ("include gone\n", 1, '"gone" is not in'),
        ("include files.test\n", 1, "included too deeply"),
        ("pseudo-device x\n", 1, "`x' is no pseudo-device"),
        ("file-system FFS\n", 1, "`FFS' is no file system"),
        ("wm* at pci?\n", 1, "`wm' is no device that was defined before"),
        ("device wm\nwm at pci?\n", 2, "a unit number of `wm' expected"),
        ("no wm\n", 1, "a unit number of `wm' expected"),
        ("makeoptions\n", 1, "a variable expected"),
    ],
)
def test_errors_name_file_and_line(
    read, tmp_path: Path, text: str, line: int, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith(f"{tmp_path / 'files.test'}:{line}: ")
    assert message in caught.value.message


def test_a_file_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        parse([ConfigFile(tmp_path / "files", ())])
