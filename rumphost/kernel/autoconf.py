"""autoconf(9): which driver attaches to what, and all devices. Called by ``hypercalls/autoconf.c``.

``host.py`` asks for things here that take several steps on lwps, and is told when they are over:

- ``configure(image, done)`` once after an image is loaded: its attachments, its bus ``pci0``;
- ``attach(function, done)`` finds the best attachment of all images for a PCI function;
- ``detach(device, flags, done)``;
- ``panicked(lwp, panic)`` when an lwp has crashed, then ``release(owner)`` as with every service.

``done`` gets the ``Request``: its ``device``, ``error`` (NetBSD's errno), ``panic``. Resources are
booked to the device that hangs on the bus, ``device.top``, also by what is attached below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rumphost.errors import DriverPanic, Misuse, UsageError
from rumphost.machine import PciFunction

from .crash import doomed
from .deferred import Deferred, DeferredWork
from .device import Attachment, Device, Request, State
from .errno import EBUSY, ENXIO
from .hypercall import Answer, Steps, Upcall, hypercall
from .leak import Leak
from .lwp import IPL_NAMES, Lwp, Owner
from .pci import Pci, tag_of
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel

__all__ = ["Attachment", "Autoconf", "Device", "Request", "State"]

DETACH_FORCE = 1
DETACH_QUIET = 2

_CONFIGURE = "rumphost_image_configure"
_SEARCH = "rumphost_pci_search"
_ATTACH_FUNCTION = "rumphost_pci_attach"
_DETACH = "rumphost_config_detach"
_CREATE = "rumphost_device_create"
_CALL_ATTACH = "rumphost_device_call_attach"
_PRIVATE = "rumphost_device_private"
_CALL_DETACH = "rumphost_device_call_detach"
_DEACTIVATE = "rumphost_device_deactivate"
_DESTROY = "rumphost_device_destroy"


class Autoconf(Service):
    """All devices of all images; ``devices`` in the order of attachment, buses among them."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._scheduler = kernel.scheduler
        self._trace = kernel.trace
        self.devices: list[Device] = []
        self.attachments: list[Attachment] = []
        self.buses: dict[Any, Device] = {}
        self._carried: dict[Any, dict[str, set[str]]] = {}
        self._by_address: dict[int, Device] = {}
        self._requests: dict[int, Request] = {}
        self._priorities: dict[int, int] = {}
        self._retired: set[Any] = set()
        self._next_number = 1
        self._deferred = DeferredWork(kernel, self._spawn, self._settle)

    # -- what the host asks for

    def configure(self, image: Any, done: Callable[[Request], None]) -> Request:
        """Learn what an image has. Its code must be there; nothing is attached yet."""
        request = Request("configure", done)
        self._carried[image] = {}
        self._spawn(
            request, "autoconf", image, image.symbol(_CONFIGURE), (), lambda _: request.finish()
        )
        return request

    def forget(self, image: Any) -> None:
        """Drop an image that is to be unloaded; none of its devices may be left."""
        if any(device.image is image and device.parent is not None for device in self.devices):
            raise UsageError("an image with attached devices cannot be unloaded")
        self.attachments = [one for one in self.attachments if one.image is not image]
        self._carried.pop(image, None)
        self._retired.discard(image)
        bus = self.buses.pop(image, None)
        if bus is not None:
            self._remove(bus)

    def retire(self, image: Any) -> None:
        """Attach nothing more with an image; its other devices stay."""
        self.attachments = [one for one in self.attachments if one.image is not image]
        self._retired.add(image)

    def attach(
        self,
        function: PciFunction,
        done: Callable[[Request], None],
        images: Sequence[Any] | None = None,
    ) -> Request:
        """Attach the best driver for a function; ``device`` is None when there is none.

        ``images`` are those to look in; None: all.
        """
        request = Request("attach", done, function=function)
        if self.device_at(function) is not None:
            raise UsageError(f"{function.address} has a driver already")
        self._kernel.service(Pci).prepare(function)
        asked = self.buses if images is None else images
        buses = [
            item for item in self.buses.items() if item[0] in asked and item[0] not in self._retired
        ]
        self._search_images(request, buses, [])
        return request

    def detach(self, device: Device, flags: int, done: Callable[[Request], None]) -> Request:
        """Detach a device and what is below it; ``flags`` are DETACH_*."""
        request = Request("detach", done, device=device, flags=flags)

        def over(result: int) -> None:
            request.error = result & 0xFFFF_FFFF
            request.finish()

        entry = device.image.symbol(_DETACH)
        self._spawn(
            request, "autoconf", device.image, entry, (device.address, flags), over, device.top
        )
        return request

    def deactivate(self, device: Device, done: Callable[[Request], None]) -> Request:
        """Tell a driver that its hardware has gone (config_deactivate(9))."""
        request = Request("deactivate", done, device=device)

        def over(result: int) -> None:
            request.error = result & 0xFFFF_FFFF
            request.finish()

        entry = device.image.symbol(_DEACTIVATE)
        self._spawn(request, "autoconf", device.image, entry, (device.address,), over, device.top)
        return request

    def panicked(self, lwp: Lwp, panic: DriverPanic) -> None:
        """A driver has crashed: mark its device, and end what was asked for and needs it."""
        top = lwp.owner.top if isinstance(lwp.owner, Device) else None
        requests = []
        if top is not None:
            for device in top.tree():
                device.state = State.CRASHED
            requests.append(self._deferred.abandon(top))
        for lid in sorted(doomed(self._kernel, lwp)):
            requests.append(self._requests.pop(lid, None))
            self._priorities.pop(lid, None)
        for request in requests:
            if request is not None and not request.finished:
                request.panic = panic
                request.device = top
                request.finish()

    # -- what anybody may ask

    def device(self, xname: str) -> Device:
        """Return the attached device of that name; raises ``UsageError``."""
        for device in self.devices:
            if device.xname == xname:
                return device
        raise UsageError(f"no device {xname}")

    def device_at(self, function: PciFunction) -> Device | None:
        """Return the device that drives a PCI function."""
        for device in self.devices:
            if device.function is function:
                return device
        return None

    def by_address(self, address: int) -> Device | None:
        """Return the device whose device_t is at ``address``."""
        return self._by_address.get(address)

    def unclaimed(self) -> Iterator[PciFunction]:
        """Yield the machine's functions that no driver has."""
        for function in self._kernel.machine.functions:
            if self.device_at(function) is None:
                yield function

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return what is still waited for."""
        return [
            Leak("autoconf(9)", f"config_pending_incr of {device.xname} without its decr")
            for device in [*self.devices, owner]
            if isinstance(device, Device) and device.top is owner and device.pending > 0
        ]

    def release(self, owner: Owner) -> None:
        """Take a crashed driver's devices away, youngest first, without asking it."""
        if not isinstance(owner, Device):
            return
        self._deferred.drop(owner)
        devices = [one for one in reversed(self.devices) if one.top is owner]
        for device in devices:
            self._remove(device)
        self._destroy_next(devices)

    # -- loading

    @hypercall
    def autoconf_cfdata(
        self, lwp: Lwp, cf: int, driver: str, name: str, attribute: str, match: int
    ) -> None:
        self.attachments.append(Attachment(cf, driver, name, attribute, match, lwp.image))

    @hypercall
    def autoconf_attribute(self, lwp: Lwp, driver: str, attribute: str) -> None:
        self._carried.setdefault(lwp.image, {}).setdefault(driver, set()).add(attribute)

    @hypercall
    def autoconf_root(self, lwp: Lwp, dev: int, xname: str, driver: str) -> None:
        bus = Device(0, xname, driver, 0, lwp.image, None, dev, state=State.ATTACHED)
        self.buses[lwp.image] = bus
        self._add(bus)

    # -- matching and attaching

    @hypercall
    def autoconf_search(
        self, lwp: Lwp, parent: int, attribute: str | None, locators: int, aux: int, submatch: int
    ) -> Answer:
        device = self._device(parent, "config_search")
        carried = self._carried.get(lwp.image, {}).get(device.driver, set())
        candidates = [
            one
            for one in self.attachments
            if one.image is lwp.image
            and one.attribute in carried
            and attribute in (None, one.attribute)
        ]
        return self._search(lwp, candidates, parent, locators, aux, submatch)

    def _search(
        self, lwp: Lwp, found: list[Attachment], parent: int, locators: int, aux: int, submatch: int
    ) -> Steps:
        best, priority = 0, 0
        for one in found:
            if submatch:
                answer = yield Upcall(submatch, (parent, one.cf, locators, aux))
            else:
                answer = yield Upcall(one.match, (parent, one.cf, aux))
            value = _signed(answer)
            if self._trace.on:
                self._trace.emit("autoconf.match", lwp, attachment=one.name, priority=value)
            if value > priority:
                best, priority = one.cf, value
        self._priorities[lwp.lid] = priority
        return best

    @hypercall
    def autoconf_attach(
        self, lwp: Lwp, parent: int, cf: int, locators: int, aux: int, print_: int
    ) -> Answer:
        above = self._device(parent, "config_attach") if parent else None
        return self._attach(lwp, above, cf, locators, aux, print_)

    def _attach(
        self, lwp: Lwp, parent: Device | None, cf: int, locators: int, aux: int, print_: int
    ) -> Steps:
        symbol = lwp.image.symbol
        attachment = self._attachment(cf)
        unit = self._free_unit(attachment.driver)
        number, self._next_number = self._next_number, self._next_number + 1
        xname = f"{attachment.driver}{unit}"
        device = Device(number, xname, attachment.driver, unit, lwp.image, parent, 0)
        self._add(device)
        before, lwp.owner = lwp.owner, None
        address = parent.address if parent is not None else 0
        dev = yield Upcall(symbol(_CREATE), (cf, address, unit, locators))
        device.address = dev
        self._by_address[dev] = device
        device.private = yield Upcall(symbol(_PRIVATE), (dev,))
        self._note_function(lwp, device)
        lwp.owner = device.top
        if self._trace.on:
            self._trace.emit("autoconf.attach", lwp, device=xname)
        ipl = lwp.ipl
        yield Upcall(symbol(_CALL_ATTACH), (dev, aux, print_))
        if lwp.ipl != ipl:
            self._lower(lwp, ipl)
        device.state = State.ATTACHED
        yield from self._run_deferred(device)
        lwp.owner = before
        return dev

    def softc_of(self, address: int) -> str:
        """Return the name of the device whose softc is there; "" when none is."""
        return next((one.xname for one in self.devices if one.private == address), "")

    def _lower(self, lwp: Lwp, ipl: int) -> None:
        """Do what the driver forgot: a kernel that is booting does it after all devices."""
        what = f"the attach function returned at IPL {IPL_NAMES.get(lwp.ipl, lwp.ipl)}"
        self._kernel.findings.finding(lwp, "autoconf(9)", what, 0)
        lwp.ipl = ipl

    def _run_deferred(self, device: Device) -> Steps:
        """Call what config_defer(9) put off until now."""
        while (work := self._deferred.take_for(device)) is not None:
            yield Upcall(work.function, (work.device.address,))
        return 0

    @hypercall
    def autoconf_defer(self, lwp: Lwp, dev: int, function: int, stage: int) -> None:
        device = self._device(dev, "config_defer")
        self._deferred.add(Deferred(device, function, stage))

    @hypercall
    def autoconf_pending(self, lwp: Lwp, dev: int, change: int) -> None:
        # As in NetBSD a child may count up and its parent down: what counts is the whole.
        top = self._device(dev, "config_pending_incr").top
        top.pending += change
        if top.pending < 0:
            raise Misuse("autoconf(9): config_pending_decr without config_pending_incr")
        self._deferred.pending_changed(top)

    # -- detaching

    @hypercall
    def autoconf_detach(self, lwp: Lwp, dev: int, flags: int) -> Answer:
        return self._detach(lwp, self._device(dev, "config_detach"), flags)

    @hypercall
    def autoconf_detach_children(self, lwp: Lwp, dev: int, flags: int) -> Answer:
        return self._detach_children(lwp, self._device(dev, "config_detach_children"), flags)

    def _detach_children(self, lwp: Lwp, device: Device, flags: int) -> Steps:
        for child in reversed(device.children):
            error = yield from self._detach(lwp, child, flags)
            if error:
                return error
        return 0

    def _detach(self, lwp: Lwp, device: Device, flags: int) -> Steps:
        if device.state is not State.ATTACHED:
            return EBUSY
        symbol = device.image.symbol
        device.state = State.DETACHING
        if self._trace.on:
            self._trace.emit("autoconf.detach", lwp, device=device.xname, flags=flags)
        error = _signed((yield Upcall(symbol(_CALL_DETACH), (device.address, flags))))
        if error:
            device.state = State.ATTACHED
            return error
        if device.children:
            names = ", ".join(child.xname for child in device.children)
            raise Misuse(f"autoconf(9): {device.xname} is detached, but its child {names} is not")
        self._deferred.drop(device)
        before, lwp.owner = lwp.owner, None
        yield Upcall(symbol(_DESTROY), (device.address, flags, 0))
        lwp.owner = before
        self._remove(device)
        return 0

    # -- the inner parts

    def _search_images(
        self, request: Request, left: list[tuple[Any, Device]], found: list[tuple[int, int, Any]]
    ) -> None:
        """Ask one image after the other, then attach what matches best."""
        assert request.function is not None
        tag = tag_of(request.function)
        if left:
            image, bus = left[0]

            def asked(cf: int) -> None:
                priority = self._priorities.pop(lwp.lid, 0)
                better = [*found, (priority, cf, image)] if cf else found
                self._search_images(request, left[1:], better)

            lwp = self._spawn(
                request, "autoconf", image, image.symbol(_SEARCH), (bus.address, tag), asked
            )
            return
        image, cf = None, 0
        if found:
            _, cf, image = max(found, key=lambda one: one[0])
        else:
            image = next((one for one in self.buses if one not in self._retired), None)
        if image is None:
            request.error = ENXIO
            request.finish()
            return
        args = (self.buses[image].address, tag, cf)
        entry = image.symbol(_ATTACH_FUNCTION)
        self._spawn(
            request, "autoconf", image, entry, args, lambda dev: self._attached(request, dev)
        )

    def _attached(self, request: Request, dev: int) -> None:
        device = self._by_address.get(dev)
        if device is None:
            request.error = ENXIO
            request.finish()
            return
        request.device = device
        self._deferred.start(request, device)

    def _settle(self, request: Request) -> None:
        request.finish()

    def _spawn(
        self,
        request: Request | None,
        name: str,
        image: Any,
        entry: int,
        args: tuple[int, ...],
        over: Callable[[int], None],
        owner: Device | None = None,
    ) -> Lwp:
        def exited(result: int) -> None:
            self._requests.pop(lwp.lid, None)
            over(result)

        lwp = self._scheduler.spawn(
            name, entry, args, image=image, owner=owner, mpsafe=False, on_exit=exited
        )
        if request is not None:
            self._requests[lwp.lid] = request
        return lwp

    def _destroy_next(self, devices: list[Device]) -> None:
        devices = [device for device in devices if device.address]
        if devices:
            first = devices[0]
            self._spawn(
                None,
                "autoconf",
                first.image,
                first.image.symbol(_DESTROY),
                (first.address, DETACH_QUIET, 1),
                lambda _: self._destroy_next(devices[1:]),
            )

    def _note_function(self, lwp: Lwp, device: Device) -> None:
        """What is attached to the bus drives the function that was asked about."""
        request = self._requests.get(lwp.lid)
        if request is not None and device.parent in self.buses.values():
            device.function = request.function

    def _free_unit(self, driver: str) -> int:
        taken = {device.unit for device in self.devices if device.driver == driver}
        return next(unit for unit in range(len(taken) + 1) if unit not in taken)

    def _attachment(self, cf: int) -> Attachment:
        for one in self.attachments:
            if one.cf == cf:
                return one
        raise Misuse("autoconf(9): config_attach with a cfdata_t that is not in the configuration")

    def _device(self, address: int, what: str) -> Device:
        device = self._by_address.get(address)
        if device is None:
            raise Misuse(f"autoconf(9): {what}: {address:#x} is no device")
        return device

    def _add(self, device: Device) -> None:
        self.devices.append(device)
        if device.address:
            self._by_address[device.address] = device
        if device.parent is not None:
            device.parent.children.append(device)

    def _remove(self, device: Device) -> None:
        self.devices.remove(device)
        self._by_address.pop(device.address, None)
        if device.parent is not None and device in device.parent.children:
            device.parent.children.remove(device)
        device.state = State.GONE


def _signed(value: int) -> int:
    """Take a C int out of a 64-bit register."""
    value &= 0xFFFF_FFFF
    return value - (1 << 32) if value >> 31 else value
