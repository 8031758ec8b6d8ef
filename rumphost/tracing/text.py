"""Events as lines of text in the style of strace(1), and as JSON.

    0.010360000 autoconf[3]      bus_space.write(00:03.0 BAR0, EERD.START|ADDR=0x12, 0x1201)
    0.010365000 autoconf[3]      bus_space.read(00:03.0 BAR0, EERD) = 0x1210 DONE|ADDR=0x12
    0.010365000 autoconf[3]      delay.delay(microseconds=5)

Each kind of event, that is a name with the names of its fields, has a function of its own that
formats it. They are made as they are needed, so that a busy driver's trace keeps up with it.
"""

from __future__ import annotations

import json
import re
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
_REMEMBERED = 10_000  # texts of registers with their fields
_WITHOUT = {"bus_space.read": {"offset", "width"}, "bus_space.write": {"offset", "width"}}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _reader(name: str) -> Format:
    """Return how to format register reads: what was read comes last, with its fields."""
    split: dict[str, tuple[str, str]] = {}

    def line(event: TraceEvent) -> str:
        fields = event.fields
        register = fields["register"]
        parts = split.get(register)
        if parts is None:
            if len(split) > _REMEMBERED:
                split.clear()
            first, _, bits = register.partition(".")
            parts = split[register] = (first, f" {bits}" if bits else "")
        value = hex(fields["value"])
        return f"{name}({fields['region']}, {parts[0]}) = {value}{parts[1]}"

    return line


def _compile(name: str, keys: tuple[str, ...]) -> Format:
    """Return a function for one kind of event, made as source: that is twice as fast."""
    if name == "bus_space.read" and "register" in keys:
        return _reader(name)
    positional, result = _POSITIONAL.get(name, ((), ""))
    dropped = {result} | (_WITHOUT.get(name, set()) if "register" in keys else set())
    order = [key for key in positional if key in keys]
    order += [key for key in keys if key not in order and key not in dropped]
    quote = ":text" if name == "console.log" else ""
    parts = [("" if key in positional else f"{key}=") + f"{{{key}{quote}}}" for key in order]
    text = f"{name}({', '.join(parts)})"
    if result in keys:
        text += f" = {{{result}}}"
    return _render(text, keys)


def _render(template: str, keys: tuple[str, ...]) -> Format:
    """Return a function that fills a template's ``{key}`` and ``{key:text}``."""
    names = {key: f"v{n}" for n, key in enumerate(keys)}

    def expression(match: re.Match[str]) -> str:
        name = names[match[1]]
        if match[2]:
            return f"{{text({name})}}"
        return f"{{{name} if {name}.__class__ is not int or -10 < {name} < 10 else hex({name})}}"

    body = re.sub(r"{(\w+)(:text)?}", expression, template)
    unpack = f"{', '.join(names.values())}, = event[4].values()" if keys else "pass"
    space: dict[str, Any] = {"text": _text}
    exec(f"def line(event):\n    {unpack}\n    return f{body!r}", space)
    line: Format = space["line"]
    return line


class TextFormat:
    """Makes lines; keeps the functions that it has made."""

    def __init__(self) -> None:
        self._formats: dict[tuple[str, ...], Format] = {}
        self._lwps: dict[tuple[int, str], str] = {}
        self._time: tuple[int, str] = (-1, "")

    def __call__(self, event: TraceEvent) -> str:
        time_ns, lid, lwp, name, fields, _device = event
        line = self._formats.get((name, *fields))
        if line is None:
            line = self._formats[name, *fields] = _compile(name, tuple(fields))
        who = self._lwps.get((lid, lwp))
        if who is None:
            who = self._lwps[lid, lwp] = (f"{lwp}[{lid}]" if lid else "-").ljust(18)
        last_ns, time = self._time
        if time_ns != last_ns:
            time = f"{time_ns / 1e9:14.9f}"
            self._time = (time_ns, time)
        return f"{time} {who} {line(event)}\n"


_ENCODE = json.JSONEncoder(ensure_ascii=False, default=str, separators=(",", ":")).encode


def json_line(event: TraceEvent) -> str:
    """Return an event as a JSON object on a line; the fields are beside the common ones."""
    time_ns, lid, lwp, name, fields, device = event
    record = {"time_ns": time_ns, "lid": lid, "lwp": lwp, "event": name}
    if device:
        record["for"] = device
    return _ENCODE({**record, **fields}) + "\n"
