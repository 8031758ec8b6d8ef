"""Events as lines of text in the style of strace(1), and as JSON.

    0.010360000 autoconf[3]      bus_space.write(00:03.0 BAR0, EERD.START|ADDR=0x12, 0x1201)
    0.010365000 autoconf[3]      bus_space.read(00:03.0 BAR0, EERD) = 0x1210 DONE|ADDR=0x12
    0.010365000 autoconf[3]      delay.delay(microseconds=5)

Each kind of event, that is a name with the names of its fields, has a function of its own that
formats it. They are made as they are needed, so that a busy driver's trace keeps up with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rumphost.trace import TraceEvent

Format = Callable[[TraceEvent], str]

# Fields that need no name, and the one that is the result.
_POSITIONAL: dict[str, tuple[tuple[str, ...], str]] = {
    "bus_space.read": (("region", "register"), "value"),
    "bus_space.write": (("region", "register", "value"), ""),
    "bus_space.read_multi": (("region", "register", "count"), ""),
    "bus_space.write_multi": (("region", "register", "count"), ""),
    "bus_space.read_region": (("region", "register", "count"), ""),
    "bus_space.write_region": (("region", "register", "count"), ""),
    "pci.conf_read": (("function", "offset"), "value"),
    "pci.conf_write": (("function", "offset", "value"), ""),
    "bus_dma.sync": (("map", "operations", "offset", "length"), ""),
    "lwp.sleep": (("wmesg",), ""),
    "console.log": (("text",), ""),
    "delay.delay": (("microseconds",), ""),
    "callout.fire": (("callout",), ""),
}
_WITHOUT = {"bus_space.read": {"offset", "width"}, "bus_space.write": {"offset", "width"}}


def show(value: Any) -> str:
    """Write a value as the trace does: numbers above 9 in hex, text as it is."""
    if type(value) is int:
        return str(value) if -10 < value < 10 else hex(value)
    return str(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _read(name: str, event: TraceEvent) -> str:
    """Format a register read: what was read comes last, with its fields."""
    fields = event.fields
    register, _, bits = str(fields.get("register", hex(fields["offset"]))).partition(".")
    width = "" if fields["width"] == 4 else f", {fields['width']} bytes"
    result = f"{fields['value']:#x} {bits}".rstrip()
    return f"{name}({fields['region']}, {register}{width}) = {result}"


def _compile(name: str, keys: tuple[str, ...]) -> Callable[[TraceEvent], str]:
    """Return a function for one kind of event."""
    if name == "bus_space.read" and "value" in keys:
        return lambda event: _read(name, event)
    positional, result = _POSITIONAL.get(name, ((), ""))
    dropped = _WITHOUT.get(name, set()) if "register" in keys else set()
    parts = []
    for key in (*(key for key in positional if key in keys), *keys):
        if key in dropped or key == result or any(key == taken for taken, _ in parts):
            continue
        parts.append((key, key in positional))
    arguments = ", ".join("{}" if bare else key + "={}" for key, bare in parts)
    template = f"{name}({arguments})" + (" = {}" if result in keys and result else "")
    order = [key for key, _ in parts] + ([result] if result in keys and result else [])
    render, quoted = template.format, name == "console.log"

    def line(event: TraceEvent) -> str:
        fields = event.fields
        return render(*[_text(fields[key]) if quoted else show(fields[key]) for key in order])

    return line


class TextFormat:
    """Makes lines; keeps the functions that it has made."""

    def __init__(self) -> None:
        self._formats: dict[tuple[str, ...], Format] = {}
        self._lwps: dict[tuple[int, str], str] = {}

    def __call__(self, event: TraceEvent) -> str:
        time_ns, lid, lwp, name, fields, _device = event
        key = (name, *fields)
        line = self._formats.get(key)
        if line is None:
            line = self._formats[key] = _compile(name, tuple(fields))
        who = self._lwps.get((lid, lwp))
        if who is None:
            who = self._lwps[lid, lwp] = (f"{lwp}[{lid}]" if lid else "-").ljust(18)
        return f"{time_ns / 1e9:14.9f} {who} {line(event)}\n"


_ENCODE = json.JSONEncoder(ensure_ascii=False, default=str, separators=(",", ":")).encode


def json_line(event: TraceEvent) -> str:
    """Return an event as a JSON object on a line; the fields are beside the common ones."""
    time_ns, lid, lwp, name, fields, device = event
    record = {"time_ns": time_ns, "lid": lid, "lwp": lwp, "event": name}
    if device:
        record["for"] = device
    return _ENCODE({**record, **fields}) + "\n"
