"""A driver of a tree with a bus of its own, built against that tree's headers.

The tree is made of our built-in headers, so that its C can be compiled with the shim.
"""

from pathlib import Path

import pytest

from rumphost.build import Builder, BuildFailure
from rumphost.sources import hypercalls_dir

pytestmark = pytest.mark.usefixtures("cache")

FILES = """\
devclass ifnet
define pcibus {[bus = -1]}
define pci {[dev = -1], [function = -1]}
define mii {[phy = -1]}
device goodphy
attach goodphy at mii
file dev/mii/goodphy.c goodphy
device badphy
attach badphy at mii
file dev/mii/badphy.c badphy
device tiny: mii
attach tiny at pci with tiny_pci
file dev/pci/tiny_pci.c tiny_pci needs-flag
defflag opt_tiny.h TINY_DEBUG
"""
PHY = """\
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/device.h>

#include "locators.h"

static int
NAME_match(device_t parent, cfdata_t cf, void *aux)
{

	return cf->cf_loc[MIICF_PHY] == MIICF_PHY_DEFAULT;
}

static void
NAME_attach(device_t parent, device_t self, void *aux)
{

	aprint_normal("\\n");
}

CFATTACH_DECL_NEW(NAME, 0, NAME_match, NAME_attach, NULL, NULL);
"""


@pytest.fixture(scope="module")
def bare_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("src") / "sys"
    for name in ("conf", "dev/pci", "dev/mii"):
        (root / name).mkdir(parents=True)
    builtin = hypercalls_dir() / "include" / "builtin"
    for header in builtin.rglob("*.h"):
        link = root / header.relative_to(builtin)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(header)
    (root / "conf" / "files").write_text(FILES)
    return root


@pytest.fixture
def tree(bare_tree: Path, tiny: Path) -> Path:
    driver = bare_tree / "dev/pci/tiny_pci.c"
    driver.write_text('#include "tiny_pci.h"\n' + tiny.read_text())
    for name in ("goodphy", "badphy"):
        (bare_tree / f"dev/mii/{name}.c").write_text(PHY.replace("NAME", name))
    return bare_tree


def test_children_that_do_not_compile_are_left_out_with_a_warning(tree: Path) -> None:
    bad = tree / "dev/mii/badphy.c"
    bad.write_text(bad.read_text() + "int wrong = nothing;\n")
    built = Builder(tree).build(["tiny"])
    assert built.driver == ("tiny", "goodphy")
    assert {path.name for path in built.sources} == {"tiny_pci.c", "goodphy.c"}
    [warning] = built.warnings
    assert warning.file == str(bad)
    assert warning.text.startswith("left out: ")
    with pytest.raises(BuildFailure, match=r"badphy\.c"):
        Builder(tree).build(["tiny", "badphy"])


def test_a_tree_s_missing_header_is_told_with_file_and_line(tree: Path) -> None:
    driver = tree / "dev/pci/tiny_pci.c"
    driver.write_text("#include <dev/pci/gone.h>\n" + driver.read_text())
    with pytest.raises(BuildFailure) as caught:
        Builder(tree).build(["tiny"])
    assert f"{driver}:1: dev/pci/gone.h: No such file or directory" in str(caught.value)
