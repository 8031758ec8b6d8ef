"""One cache for all tests of the builder, so that the shim is compiled once; and a tiny driver."""

from pathlib import Path

import pytest

from rumphost.sources import hypercalls_dir

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
file dev/pci/pci.c pci
include "dev/pci/files.more"
"""
TINY = """\
/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/device.h>
#include <sys/bus.h>

#include <dev/pci/pcivar.h>

#include "opt_tiny.h"

struct tiny_softc {
	device_t	sc_dev;
};

static int	tiny_match(device_t, cfdata_t, void *);
static void	tiny_attach(device_t, device_t, void *);

CFATTACH_DECL_NEW(tiny_pci, sizeof(struct tiny_softc),
    tiny_match, tiny_attach, NULL, NULL);

static int
tiny_match(device_t parent, cfdata_t cf, void *aux)
{
	struct pci_attach_args *pa = aux;

	return PCI_VENDOR(pa->pa_id) == 0x1b36;
}

static void
tiny_attach(device_t parent, device_t self, void *aux)
{
	struct tiny_softc *sc = device_private(self);

	sc->sc_dev = self;
	aprint_normal(": tiny\\n");
}
"""


@pytest.fixture(scope="session")
def bare_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kernel tree whose headers are our built-in ones, and whose drivers a test writes."""
    root = tmp_path_factory.mktemp("src") / "sys"
    for name in ("conf", "dev/pci", "dev/mii"):
        (root / name).mkdir(parents=True)
    builtin = hypercalls_dir() / "include" / "builtin"
    for header in builtin.rglob("*.h"):
        link = root / header.relative_to(builtin)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(header)
    (root / "conf" / "files").write_text(FILES)
    (root / "dev/pci/files.more").write_text("")
    return root


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def cache(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUMPHOST_CACHE", str(shared_cache))
    return shared_cache


@pytest.fixture(scope="session")
def tiny_text() -> str:
    return TINY


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A stand-alone driver that a test may change."""
    path = tmp_path / "tiny_pci.c"
    path.write_text(TINY)
    return path
