"""The list of drivers, and which sources are in force."""

from pathlib import Path

import pytest

from rumphost.build import list_drivers
from rumphost.build.tree import Sources
from rumphost.errors import UsageError

TREE = Path(__file__).parent / "tree"


def test_the_drivers_of_the_small_tree() -> None:
    found = {driver.name: driver for driver in list_drivers(TREE)}
    assert {"abc", "duo", "bridge", "leaf", "redphy", "lonely", "teach"} <= found.keys()
    assert "pci" not in found
    abc = found["abc"]
    assert abc.description == "Example Fast Ethernet (the second generation)"
    assert (abc.bus, abc.attributes) == (("pci",), ("ether", "ifnet", "arp", "mii"))
    assert abc.files == (Path("dev/pci/if_abc.c"),)
    assert abc.attaches
    assert (abc.defined_at.path, abc.defined_at.line) == (TREE / "dev/pci/files.pci", 10)
    duo = found["duo"]
    assert duo.bus == ("pci", "isa")
    assert duo.attachments == ("duo_pci", "duo_isa")
    assert [str(path) for path in duo.files] == [
        "dev/ic/duo.c",
        "dev/pci/duo_pci.c",
        "dev/pci/duo_isa.c",
    ]
    assert not found["lonely"].attaches
    assert found["lonely"].description == ""


def test_without_a_tree_there_are_our_own() -> None:
    found = {driver.name: driver for driver in list_drivers()}
    assert {"teach", "edu"} <= found.keys()
    assert found["teach"].description
    assert all(driver.attaches for driver in found.values())


def test_a_tree_may_be_named_by_the_directory_above_it(tmp_path: Path) -> None:
    (tmp_path / "sys").symlink_to(TREE)
    assert Sources.find(tmp_path).root == tmp_path / "sys"
    assert Sources.find(TREE).root == TREE


def test_a_directory_that_is_no_tree_is_told_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no NetBSD kernel source tree: conf/files is missing"):
        Sources.find(tmp_path)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/files").touch()
    with pytest.raises(UsageError, match=r"sys/param.h is missing"):
        Sources.find(tmp_path)
    with pytest.raises(UsageError, match="no such directory"):
        Sources.find(tmp_path / "gone")


def test_the_machine_layer_goes_before_the_tree() -> None:
    machine, tree = Sources.find(TREE).include_dirs()
    assert (machine / "machine" / "bus_funcs.h").is_file()
    assert tree == TREE
    machine, builtin = Sources.find(None).include_dirs()
    assert (builtin / "sys" / "param.h").is_file()
