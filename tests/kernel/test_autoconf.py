# ruff: noqa: ARG001, ARG005 -- fixtures and scripts take what is given
"""autoconf(9): matching by priority, units, children, deferred work, detaching, crashes."""

from __future__ import annotations

import pytest
from fakes import Fault
from pci_fakes import FakeFunction

from rumphost.errors import UsageError
from rumphost.kernel.autoconf import Autoconf
from rumphost.kernel.deferred import FINALIZE, INTERRUPTS, MOUNTROOT, PARENT
from rumphost.kernel.device import State
from rumphost.kernel.errno import EBUSY, ENXIO
from rumphost.kernel.pci import Pci

BUS = 0xB000
PRINT = 0
FORCE = 1


class Driver:
    """An image with one driver or more, as ``hypercalls/autoconf.c`` presents it."""

    def __init__(self, rig) -> None:
        self.rig = rig
        self.match = {}  # attachment: priority
        self.attach = lambda xname: ()  # a script
        self.detach = lambda xname: 0
        self.devices = {}  # address: xname
        self.attachments = []
        image = rig.image
        image.export("rumphost_image_configure", self.configure)
        image.export("rumphost_pci_search", self.search)
        image.export("rumphost_pci_attach", self.attach_function)
        image.export("rumphost_config_detach", self.config_detach)
        image.export("rumphost_device_create", self.create)
        image.export("rumphost_device_private", lambda dev: dev + 1)
        image.export("rumphost_device_call_attach", self.call_attach)
        image.export("rumphost_device_call_detach", self.call_detach)
        image.export("rumphost_device_destroy", self.destroy)

    def add(self, driver, name, attribute, priority):
        self.attachments.append((driver, name, attribute))
        self.match[name] = priority

    def configure(self):
        yield ("autoconf_attribute", "pci", "pci")
        yield ("autoconf_root", BUS, "pci0", "pci")
        for n, (driver, name, attribute) in enumerate(self.attachments):
            yield ("autoconf_attribute", driver, "mii")

            def match(*_, name=name):
                self.rig.log.append(("match", name))
                return self.match[name]

            cf = 0xC000 + n
            yield (
                "autoconf_cfdata", cf, driver, name, attribute, self.rig.function(match)
            )  # fmt: skip
        return 0

    def search(self, bus, tag):
        return (yield ("autoconf_search", bus, "pci", 0, tag, 0))

    def attach_function(self, bus, tag, cf):
        if cf == 0:
            self.rig.log.append("not configured")
            return 0
        return (yield ("autoconf_attach", bus, cf, 0, tag, PRINT))

    def create(self, cf, parent, unit, locators):
        driver = self.attachments[cf - 0xC000][0]
        address = 0xD000 + 0x100 * len(self.devices)
        self.devices[address] = f"{driver}{unit}"
        self.rig.log.append(("owner", self.rig.lwp.owner))
        return address

    def call_attach(self, dev, aux, print_):
        self.rig.log.append(("attach", self.devices[dev]))
        return (yield from self.attach(dev))

    def call_detach(self, dev, flags):
        self.rig.log.append(("detach", self.devices[dev]))
        return self.detach(dev)

    def destroy(self, dev, flags, crashed):
        self.rig.log.append(("destroy", self.devices[dev], crashed))

    def config_detach(self, dev, flags):
        return (yield ("autoconf_detach", dev, flags))


@pytest.fixture
def autoconf(rig):
    rig.machine.functions = [FakeFunction(3), FakeFunction(4)]
    rig.kernel.register(Pci(rig.kernel))
    service = Autoconf(rig.kernel)
    rig.kernel.register(service)

    def on_panic(lwp, panic):
        rig.panics.append(panic)
        service.panicked(lwp, panic)

    rig.kernel.scheduler.on_panic = on_panic
    return service


@pytest.fixture
def driver(rig):
    driver = Driver(rig)
    driver.add("wm", "wm", "pci", 1)
    return driver


def over(rig, start):
    """Start a request, run everything, and return it; it is over exactly once."""
    done = []
    request = start(done.append)
    rig.run()
    assert done in ([request], [])
    return request


def configure(rig, autoconf):
    request = over(rig, lambda done: autoconf.configure(rig.image, done))
    assert request.finished
    rig.log.clear()


def attach(rig, autoconf, number=0):
    function = rig.machine.functions[number]
    return over(rig, lambda done: autoconf.attach(function, done))


def detach(rig, autoconf, device, flags=0):
    return over(rig, lambda done: autoconf.detach(device, flags, done))


def test_configure_learns_the_attachments_and_the_bus(rig, autoconf, driver):
    configure(rig, autoconf)
    assert [(one.driver, one.attribute) for one in autoconf.attachments] == [("wm", "pci")]
    assert [device.xname for device in autoconf.devices] == ["pci0"]
    assert autoconf.devices[0].is_bus


def test_a_function_is_attached(rig, autoconf, driver):
    configure(rig, autoconf)
    request = attach(rig, autoconf)
    device = request.device
    assert (device.xname, device.state) == ("wm0", State.ATTACHED)
    assert device.function is rig.machine.functions[0]
    assert device.parent.xname == "pci0"
    assert device.private == device.address + 1
    assert rig.log == [("match", "wm"), ("owner", None), ("attach", "wm0")]
    assert device.function.config_read(4, 2) == 3
    assert list(autoconf.unclaimed()) == [rig.machine.functions[1]]


def test_the_highest_priority_wins_and_zero_never(rig, autoconf, driver):
    driver.add("better", "better", "pci", 10)
    driver.add("worse", "worse", "pci", 5)
    driver.add("never", "never", "pci", 0)
    configure(rig, autoconf)
    assert attach(rig, autoconf).device.xname == "better0"


def test_of_equals_the_first_wins(rig, autoconf, driver):
    driver.add("equal", "equal", "pci", 1)
    configure(rig, autoconf)
    assert attach(rig, autoconf).device.xname == "wm0"


def test_only_attachments_of_the_attribute_are_asked(rig, autoconf, driver):
    driver.add("phy", "phy", "mii", 100)
    configure(rig, autoconf)
    assert attach(rig, autoconf).device.xname == "wm0"
    assert ("match", "phy") not in rig.log


def test_what_nobody_wants_is_said(rig, autoconf, driver):
    driver.match["wm"] = 0
    configure(rig, autoconf)
    request = attach(rig, autoconf)
    assert (request.device, request.error) == (None, ENXIO)
    assert rig.log[-1] == "not configured"


def test_units_are_given_in_order_and_again(rig, autoconf, driver):
    configure(rig, autoconf)
    first = attach(rig, autoconf, 0).device
    second = attach(rig, autoconf, 1).device
    assert (first.xname, second.xname) == ("wm0", "wm1")
    assert first.number != second.number
    assert detach(rig, autoconf, first).error == 0
    assert attach(rig, autoconf, 0).device.xname == "wm0"


def test_a_function_that_is_driven_cannot_be_attached_again(rig, autoconf, driver):
    configure(rig, autoconf)
    attach(rig, autoconf)
    with pytest.raises(UsageError, match="has a driver already"):
        attach(rig, autoconf)


def test_children_are_booked_to_the_device_on_the_bus(rig, autoconf, driver):
    driver.add("phy", "phy", "mii", 1)

    def attach_child(dev):
        if driver.devices[dev] != "wm0":
            rig.log.append(("owner", rig.lwp.owner.xname))
            return
        cf = yield ("autoconf_search", dev, None, 0, 0, 0)
        yield ("autoconf_attach", dev, cf, 0, 0, PRINT)

    driver.attach = attach_child
    configure(rig, autoconf)
    wm = attach(rig, autoconf).device
    (phy,) = wm.children
    assert (phy.xname, phy.parent, phy.top) == ("phy0", wm, wm)
    assert ("owner", "wm0") in rig.log
    assert phy.function is None


def test_a_submatch_function_is_asked_instead(rig, autoconf, driver):
    def submatch(parent, cf, locators, aux):
        rig.log.append(("submatch", parent == BUS, aux))
        return 0

    def script():
        return (yield ("autoconf_search", BUS, "pci", 0, 9, rig.function(submatch)))

    configure(rig, autoconf)
    assert rig.run_script(script) == 0
    assert rig.log == [("submatch", True, 9)]


def test_detach_asks_the_driver_and_destroys(rig, autoconf, driver):
    configure(rig, autoconf)
    device = attach(rig, autoconf).device
    rig.log.clear()
    assert detach(rig, autoconf, device).error == 0
    assert rig.log == [("detach", "wm0"), ("destroy", "wm0", 0)]
    assert device.state is State.GONE
    assert [one.xname for one in autoconf.devices] == ["pci0"]


def test_a_driver_may_refuse_to_detach(rig, autoconf, driver):
    driver.detach = lambda dev: EBUSY
    configure(rig, autoconf)
    device = attach(rig, autoconf).device
    assert detach(rig, autoconf, device).error == EBUSY
    assert device.state is State.ATTACHED


def test_detaching_a_parent_of_children_is_misuse(rig, autoconf, driver):
    driver.add("phy", "phy", "mii", 1)

    def attach_child(dev):
        if driver.devices[dev] == "wm0":
            cf = yield ("autoconf_search", dev, "mii", 0, 0, 0)
            yield ("autoconf_attach", dev, cf, 0, 0, PRINT)

    driver.attach = attach_child
    configure(rig, autoconf)
    request = detach(rig, autoconf, attach(rig, autoconf).device)
    assert "its child phy0 is not" in request.panic.message


def test_a_driver_is_told_that_its_hardware_has_gone(rig, autoconf, driver):
    rig.image.export("rumphost_device_deactivate", lambda dev: 45)
    configure(rig, autoconf)
    device = attach(rig, autoconf).device
    request = over(rig, lambda done: autoconf.deactivate(device, done))
    assert (request.finished, request.error) == (True, 45)


def deferring(stage, function, calls):
    def attach_script(dev):
        yield ("autoconf_defer", dev, function, stage)
        calls.append("attached")

    return attach_script


@pytest.mark.parametrize("stage", [PARENT, INTERRUPTS, MOUNTROOT])
def test_deferred_work_runs_after_attach_and_before_it_is_over(rig, autoconf, driver, stage):
    calls = rig.log

    def later(dev):
        calls.append(("later", rig.lwp.name, rig.lwp.owner.xname))
        return 0

    driver.attach = deferring(stage, rig.function(later), calls)
    configure(rig, autoconf)
    request = attach(rig, autoconf)
    assert request.finished
    names = {PARENT: "autoconf", INTERRUPTS: "configintr", MOUNTROOT: "configroot"}
    assert calls[-2:] == ["attached", ("later", names[stage], "wm0")]


def test_a_finalizer_is_called_until_there_is_nothing_to_do(rig, autoconf, driver):
    calls = []

    def finalize(dev):
        calls.append(dev)
        return int(len(calls) < 3)

    driver.attach = deferring(FINALIZE, rig.function(finalize), [])
    configure(rig, autoconf)
    assert attach(rig, autoconf).finished
    assert len(calls) == 3


def test_a_finalizer_without_an_end_is_told_of(rig, autoconf, driver):
    driver.attach = deferring(FINALIZE, rig.function(lambda dev: 1), [])
    configure(rig, autoconf)
    assert attach(rig, autoconf).finished
    assert "there is more to do" in rig.kernel.console.text


def test_attach_is_over_when_nothing_is_pending(rig, autoconf, driver):
    def attach_script(dev):
        yield ("autoconf_pending", dev, 1)

    driver.attach = attach_script
    configure(rig, autoconf)
    request = attach(rig, autoconf)
    assert not request.finished
    (device,) = [one for one in autoconf.devices if not one.is_bus]
    assert "without its decr" in str(autoconf.leaks(device)[0])

    def finish():
        yield ("autoconf_pending", device.address, -1)

    rig.run_script(finish)
    assert request.finished
    assert autoconf.leaks(device) == []
    with pytest.raises(Exception, match="without config_pending_incr"):
        rig.run_script(finish)


def test_a_crash_in_attach_ends_the_request_and_leaves_nothing(rig, autoconf, driver):
    def crash(dev):
        raise Fault("NULL pointer")
        yield

    driver.attach = crash
    configure(rig, autoconf)
    request = attach(rig, autoconf)
    assert request.panic is rig.panics[0]
    assert request.panic.driver == "wm0"
    device = request.device
    assert device.state is State.CRASHED
    autoconf.release(device)
    rig.run()
    assert rig.log[-1] == ("destroy", "wm0", 1)
    assert device.state is State.GONE
    driver.attach = lambda dev: (yield from ())
    assert attach(rig, autoconf).device.xname == "wm0"


def test_a_crash_elsewhere_ends_what_waits_for_the_driver(rig, autoconf, driver):
    def attach_script(dev):
        yield ("autoconf_pending", dev, 1)

    driver.attach = attach_script
    configure(rig, autoconf)
    request = attach(rig, autoconf)
    assert not request.finished
    (device,) = [one for one in autoconf.devices if not one.is_bus]

    def interrupt():
        raise Fault("bang")

    rig.interrupt(interrupt, owner=device)
    rig.run()
    assert (request.finished, request.panic) == (True, rig.panics[0])


def test_detaching_ends_what_waits_for_the_attachment(rig, autoconf, driver):
    def attach_script(dev):
        yield ("autoconf_pending", dev, 1)

    driver.attach = attach_script
    configure(rig, autoconf)
    request = attach(rig, autoconf)
    (device,) = [one for one in autoconf.devices if not one.is_bus]
    assert detach(rig, autoconf, device).error == 0
    assert request.finished


def test_a_crash_in_match_ends_the_request(rig, autoconf, driver):
    configure(rig, autoconf)

    def crash(*_):
        raise Fault("bang")

    rig.fibers.functions[autoconf.attachments[0].match] = crash
    request = attach(rig, autoconf)
    assert request.finished
    assert (request.device, request.panic) == (None, rig.panics[0])


def test_devices_are_found_by_name(rig, autoconf, driver):
    configure(rig, autoconf)
    device = attach(rig, autoconf).device
    assert autoconf.device("wm0") is device
    assert autoconf.by_address(device.address) is device
    with pytest.raises(UsageError, match="no device wm9"):
        autoconf.device("wm9")


def test_an_image_with_devices_stays(rig, autoconf, driver):
    configure(rig, autoconf)
    device = attach(rig, autoconf).device
    with pytest.raises(UsageError, match="attached devices"):
        autoconf.forget(rig.image)
    detach(rig, autoconf, device)
    autoconf.forget(rig.image)
    assert autoconf.devices == autoconf.attachments == []
