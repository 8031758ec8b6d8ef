"""The statements of config(5) that say what exists: attributes, devices, options, source files.

Called by :mod:`rumphost.build.config.parser` through ``DEFINITIONS``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rumphost.build.config.context import Context, Statement
from rumphost.build.config.expression import Expression, parse_expression
from rumphost.build.config.lexer import ConfigError, Cursor, Kind, Place
from rumphost.build.config.model import (
    Attachment,
    Attribute,
    Device,
    Locator,
    MakeOption,
    Option,
    SourceFile,
)

_NAME = re.compile(r"[A-Za-z_0-9][-A-Za-z0-9_]*")
_FILE_WORDS = ("needs-count", "needs-flag", "compile-with")


def _name(cursor: Cursor, what: str) -> str:
    place = cursor.peek()
    name = cursor.word(what)
    if not _NAME.fullmatch(name):
        where = place.place if place is not None else cursor.place
        raise ConfigError(where, f"`{name}' is no name for {what}")
    return name


def _depends(cursor: Cursor) -> tuple[str, ...]:
    """Take ``: a, b, c``, if it is there."""
    if not cursor.accept(":"):
        return ()
    names = [cursor.word("an attribute")]
    while cursor.accept(","):
        names.append(cursor.word("an attribute"))
    return tuple(names)


def _interface(cursor: Cursor) -> tuple[Locator, ...] | None:
    """Take ``{ [name = default], ... }``, if it is there."""
    if not cursor.accept("{"):
        return None
    locators: list[Locator] = []
    while not cursor.accept("}"):
        optional = cursor.accept("[") is not None
        locators.extend(_locator(cursor))
        if optional:
            cursor.expect("]")
        if not cursor.sees("}"):
            cursor.expect(",")
    return tuple(locators)


def _locator(cursor: Cursor) -> Iterator[Locator]:
    name = cursor.text("a locator")
    if cursor.accept("["):
        count = cursor.number("a size")
        cursor.expect("]")
        defaults: list[str | None] = [None] * count
        if cursor.accept("="):
            cursor.expect("{")
            for index in range(count):
                if index:
                    cursor.expect(",")
                defaults[index] = cursor.text("a default")
            cursor.expect("}")
        for index, default in enumerate(defaults):
            yield Locator(f"{name}{index}", default)
    else:
        yield Locator(name, cursor.text("a default") if cursor.accept("=") else None)


def add_attribute(context: Context, attribute: Attribute, *, is_device: bool = False) -> bool:
    """Add an attribute; False when the file yields to what is already defined."""
    earlier = context.config.attributes.get(attribute.name)
    if earlier is None:
        context.config.attributes[attribute.name] = attribute
        return True
    clash = earlier.is_class or attribute.is_class
    clash = clash or (is_device and attribute.name in context.config.devices)
    clash = clash or None not in (attribute.locators, earlier.locators)
    if not clash:  # an attribute may be defined again, or turn out to be a device: they add up
        locators = earlier.locators if attribute.locators is None else attribute.locators
        depends = earlier.depends + attribute.depends
        joined = replace(attribute, locators=locators, depends=depends)
        context.config.attributes[attribute.name] = joined
        return True
    if context.yields:
        context.given_way.add(attribute.name)
        return False
    raise ConfigError(attribute.place, f"`{attribute.name}' is already defined at {earlier.place}")


def _define(context: Context, cursor: Cursor) -> None:
    name = _name(cursor, "an attribute")
    locators = _interface(cursor)
    depends = _depends(cursor)
    add_attribute(context, Attribute(name, cursor.place, locators, depends))


def _devclass(context: Context, cursor: Cursor) -> None:
    name = _name(cursor, "a device class")
    add_attribute(context, Attribute(name, cursor.place, is_class=True))


def _device(context: Context, cursor: Cursor, *, pseudo: bool = False) -> None:
    name = _name(cursor, "a device")
    locators = _interface(cursor)
    depends = _depends(cursor)
    if name[-1].isdigit():
        raise ConfigError(cursor.place, f"a device's name cannot end in a digit, as `{name}' does")
    attribute = Attribute(name, cursor.place, locators, depends)
    if add_attribute(context, attribute, is_device=True):
        context.config.devices[name] = Device(name, cursor.place, pseudo)


def _pseudo(context: Context, cursor: Cursor) -> None:
    _device(context, cursor, pseudo=True)


def _attach(context: Context, cursor: Cursor) -> None:
    device = cursor.word("a device")
    cursor.expect("at")
    at = [cursor.word("an attribute")]
    while cursor.accept(","):
        at.append(cursor.word("an attribute"))
    name = _name(cursor, "an attachment") if cursor.accept("with") else device
    depends = _depends(cursor)
    attachment = Attachment(device, name, tuple(at), depends, cursor.place)
    config = context.config
    if device in context.given_way or name in context.given_way:
        return
    if device not in config.devices:
        raise ConfigError(cursor.place, f"`{device}' is no device that was defined before")
    if name in config.attachments:
        if context.yields:
            context.given_way.add(name)
            return
        earlier = config.attachments[name].place
        raise ConfigError(cursor.place, f"attachment `{name}' is already defined at {earlier}")
    if name != device:
        add_attribute(context, Attribute(name, cursor.place, None, depends))
    config.attachments[name] = attachment
    config.devices[device].attachments.append(attachment)


def _option_header(cursor: Cursor) -> str | None:
    token = cursor.peek()
    if token is not None and token.text.endswith(".h") and token.kind is not Kind.SIGN:
        return cursor.text("a header")
    return None


def _options(context: Context, cursor: Cursor, *, parameter: bool, obsolete: bool) -> None:
    header = _option_header(cursor)
    found: list[tuple[str, str | None, Place]] = []
    while (token := cursor.peek()) is not None and not cursor.sees(":"):
        name = cursor.word("an option")
        default = cursor.text("a value") if cursor.accept("=") else None
        if cursor.accept(":="):
            cursor.text("a value for lint")
        found.append((name, default, token.place))
    if not found:
        cursor.fail("an option expected")
    depends = _depends(cursor)
    config = context.config
    for name, default, place in found:
        own = header or f"opt_{name.lower()}.h"
        option = Option(name, own, parameter, default, depends, place)
        if obsolete:
            config.obsolete[name] = option
        elif name in config.options and not context.yields:
            earlier = config.options[name].place
            raise ConfigError(place, f"option `{name}' is already defined at {earlier}")
        else:
            config.options.setdefault(name, option)


def _defflag(context: Context, cursor: Cursor) -> None:
    _options(context, cursor, parameter=False, obsolete=False)


def _defparam(context: Context, cursor: Cursor) -> None:
    _options(context, cursor, parameter=True, obsolete=False)


def _obsolete(context: Context, cursor: Cursor) -> None:
    if cursor.accept("defflag"):
        _options(context, cursor, parameter=False, obsolete=True)
    elif cursor.accept("defparam"):
        _options(context, cursor, parameter=True, obsolete=True)
    else:
        cursor.fail("defflag or defparam expected")


def _deffs(context: Context, cursor: Cursor) -> None:
    _option_header(cursor)
    names = []
    while not cursor.at_end() and not cursor.sees(":"):
        names.append(cursor.word("a file system"))
    if not names:
        cursor.fail("a file system expected")
    depends = _depends(cursor)
    for name in names:
        context.config.file_systems[name] = cursor.place
        if name.lower() not in context.config.attributes:
            attribute = Attribute(name.lower(), cursor.place, None, depends)
            context.config.attributes[name.lower()] = attribute


def _source(context: Context, cursor: Cursor) -> SourceFile:
    path = cursor.text("a file name")
    condition = None
    needs_count = needs_flag = False
    if not cursor.at_end() and not cursor.sees(*_FILE_WORDS):
        condition = parse_expression(cursor)
    while word := cursor.accept(*_FILE_WORDS):
        needs_count = needs_count or word.text == "needs-count"
        needs_flag = needs_flag or word.text == "needs-flag"
        if word.text == "compile-with":
            cursor.text("a rule")  # ours are the compiler's flags; make's do not apply
    if (needs_count or needs_flag) and condition is None:
        raise ConfigError(cursor.place, "needs-flag and needs-count need an attribute")
    path = context.prefixed(path)
    return SourceFile(path, condition, needs_count, needs_flag, context.roots, cursor.place)


def _gives_way(context: Context, condition: Expression | None) -> bool:
    return condition is not None and any(n in context.given_way for n in condition.names())


def _file(context: Context, cursor: Cursor) -> None:
    source = _source(context, cursor)
    if not _gives_way(context, source.condition):
        context.config.sources.append(source)


def _object(context: Context, cursor: Cursor) -> None:
    context.config.objects.append(_source(context, cursor))


def _prefix(context: Context, cursor: Cursor) -> None:
    if not cursor.at_end():
        context.prefixes.append(context.prefixed(cursor.text("a directory")))
    elif context.prefixes:
        context.prefixes.pop()
    else:
        raise ConfigError(cursor.place, "no prefix is in force")


def _build_prefix(_context: Context, cursor: Cursor) -> None:
    if not cursor.at_end():
        cursor.text("a directory")  # objects are kept by content, not in directories


def _version(context: Context, cursor: Cursor) -> None:
    context.config.version = max(context.config.version, cursor.number("a version"))


def _max_partitions(context: Context, cursor: Cursor) -> None:
    context.config.max_partitions = cursor.number("a number")


def _max_users(context: Context, cursor: Cursor) -> None:
    least = cursor.number("a number")
    if cursor.at_end():  # a kernel configuration's own
        context.config.max_users = (least, least, least)
        return
    usual, most = cursor.number("the default"), cursor.number("the maximum")
    context.config.max_users = (least, usual, most)


def _make_options(context: Context, cursor: Cursor) -> None:
    """Take ``[condition] NAME=value, NAME+=value``."""
    condition = None
    following = cursor.peek(1)
    if following is not None and following.text not in ("=", "+="):
        condition = parse_expression(cursor)
    while True:
        place = cursor.place
        variable = cursor.word("a variable")
        append = cursor.accept("+=") is not None
        if not append:
            cursor.expect("=")
        value = cursor.text("a value")
        context.config.make_options.append(MakeOption(condition, variable, append, value, place))
        if not cursor.accept(","):
            return


def _device_major(context: Context, cursor: Cursor) -> None:
    name = cursor.word("a device")
    numbers: dict[str, int] = {}
    while word := cursor.accept("char", "block"):
        numbers[word.text] = cursor.number("a major number")
    cursor.rest()  # condition and device nodes: nobody makes /dev here
    context.config.majors[name] = (numbers.get("char"), numbers.get("block"))


def _major(context: Context, cursor: Cursor) -> None:
    cursor.expect("{")
    while not cursor.accept("}"):
        name = cursor.word("a device")
        cursor.expect("=")
        context.config.majors[name] = (None, cursor.number("a major number"))
        if not cursor.sees("}"):
            cursor.expect(",")


DEFINITIONS: dict[str, Statement] = {
    "attach": _attach,
    "buildprefix": _build_prefix,
    "define": _define,
    "defflag": _defflag,
    "deffs": _deffs,
    "defparam": _defparam,
    "defpseudo": _pseudo,
    "defpseudodev": _pseudo,
    "devclass": _devclass,
    "device": _device,
    "device-major": _device_major,
    "file": _file,
    "major": _major,
    "makeoptions": _make_options,
    "maxpartitions": _max_partitions,
    "maxusers": _max_users,
    "object": _object,
    "obsolete": _obsolete,
    "prefix": _prefix,
    "version": _version,
}
