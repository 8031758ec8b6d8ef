"""A driver that cannot detach, as several of NetBSD's: its device stays, and that is no failure."""

from __future__ import annotations

import pytest

from rumphost.errors import DetachRefused
from rumphost.host import open_host
from rumphost.kernel.autoconf import State

SOURCE = """\
/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/param.h>
#include <sys/device.h>
#include <dev/pci/pcivar.h>

static int	stays_match(device_t, cfdata_t, void *);
static void	stays_attach(device_t, device_t, void *);

CFATTACH_DECL_NEW(stays, 0, stays_match, stays_attach, NULL, NULL);

static int
stays_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	return pa->pa_function == 0;
}

static void
stays_attach(device_t parent, device_t self, void *aux)
{

	aprint_normal(": stays\\n");
}
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "stays.c"
    path.write_text(SOURCE)
    return path


def test_the_command(rumphost, source):
    result = rumphost("run", source, "-m", "sim:teach")
    assert result.status == 0, result.err
    facts = result.out.splitlines()
    assert facts[-1] == "stays0: cannot be detached: its driver has no way to (EOPNOTSUPP)"


async def test_a_host(source):
    async with open_host("sim:teach") as host:
        (device,) = await host.attach(str(source))
        with pytest.raises(DetachRefused) as refused:
            await host.detach(device)
        assert refused.value.unable
        await host.detach_all()
        assert device.state is State.ATTACHED
        assert host.panics == []
