# ruff: noqa: ARG001, ARG005 -- fixtures and scripts take what is given
"""pmf(9): registration, suspend and resume by the host, events."""

from __future__ import annotations

import pytest
from fakes import Fault

from rumphost.kernel.autoconf import Autoconf
from rumphost.kernel.device import Device
from rumphost.kernel.pci import Pci
from rumphost.kernel.pmf import Pmf

DEV, OTHER = 0xD000, 0xE000
RADIO_ON = 12


@pytest.fixture
def service(rig):
    for make in (Pci, Autoconf, Pmf):
        rig.kernel.register(make(rig.kernel))
    service = rig.kernel.service(Pmf)

    def suspend(dev):
        yield ("pmf_state", dev, 1)
        return 1

    def resume(dev):
        yield ("pmf_state", dev, 0)
        return 1

    rig.image.export("rumphost_pmf_suspend", suspend)
    rig.image.export("rumphost_pmf_resume", resume)
    rig.image.export("rumphost_pmf_shutdown", lambda dev, how: rig.log.append(how))
    return service


@pytest.fixture
def device(rig):
    return Device(1, "wm0", "wm", 0, rig.image, None, DEV)


def ask(rig, name, *arguments, **options):
    def script():
        return (yield (name, *arguments))

    return rig.run_script(script, **options)


def test_suspend_and_resume(rig, service, device):
    ask(rig, "pmf_register", DEV, 1, 2, 0, owner=device)
    assert service.registered(device)
    done = []
    service.suspend(device, done.append)
    rig.run()
    assert service.suspended(device)
    service.resume(device, done.append)
    rig.run()
    assert not service.suspended(device)
    assert done == [True, True]


def test_a_driver_may_refuse(rig, service, device):
    rig.image.export("rumphost_pmf_suspend", lambda dev: 0)
    done = []
    service.suspend(device, done.append)
    rig.run()
    assert done == [False]


def test_a_crash_while_suspending_ends_the_request(rig, service, device):
    def crash(dev):
        raise Fault("bang")

    rig.image.export("rumphost_pmf_suspend", crash)
    rig.kernel.scheduler.on_panic = service.panicked
    done = []
    service.suspend(device, done.append)
    rig.run()
    assert done == [False]


def test_shutdown_tells_how(rig, service, device):
    service.shutdown(device, 8, lambda _: None)
    rig.run()
    assert rig.log == [8]


def test_events_reach_those_whom_they_concern(rig, service, device):
    handler = rig.function(lambda dev: rig.log.append(dev))
    ask(rig, "pmf_event_register", DEV, RADIO_ON, handler, 0)
    ask(rig, "pmf_event_register", OTHER, RADIO_ON, handler, 1)
    ask(rig, "pmf_event_register", OTHER, RADIO_ON + 1, handler, 1)
    assert ask(rig, "pmf_event_inject", DEV, RADIO_ON) == 1
    assert rig.log == [DEV, OTHER]
    rig.log.clear()
    assert service.inject(RADIO_ON) == 1
    rig.run()
    assert rig.log == [OTHER]


def test_a_deregistered_handler_is_not_called(rig, service):
    handler = rig.function(lambda dev: rig.log.append(dev))
    ask(rig, "pmf_event_register", DEV, RADIO_ON, handler, 0)
    ask(rig, "pmf_event_deregister", DEV, RADIO_ON, handler, 0)
    assert service.inject(RADIO_ON) == 0


def test_qualities_of_the_machine(rig, service):
    room = rig.memory.allocate(32)
    assert ask(rig, "pmf_platform", "system-vendor", room, 32) == 1
    assert rig.memory.c_string(room) == "rumphost"
    assert ask(rig, "pmf_platform", "system-serial", room, 32) == 0
    ask(rig, "pmf_set_platform", "system-serial", "1234")
    assert ask(rig, "pmf_platform", "system-serial", room, 32) == 1


def test_leaks_and_release(rig, service, device):
    ask(rig, "pmf_register", DEV, 1, 2, 0, owner=device)
    ask(rig, "pmf_event_register", DEV, RADIO_ON, 0x10, 0, owner=device)
    assert [str(leak) for leak in service.leaks(device)] == [
        "pmf(9): a handler of event 12 is still registered",
    ]
    service.release(device)
    assert service.leaks(device) == []
    assert not service.registered(device)
