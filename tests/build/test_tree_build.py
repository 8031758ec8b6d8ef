"""A driver of a tree with a bus of its own, built against that tree's headers.

The tree is made of our built-in headers, so that its C can be compiled with the shim.
"""

from pathlib import Path

import pytest

from rumphost.build import Builder, BuildFailure

pytestmark = pytest.mark.usefixtures("cache")

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
