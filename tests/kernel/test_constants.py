"""The numbers that the services name are those of hypercall.h."""

from __future__ import annotations

from types import ModuleType

import pytest
from fakes import constants

from rumphost.kernel import (
    callout,
    console,
    deferred,
    ifnet,
    kthread,
    lwp,
    mutex,
    pci,
    properties,
    rwlock,
    softint,
    workqueue,
)


@pytest.mark.parametrize(
    ("module", "prefix", "names"),
    [
        (callout, "CALLOUT_", "PENDING FIRED INVOKING MPSAFE"),
        (deferred, "DEFER_", "PARENT INTERRUPTS MOUNTROOT FINALIZE"),
        (ifnet, "IFNET", "_OUTSTANDING _WANT_ROOM _LENGTHS _FRAMES _BATCH _OUTPUT_SIZE"),
        (kthread, "KTHREAD_", "MPSAFE MUSTJOIN"),
        (mutex, "MUTEX_", "WAITERS"),
        (pci, "PCI_", "VENDOR PRODUCT CLASS"),
        (properties, "PROPERTY_", "BOOL NUMBER STRING DATA"),
        (rwlock, "RW_", "WAITERS WRITE_LOCKED READER"),
        (softint, "SOFTINT_", "MPSAFE"),
        (workqueue, "WORKQUEUE_", "MPSAFE"),
    ],
    ids=lambda part: part.__name__ if isinstance(part, ModuleType) else "",
)
def test_names_of_a_module(module, prefix, names):
    for name in names.split():
        assert getattr(module, name) == constants()[prefix + name]


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [
        (console.Level, "CONSOLE_"),
        (ifnet.Command, "IFNET_"),
        (ifnet.Member, "IFNET_"),
        (lwp.Exit, "EXIT_"),
    ],
)
def test_enumerations(kind, prefix):
    for item in kind:
        assert item.value == constants()[prefix + item.name]


def test_no_member_of_an_interface_is_missing():
    assert len(ifnet.Member) == constants()["IFNET_MEMBERS"]
