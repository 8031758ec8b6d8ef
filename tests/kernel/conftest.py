"""A kernel on fakes for the tests of each page's service."""

from __future__ import annotations

import pytest
from fakes import Rig

from rumphost.checks import Checks
from rumphost.kernel.synchronization import register_synchronization


@pytest.fixture
def rig() -> Rig:
    """A kernel with the panic(9) handlers only; register the page's service on ``rig.kernel``."""
    return Rig.make()


@pytest.fixture
def checks() -> Checks:
    """The checks of ``sync_rig``; a test module that wants some has its own."""
    return Checks()


@pytest.fixture
def sync_rig(checks: Checks) -> Rig:
    """A kernel with the synchronisation and thread pages, and scripts where the shim has C."""
    rig = Rig.make(checks=checks)
    register_synchronization(rig.kernel)

    def softint_thread(ipl):
        yield ("softint_serve", ipl)

    def workqueue_thread(cookie):
        yield ("workqueue_serve", cookie)

    def kthread_start(function, argument, _kernel_lwp):
        yield from rig.fibers.functions[function](argument)

    rig.image.export("rumphost_softint_thread", softint_thread)
    rig.image.export("rumphost_workqueue_thread", workqueue_thread)
    rig.image.export("rumphost_kthread_start", kthread_start)
    return rig
