"""The statements of config(5) that say what is wanted: options, instances, pseudo-devices.

Called by :mod:`rumphost.build.config.parser` through ``SELECTIONS`` and ``instance``.
"""

from __future__ import annotations

import re

from rumphost.build.config.context import Context, Statement
from rumphost.build.config.lexer import ConfigError, Cursor, Kind
from rumphost.build.config.model import Instance

_UNIT = re.compile(r"(.*?[^0-9])([0-9]+)")


def _options(context: Context, cursor: Cursor) -> None:
    while True:
        name = cursor.word("an option")
        value = None
        if cursor.accept("=") or cursor.accept("+="):
            token = cursor.peek()
            value = cursor.text("a value")
            if token is not None and token.kind is Kind.STRING and not value:
                value = '""'
        context.config.settings[name] = value
        if not cursor.accept(","):
            return


def _select(context: Context, cursor: Cursor) -> None:
    context.config.selected[cursor.word("an attribute")] = cursor.place


def _pseudo_device(context: Context, cursor: Cursor) -> None:
    name = cursor.word("a pseudo-device")
    known = context.config.devices.get(name)
    if known is None or not known.pseudo:
        raise ConfigError(cursor.place, f"`{name}' is no pseudo-device that was defined before")
    context.config.pseudo_devices[name] = 1 if cursor.at_end() else cursor.number("a number")


def _file_system(context: Context, cursor: Cursor) -> None:
    while True:
        name = cursor.word("a file system")
        if name not in context.config.file_systems:
            raise ConfigError(cursor.place, f"`{name}' is no file system that was defined before")
        context.config.selected[name.lower()] = cursor.place
        if not cursor.accept(","):
            return


def _machine(context: Context, cursor: Cursor) -> None:
    names = [cursor.word("a machine")]
    while not cursor.at_end():
        if cursor.accept("{"):
            while not cursor.accept("}"):
                names.append(cursor.word("a machine"))
        else:
            names.append(cursor.word("a machine"))
    context.config.machine = tuple(names)


def _ignored(_context: Context, cursor: Cursor) -> None:
    """``ident``, ``config``, ``ioconf``, ``module``: they say nothing that a driver sees."""
    cursor.rest()


def _no(context: Context, cursor: Cursor) -> None:
    config = context.config
    if cursor.accept("options"):
        while True:
            config.settings.pop(cursor.word("an option"), None)
            if not cursor.accept(","):
                return
    elif cursor.accept("makeoptions"):
        while True:
            name = cursor.word("a variable")
            config.make_options = [m for m in config.make_options if m.variable != name]
            if not cursor.accept(","):
                return
    elif cursor.accept("select"):
        config.selected.pop(cursor.word("an attribute"), None)
    elif cursor.accept("file-system"):
        config.selected.pop(cursor.word("a file system").lower(), None)
    elif cursor.accept("pseudo-device"):
        config.pseudo_devices.pop(cursor.word("a pseudo-device"), None)
    elif cursor.accept("config", "ident"):
        cursor.rest()
    else:
        _no_instance(context, cursor)


def _no_instance(context: Context, cursor: Cursor) -> None:
    """Take ``no wm0``, ``no wm* at pci?`` or ``no device at pci?``."""
    config = context.config
    every = cursor.accept("device") is not None
    name, unit = ("", None) if every else _unit_of(cursor, "a device", star=("*",))
    parent: tuple[str, int | None] | None = None
    if cursor.accept("at"):
        parent = _unit_of(cursor, "a parent", star=("?", "*"))
    elif every:
        cursor.fail("`at' expected")

    def goes(one: Instance) -> bool:
        same = every or (one.device, one.unit) == (name, unit)
        return same and (parent is None or (one.parent, one.parent_unit) == parent)

    config.instances = [one for one in config.instances if not goes(one)]


def _unit_of(cursor: Cursor, what: str, star: tuple[str, ...]) -> tuple[str, int | None]:
    """Take ``wm0``, ``wm*`` or ``pci?``."""
    word = cursor.word(what)
    if cursor.accept(*star) or word == "root":
        return word, None
    match = _UNIT.fullmatch(word)
    if match is None:
        cursor.fail(f"a unit number of `{word}' expected")
    return match[1], int(match[2])


def instance(context: Context, cursor: Cursor) -> None:
    """Take ``wm* at pci? dev ? function 0 flags 1``, or ``* at mii?``."""
    if cursor.accept("*"):
        device, unit = "*", None
    else:
        device, unit = _unit_of(cursor, "a device", star=("*",))
    cursor.expect("at")
    parent, parent_unit = _unit_of(cursor, "a parent", star=("?", "*"))
    locators: list[tuple[str, str | None]] = []
    flags = 0
    while not cursor.at_end():
        name = cursor.text("a locator")
        if name == "flags":
            flags = cursor.number("flags")
        else:
            value = None if cursor.accept("?") else cursor.text("a value")
            locators.append((name, value))
    if device != "*" and device not in context.config.devices:
        raise ConfigError(cursor.place, f"`{device}' is no device that was defined before")
    made = Instance(device, unit, parent, parent_unit, tuple(locators), flags, cursor.place)
    context.config.instances.append(made)


SELECTIONS: dict[str, Statement] = {
    "config": _ignored,
    "file-system": _file_system,
    "ident": _ignored,
    "ioconf": _ignored,
    "machine": _machine,
    "module": _ignored,
    "no": _no,
    "options": _options,
    "pseudo-device": _pseudo_device,
    "pseudo-root": _ignored,
    "select": _select,
    "xmachine": _machine,
}
