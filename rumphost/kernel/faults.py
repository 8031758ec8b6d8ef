"""fault(4): has what may fail do so, as asked for in the language of ``rumphost/faults.py``.

The shim asks here (``rumphost_fault_inject``) before it gives memory, or loads it for DMA; what
else a kernel may refuse is a hypercall, and is asked about on its way to its handler. Only drivers
are refused anything, never the kernel itself. What is wrong with the hardware is in
``hardware_faults.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rumphost.errors import Frame
from rumphost.faults import Fault
from rumphost.sources import hypercalls_dir

from .errno import ENODEV, ENOMEM
from .hardware_faults import HardwareFaults
from .hypercall import Answer, hypercall
from .interpose import Method, interpose
from .lwp import Lwp
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel

# Each hypercall that a kernel may refuse: what it is called in rumphost/faults.py, and what its
# handler answers then.
_REFUSED = {
    "bus_space_map": ("bus_map", ENOMEM),
    "bus_space_alloc": ("bus_map", ENOMEM),
    "pci_intr_map": ("intr_map", ENODEV),
    "pci_intr_alloc": ("intr_map", -ENOMEM),
    "pci_intr_establish": ("intr_establish", 0),
    "kthread_create": ("kthread", ENOMEM),
    "softint_establish": ("softint", 0),
    "workqueue_create": ("workqueue", 0),
}
_MAKERS = {
    "kthread": "kthread_create",
    "softint": "softint_establish",
    "workqueue": "workqueue_create",
}
_MBUF_POOLS = ("mbpl", "mclpl")


@dataclass(frozen=True)
class Injection:
    """One fault that was put in: the ``number``-th occurrence of ``what``, in the call ``frames``.

    ``frames`` are the driver's, innermost first; none where no driver was running.
    """

    fault: Fault
    what: str
    number: int
    time_ns: int
    device: str = ""
    frames: tuple[Frame, ...] = ()

    @property
    def place(self) -> Frame | None:
        """Where the driver asked for what it did not get."""
        return self.frames[0] if self.frames else None

    def __str__(self) -> str:
        where = f", in {self.place}" if self.place is not None else ""
        return f"{self.what} ({self.number}){where}"


@dataclass(eq=False)
class Rule:
    """A fault in force: how often it might have struck, and has.

    Of one that only counts, ``sites`` are the code addresses of those who asked, 0 if not known.
    """

    fault: Fault
    choose: Callable[[], bool]
    active: bool = True
    seen: int = 0
    hits: int = 0
    counts_only: bool = False
    sites: list[int] = field(default_factory=list)

    def strikes(self) -> bool:
        """Count an occurrence; tell whether it is meant."""
        self.seen += 1
        struck = self.choose()
        self.hits += struck
        return struck


class Faults(Service):
    """The faults of one host. ``injected`` has what was done, ``listeners`` are told of it.

    ``trap`` is the host's, which turns fast paths off.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.injected: list[Injection] = []
        self.listeners: list[Callable[[Injection], None]] = []
        self.trap: Callable[..., None] = lambda *_what: None
        self._kernel = kernel
        self._rules: dict[str, list[Rule]] = {}
        self._hardware: HardwareFaults | None = None
        self._interposed = False

    # -- what the host calls

    def add(self, fault: Fault | str) -> Rule:
        """Put a fault in force; a text is read as ``Fault.parse`` does.

        Occurrences before are not counted. Raises ``UsageError``.
        """
        if isinstance(fault, str):
            fault = Fault.parse(fault)
        return self._add(Rule(fault, fault.chooser()))

    def count(self, fault: Fault | str) -> Rule:
        """Count what a fault might strike, and note its places, but let nothing fail."""
        if isinstance(fault, str):
            fault = Fault.parse(fault)
        return self._add(Rule(fault, lambda: False, counts_only=True))

    def remove(self, rule: Rule) -> None:
        """Have a fault strike no more."""
        rule.active = False

    @property
    def hardware(self) -> HardwareFaults:
        """What is wrong with the hardware."""
        if self._hardware is None:
            self._hardware = HardwareFaults(self._kernel, self.trap, self._note)
        return self._hardware

    # -- what drivers run into

    @hypercall
    def fault_inject(
        self, lwp: Lwp, what: str, name: str | None, size: int, may_sleep: int, site: int
    ) -> int:
        if name in _MBUF_POOLS:
            what = "mbuf"
        return int(self._refuses(lwp, what, site, bool(may_sleep)))

    # -- the inner parts

    def _add(self, rule: Rule) -> Rule:
        if not rule.fault.refuses:
            self.hardware.add(rule)
            return rule
        for what in rule.fault.refuses:
            self._rules.setdefault(what, []).append(rule)
        self.trap("fault")
        if not self._interposed:
            self._interposed = True
            interpose(self._kernel, _REFUSED, self._around)
        return rule

    def _around(self, name: str, method: Method) -> Method:
        what, answer = _REFUSED[name]

        def ask(lwp: Lwp, *args: object) -> Answer:
            if _is_driver(lwp, what) and self._refuses(lwp, what, 0, may_sleep=False):
                return answer
            return method(lwp, *args)

        return ask

    def _refuses(self, lwp: Lwp, what: str, site: int, may_sleep: bool) -> bool:
        if lwp.owner is None:
            return False
        refused = False
        for rule in self._rules.get(what, ()):
            if rule.active and (rule.fault.sleeping or not may_sleep):
                if rule.counts_only:
                    rule.sites.append(site)
                if rule.strikes():
                    refused = True
                    self._note(rule, what, lwp)
        return refused

    def _note(self, rule: Rule, what: str, lwp: Lwp | None) -> None:
        """Book a fault that was put in."""
        kernel = self._kernel
        frames = driver_frames(lwp.fiber.backtrace()) if lwp is not None else ()
        device = lwp.owner.xname if lwp is not None and lwp.owner is not None else ""
        made = Injection(rule.fault, what, rule.seen, kernel.events.now_ns(), device, frames)
        self.injected.append(made)
        if kernel.trace.on:
            kernel.trace.emit("fault.inject", lwp, what=what, number=rule.seen)
        for listener in self.listeners:
            listener(made)


def _is_driver(lwp: Lwp, what: str) -> bool:
    """Tell whether a driver asks for this itself; what the shim makes for its own ends is given."""
    function = _MAKERS.get(what)
    if function is None:
        return True
    frames = lwp.fiber.backtrace()
    inner = frames[: len(frames) - len(driver_frames(frames))]
    return len(inner) < len(frames) and bool(inner) and inner[-1].function == function


def driver_frames(frames: list[Frame]) -> tuple[Frame, ...]:
    """Return the frames of a backtrace from the innermost of a driver on.

    Before it are the shim's, and after a jump to nowhere one of no source.
    """
    shim = f"{hypercalls_dir()}/"
    for number, frame in enumerate(frames):
        if frame.file and not frame.file.startswith(shim):
            return tuple(frames[number:])
    return ()
