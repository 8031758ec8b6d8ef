"""The closure of a driver: which devices, attachments, sources and options make up an image.

Called by :mod:`rumphost.build.builder`.  It starts at the devices that were named, follows what
they depend on, and stops at what files.rumphost says the host itself provides.  A device is
attached where the host provides the bus or where the closure itself has one; what attaches to a
bus of the closure is taken when an instance line says so (``* at mii?``), when it was named, or
when the bus is a named device itself, whose parts these are (the ports of one card).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rumphost.build.config.lexer import ConfigError
from rumphost.build.config.model import HOST, Attachment, Config, SourceFile
from rumphost.errors import BuildError


@dataclass
class Closure:
    """What one image consists of; ``active`` are the attributes that hold in conditions."""

    config: Config
    devices: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    active: frozenset[str]
    sources: tuple[SourceFile, ...]
    settings: dict[str, str | None]
    buses: frozenset[str]
    """Interface attributes that something in the image, or the host, carries."""
    optional: frozenset[str]
    """Devices that came by themselves: the image is good without any of them."""
    given: frozenset[str] = frozenset()
    """Buses that count as there, though nothing in the image, nor the host, carries them."""

    def holds(self, name: str) -> bool:
        """Return whether an attribute or option counts as selected in this image."""
        return holds(self.config, self.active, self.settings, name)

    def make_flags(self, root: Path | None) -> tuple[str, ...]:
        """Return the -I, -D and -U flags that makeoptions add to CPPFLAGS; $S is ``root``."""
        if root is None:
            return ()
        found: list[str] = []
        for option in self.config.make_options:
            condition = option.condition
            if option.variable == "CPPFLAGS" and (condition is None or condition.holds(self.holds)):
                words = option.value.replace("${S}", "$S").replace("$S", str(root)).split()
                found += [word for word in words if word.startswith(("-I", "-D", "-U"))]
        return tuple(found)


@dataclass
class _Growth:
    """A closure while it grows."""

    config: Config
    without: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    optional: set[str] = field(default_factory=set)
    only: dict[str, set[str]] = field(default_factory=dict)
    devices: dict[str, None] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)

    def buses(self) -> set[str]:
        own = self.config.interfaces(self.active)
        return own | self.config.provided | self.given | {"root"}

    def add_device(self, name: str) -> None:
        if name not in self.devices:
            self.devices[name] = None
            self.active |= self.config.transitive([name])

    def wanted(self, device: str) -> list[Attachment]:
        """Return a device's attachments, or those of them that were named."""
        chosen = self.only.get(device)
        known = self.config.devices[device].attachments
        return [one for one in known if chosen is None or one.name in chosen]

    def attach(self) -> bool:
        """Take every attachment that has found its bus; True when there was a new one."""
        grown = False
        buses = self.buses()
        for name in list(self.devices):
            for attachment in self.wanted(name):
                if attachment.name in self.attachments or not buses.intersection(attachment.at):
                    continue
                self.attachments[attachment.name] = attachment
                self.active |= self.config.transitive([attachment.name, *attachment.depends])
                grown = True
        return grown

    def complete(self) -> None:
        """Attach and populate until nothing more comes."""
        while self.attach() or self.populate():
            pass

    def is_attached(self, device: str) -> bool:
        """Return whether a device has found a bus, or is one that needs none."""
        known = self.config.devices[device]
        return known.pseudo or any(one.name in self.attachments for one in known.attachments)

    def add_parent(self, device: str) -> None:
        """Add the one device that carries a bus for ``device`` and attaches to the host itself."""
        config = self.config
        buses = {bus for one in self.wanted(device) for bus in one.at}
        parents = [
            name
            for name, parent in config.devices.items()
            if any(config.provided.intersection(one.at) for one in parent.attachments)
            and buses & config.interfaces(config.transitive([name]))
        ]
        if len(parents) == 1:
            self.add_device(parents[0])
            self.complete()
        elif parents:
            raise BuildError(
                f"{device} attaches to a device of its own bus: name one too, of "
                f"{', '.join(sorted(parents))}"
            )

    def populate(self) -> bool:
        """Add what attaches by itself below the buses of the closure; True when it grew."""
        before = len(self.devices)
        own = self.config.interfaces(self.active) - self.config.provided
        for instance in self.config.instances:
            if instance.parent in own and instance.device != "*":
                self.add_device(instance.device)
        stars = {one.parent for one in self.config.instances if one.device == "*"}
        for bus in sorted(own & (stars | self.named)):
            for name, device in self.config.devices.items():
                fits = any(bus in one.at for one in device.attachments)
                known = name in self.devices or name in self.without
                if fits and not known and self._has_sources(name):
                    self.optional.add(name)
                    self.add_device(name)
        return len(self.devices) > before

    def _has_sources(self, name: str) -> bool:
        """Return whether the files of a device exist: trees describe some that they lack."""
        return all(source.resolve() is not None for source in self.config.sources_of(name))


def holds(
    config: Config, active: Iterable[str], settings: dict[str, str | None], name: str
) -> bool:
    """Return whether an attribute, a device or an option (by any case) is selected."""
    if name in active:
        return True
    return any(option in settings for option in (name, name.upper()) if option in config.options)


def close(
    config: Config,
    names: Sequence[str],
    without: frozenset[str] = frozenset(),
    given: frozenset[str] = frozenset(),
) -> Closure:
    """Return the closure of the named devices or attachments.

    ``without`` are devices that do not come by themselves; ``given`` are buses that count as there.
    Raises BuildError when one attaches to nothing that is there, or needs what nothing defines.
    """
    named = frozenset(_device_of(config, name) for name in names)
    growth = _Growth(config, without, named, given)
    growth.active |= config.transitive(config.selected)
    growth.active |= config.transitive(config.pseudo_devices)
    for name in names:
        attachment = config.attachments.get(name)
        if name in config.devices:
            growth.add_device(name)
        elif attachment is not None:
            growth.only.setdefault(attachment.device, set()).add(name)
            growth.add_device(attachment.device)
        else:
            raise BuildError(f"{name}: no such device or attachment")
    growth.complete()
    for name in dict.fromkeys(_device_of(config, name) for name in names):
        if not growth.is_attached(name):
            growth.add_parent(name)
            _require_attachment(config, growth, name)
    _require_definitions(config, growth)
    settings = _settings(config, growth.active)
    return Closure(
        config=config,
        devices=tuple(growth.devices),
        attachments=tuple(growth.attachments.values()),
        active=frozenset(growth.active),
        sources=_sources(config, growth.active, settings),
        settings=settings,
        buses=frozenset(growth.buses()),
        optional=frozenset(growth.optional),
        given=given,
    )


def _device_of(config: Config, name: str) -> str:
    return config.attachments[name].device if name in config.attachments else name


def _require_attachment(config: Config, growth: _Growth, device: str) -> None:
    if growth.is_attached(device):
        return
    buses = sorted({bus for one in growth.wanted(device) for bus in one.at})
    where = f"attaches to {', '.join(buses)} only" if buses else "attaches nowhere"
    raise BuildError(
        f"{device} ({config.devices[device].place}) {where}, "
        "which neither the host nor a device that was named provides"
    )


def _require_definitions(config: Config, growth: _Growth) -> None:
    """Every attribute that the closure depends on must be defined, or provided by the host."""
    for name in sorted(growth.active):
        if config.known(name) or name in config.provided or name in config.devices:
            continue
        needed_by = [
            attribute
            for attribute in config.attributes.values()
            if name in attribute.depends and attribute.name in growth.active
        ]
        if needed_by:
            raise ConfigError(
                needed_by[0].place,
                f"{needed_by[0].name} depends on `{name}', which nothing here defines "
                "(a NetBSD tree does, perhaps: --sys)",
            )


def _settings(config: Config, active: set[str]) -> dict[str, str | None]:
    """Return all options: those that are set, those depended on, and those with defaults."""
    settings: dict[str, str | None] = {
        option.name: option.default
        for option in config.options.values()
        if option.is_parameter and option.default is not None
    }
    for name in active:
        option_name = name.upper()
        is_option = option_name in config.options and name not in config.attributes
        if is_option or option_name in config.file_systems:
            settings.setdefault(option_name, None)
    settings.update(config.settings)
    return settings


def _sources(
    config: Config, active: set[str], settings: dict[str, str | None]
) -> tuple[SourceFile, ...]:
    """Return the sources whose condition holds because of what is in the closure.

    What holds by the host's own attributes and options alone is the host's to provide.
    """
    provided = config.provided | {HOST}
    found: dict[str, SourceFile] = {}
    for source in config.sources:
        if source.condition is None or source.path in found:
            continue
        if not source.condition.holds(
            lambda name: name in provided or holds(config, active, settings, name)
        ):
            continue
        if source.condition.holds(
            lambda name: name in provided or holds(config, (), settings, name)
        ):
            continue
        found[source.path] = source
    return tuple(found.values())
