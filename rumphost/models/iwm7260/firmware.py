"""The firmware of the 7260: starts from a loaded image, answers commands, sends notices.

What the real one is in machine code is Python here, split by subject: ``contexts.py`` (PHY, MAC,
binding, quota), ``time_events.py``, ``stations.py`` (stations, rates, keys), ``scan.py``,
``beacons.py`` (filter, missed beacons) and ``radio.py`` (frames). A command that it does not know,
or whose size is wrong, is answered with REPLY_ERROR and noted with its number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import reduce
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import commands as c
from . import image, layouts
from .agenda import Agenda
from .beacons import Beacons
from .calibration import Calibration
from .commands import COMMANDS, Refused
from .contexts import Contexts
from .nvm import Nvm
from .radio import Radio
from .scan import Scan
from .stations import Stations
from .table import INT_ALIVE, INT_SW_ERR
from .time_events import TimeEvents
from .windows import SCHEDULER_MEMORY

if TYPE_CHECKING:
    from .model import Iwm7260

BOOT_NS = 5_000_000
COMMAND_NS = 50_000
CALIBRATION_NS = 20_000_000
ERROR_TABLE = 0x0080_0400
LOG_TABLE = 0x0080_1000
ALIVE_OK = 0xCAFE
SUBTYPE_FULL, SUBTYPE_INIT = 0, 9
UNSOLICITED = 0x80
FAILED = 0x40
STATISTICS_NS = 1_000_000_000


class Firmware:
    """``running`` from ALIVE to the next reset or assert; ``kind`` is the image's, if known."""

    def __init__(self, model: Iwm7260) -> None:
        self.model = model
        self.agenda = Agenda(lambda: model.machine.events)
        self.after = self.agenda.after
        self.nvm = Nvm(model.mac)
        self.calibration = Calibration(model)
        self.contexts = Contexts(self)
        self.time_events = TimeEvents(self)
        self.stations = Stations(self)
        self.scan = Scan(self)
        self.beacons = Beacons(self)
        self.radio = Radio(self)
        self._handlers: dict[int, Callable[[Any, bytes], bytes | None]] = {
            number: _method(self, command.handler) for number, command in COMMANDS.items()
        }
        self.running = False
        self.reset()

    def stop(self) -> None:
        """The processor stops and forgets everything."""
        self.agenda.clear()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        was_running, self.running = self.running, False
        self.kind: int | None = None
        self.flags = 0
        self.settings: dict[int, SimpleNamespace] = {}
        self.history: deque[int] = deque(maxlen=64)
        for part in (self.contexts, self.time_events, self.stations, self.scan, self.beacons):
            part.reset()
        self.calibration.received.clear()
        self.radio.reset(power_off=was_running)

    # Starting and stopping

    def start(self) -> None:
        """The host has let the processor go."""
        memory = self.model.windows.memory
        sections = [
            (address, memory.read(address, size)) for address, size in self.model.transmit.sections
        ]
        loaded = image.check(sections)
        if isinstance(loaded, str):
            self.model.note(f"the firmware does not start: {loaded}")
        elif "no-alive" not in self.model.faults:
            self.after(BOOT_NS, lambda: self._alive(loaded))

    def _alive(self, loaded: image.Loaded) -> None:
        self.running = True
        self.kind, self.flags = loaded.kind, loaded.flags
        memory = self.model.windows.memory
        memory.write(ERROR_TABLE, bytes(layouts.ERROR_TABLE.size))
        subtype = SUBTYPE_INIT if self.kind == image.INIT else SUBTYPE_FULL
        payload = layouts.ALIVE.pack(
            status=ALIVE_OK,
            flags=0 if self.model.radio_allowed else 1,
            minor=9,
            major=23,
            api_major=9,
            subtype=subtype,
            timestamp=self.model.system_time(),
            error_table=ERROR_TABLE,
            log_table=LOG_TABLE,
            scheduler=SCHEDULER_MEMORY,
        )
        self.notify(c.MVM_ALIVE, payload)
        self.model.interrupts.cause(INT_ALIVE)
        if self.kind != image.INIT:
            self.after(STATISTICS_NS, self._periodic_statistics)

    def fail(self, error: int = c.ASSERT_SYSTEM, *, data: tuple[int, int, int] = (0, 0, 0)) -> None:
        """The firmware fails an assertion: it fills in the error table and stops."""
        if not self.running:
            return
        table = layouts.ERROR_TABLE.pack(
            valid=1,
            error_id=error,
            pc=0x0000_1234,
            data1=data[0],
            data2=data[1],
            data3=data[2],
            tsf_low=self.model.system_time(),
            version=9,
            hardware=self.model.values["HW_REV"],
            command=self.history[-1] if self.history else 0,
            timestamp=self.model.system_time(),
        )
        self.model.windows.memory.write(ERROR_TABLE, table)
        self.model.note(f"firmware assert {error:#x}")
        self.agenda.clear()
        self.running = False
        self.radio.reset(power_off=True)
        self.model.interrupts.cause(INT_SW_ERR)

    # Commands

    def command(self, queue: int, index: int, data: bytes) -> None:
        """A command has come down its ring; it is carried out a little later."""
        self.after(COMMAND_NS, lambda: self._execute(queue, index, data))

    def _execute(self, queue: int, index: int, data: bytes) -> None:
        if len(data) < 4:
            self.model.note(f"a command of {len(data)} bytes")
            return
        number = data[0]
        self.history.append(number)
        if "mute" in self.model.faults:
            return
        try:
            response = self._handle(number, data[4:])
        except Refused as refused:
            self.model.note(f"command {number:#04x} refused: {refused}")
            unknown = number not in COMMANDS
            error = layouts.ERROR.pack(
                error_type=c.ERROR_UNKNOWN_COMMAND if unknown else c.ERROR_BAD_PARAMETER,
                command=number,
                sequence=queue << 8 | index,
                timestamp=self.model.system_time(),
            )
            self.notify(c.REPLY_ERROR, error)
            return
        self.model.receive.packet(number, response, queue=queue, index=index)
        self.after(0, self.retune)

    def _handle(self, number: int, data: bytes) -> bytes:
        command = COMMANDS.get(number)
        if command is None:
            raise Refused("this firmware has no such command")
        if self.kind == image.INIT and not command.initial:
            raise Refused(f"{command.name} is not for the initial image")
        layout = command.layout_for(len(data))
        if layout is None:
            sizes = " or ".join(str(one.size) for one in command.layouts)
            raise Refused(f"{command.name} has {len(data)} bytes, not {sizes}")
        self._current = number
        response = self._handlers[number](layout.unpack(data), data[layout.size :])
        return layouts.STATUS.pack() if response is None else response

    def notify(self, number: int, payload: bytes) -> None:
        """Send the host what it has not asked for."""
        self.model.receive.packet(number, payload, queue=UNSOLICITED, index=0)

    def retune(self) -> None:
        """Something has changed that decides which channel the radio is on."""
        if self.running:
            self.radio.tune()

    # Commands that are nobody else's

    def store(self, record: SimpleNamespace, _rest: bytes) -> None:
        """A setting that has no effect on a model: it is kept for tests to look at."""
        self.settings[self._current] = record

    def nvm_access(self, record: SimpleNamespace, _rest: bytes) -> bytes:
        return self.nvm.access(record)

    def phy_database(self, record: SimpleNamespace, rest: bytes) -> None:
        problem = self.calibration.received_command(record, rest)
        if problem is not None:
            raise Refused(problem)

    def phy_configuration(self, record: SimpleNamespace, rest: bytes) -> None:
        """The initial image measures the radio now; the runtime image wants the results first."""
        self.store(record, rest)
        if self.kind == image.INIT or (self.kind is None and not self.calibration.received):
            self.after(CALIBRATION_NS, self._calibrated)
        elif missing := set(self.calibration.results) - self.calibration.received:
            raise Refused(f"calibration results are missing: {sorted(missing)}")

    def _calibrated(self) -> None:
        for payload in self.calibration.notices():
            self.notify(c.CALIBRATION_RESULT, payload)
        self.notify(c.INIT_COMPLETE, layouts.STATUS.pack(status=1))

    def statistics_command(self, _record: SimpleNamespace, _rest: bytes) -> bytes:
        return self.radio.statistics()

    def _periodic_statistics(self) -> None:
        if self.running:
            if self.contexts.associated is not None:
                self.notify(c.STATISTICS, self.radio.statistics())
            self.after(STATISTICS_NS, self._periodic_statistics)


def _method(owner: object, path: str) -> Any:
    return reduce(getattr, path.split("."), owner)
