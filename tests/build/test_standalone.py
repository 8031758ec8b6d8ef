"""What a C source says of the driver in it."""

from pathlib import Path

import pytest

from rumphost.build.config import close
from rumphost.build.standalone import describe, scan
from rumphost.build.tree import Sources
from rumphost.errors import BuildError, UsageError

TREE = Path(__file__).parent / "tree"


def write(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    path.write_text(text)
    return path


def test_the_tiny_driver(tiny: Path) -> None:
    found = scan(tiny)
    assert found.attachments == (("tiny_pci", 18),)
    assert found.buses == ("pci",)
    assert found.drivers == ()
    assert found.device_class is None
    assert found.includes == ("opt_tiny.h",)


@pytest.mark.parametrize(
    "macro",
    ["CFATTACH_DECL", "CFATTACH_DECL_NEW", "CFATTACH_DECL2_NEW", "CFATTACH_DECL3_NEW"],
)
def test_every_form_of_the_macro_counts(tmp_path: Path, macro: str) -> None:
    path = write(tmp_path, "a.c", f"/* CFATTACH_DECL(no, */\n{macro} ( foo , sizeof(x), a, b);\n")
    assert scan(path).attachments == (("foo", 2),)


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("struct pci_attach_args *pa; CFATTACH_DECL_NEW(foo_pci, 1, a, b, c, d);", "foo"),
        ("struct pci_attach_args *pa; CFATTACH_DECL_NEW(foo, 1, a, b, c, d);", "foo"),
        (
            "struct pci_attach_args *pa; extern struct cfdriver foo_cd;"
            "CFATTACH_DECL_NEW(foo_x, 1, a, b, c, d);",
            "foo",
        ),
        (
            "struct pci_attach_args *pa;\nCFDRIVER_DECL(bar, DV_DULL, NULL);\n"
            "CFATTACH_DECL_NEW(bar_y, 1, a, b, c, d);",
            "bar",
        ),
    ],
)
def test_the_device_is_named_as_the_source_implies(tmp_path: Path, text: str, device: str) -> None:
    config = Sources.find(None).config()
    assert describe(config, [scan(write(tmp_path, "a.c", text))]) == [device]
    assert close(config, [device]).attachments[0].at == ("pci",)


def test_the_class_follows_from_what_it_calls(tmp_path: Path) -> None:
    config = Sources.find(None).config()
    text = (
        "struct pci_attach_args *pa; CFATTACH_DECL_NEW(net, 1, a, b, c, d); "
        "void f(void) { if_attach(ifp); }"
    )
    describe(config, [scan(write(tmp_path, "net.c", text))])
    assert config.device_class("net") == "ifnet"


def test_a_bus_that_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "a.c", "\nCFATTACH_DECL_NEW(foo, 1, a, b, c, d);")
    with pytest.raises(BuildError, match=r"a.c:2: cannot tell which bus foo attaches to"):
        describe(Sources.find(None).config(), [scan(path)])


def test_a_source_that_attaches_nothing_is_no_driver(tmp_path: Path) -> None:
    path = write(tmp_path, "a.c", "int x;")
    with pytest.raises(UsageError, match="no CFATTACH_DECL"):
        describe(Sources.find(None).config(), [scan(path)])


def test_a_source_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        scan(tmp_path / "none.c")


def test_a_changed_copy_stands_in_for_the_source_of_a_known_driver(tmp_path: Path) -> None:
    config = Sources.find(TREE).config()
    text = "struct pci_attach_args *pa; CFATTACH_DECL_NEW(abc, 1, a, b, c, d);"
    path = write(tmp_path, "if_abc.c", text)
    assert describe(config, [scan(path)]) == ["abc"]
    sources = [source.path for source in close(config, ["abc"]).sources]
    assert str(path) in sources
    assert "dev/pci/if_abc.c" not in sources
    assert "dev/mii/mii.c" in sources
