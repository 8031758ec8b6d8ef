"""From driver names to one shared object: the *image* that the host loads.

Called by ``rumphost.host``, the command line and tests.  It reads the config(5) files in force,
takes the closure of the named drivers, generates what config(1) would, compiles driver and shim in
parallel, and links them.  It prints nothing.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rumphost.boundary.hypercalls import stubs_source
from rumphost.build import generate
from rumphost.build.compiler import Compiled, Compiler, Diagnostic, Job, Progress, flags
from rumphost.build.config.closure import Closure, close
from rumphost.build.config.expression import Name
from rumphost.build.config.lexer import Place
from rumphost.build.config.model import Config, SourceFile
from rumphost.build.linker import LINK_FLAGS, Linked, MissingSymbol, link
from rumphost.build.listing import DriverInfo, drivers_of
from rumphost.build.pages import Pages
from rumphost.build.standalone import Scan, describe, scan
from rumphost.build.store import Store, digest, write_atomically
from rumphost.build.tree import Sources
from rumphost.errors import BuildError, UsageError
from rumphost.sources import cache_dir, hypercalls_dir

_SHOWN = 8


@dataclass(frozen=True)
class Built:
    """An image; ``driver`` are the names of its devices."""

    path: Path
    driver: tuple[str, ...]
    sources: tuple[Path, ...]
    warnings: tuple[Diagnostic, ...]
    seconds: float
    cached: bool
    """Whether nothing had to be compiled or linked."""


class BuildFailure(BuildError):
    """A driver did not compile or link; ``errors`` and ``missing`` say why, in order."""

    def __init__(
        self,
        driver: str,
        errors: Sequence[Diagnostic] = (),
        missing: Sequence[MissingSymbol] = (),
        warnings: Sequence[Diagnostic] = (),
        *,
        is_own: bool = False,
    ) -> None:
        self.driver = driver
        self.errors = tuple(errors)
        self.missing = tuple(missing)
        self.warnings = tuple(warnings)
        whose = "rumphost's own C" if is_own else driver
        super().__init__(_sentence(whose, self.errors, self.missing))


def _sentence(
    whose: str, errors: tuple[Diagnostic, ...], missing: tuple[MissingSymbol, ...]
) -> str:
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return f"{whose} does not build: {errors[0]}{more}"
    shown = "; ".join(str(one) for one in missing[:_SHOWN])
    more = f"; and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    return f"{whose} does not link: nothing defines {shown}{more}"


@dataclass(frozen=True)
class Plan:
    """What is to be built: a closure, and what stand-alone sources said of themselves."""

    closure: Closure
    scans: tuple[Scan, ...]
    devices: tuple[str, ...]

    def without(self, left_out: frozenset[str]) -> Plan:
        """Return the plan without some devices that came along by a ``*`` instance line."""
        closure = close(self.closure.config, self.devices, left_out)
        return Plan(closure, self.scans, self.devices)


class Builder:
    """Builds images from one set of sources with one set of choices.

    ``sys`` names a NetBSD tree; without one the built-in headers and ``drivers/`` are in force.
    ``optimise`` is gcc's -O ("0" for debugging), ``sanitize`` may hold "undefined", ``defines``
    are preprocessor macros of the driver, ``jobs`` are compilers at a time.
    """

    def __init__(
        self,
        sys: Path | None = None,
        *,
        optimise: str = "2",
        sanitize: Sequence[str] = (),
        defines: Mapping[str, str | None] | None = None,
        jobs: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._sources = Sources.find(sys)
        self._optimise = optimise
        self._sanitize = tuple(sanitize)
        self._defines = tuple(
            name if value is None else f"{name}={value}"
            for name, value in sorted((defines or {}).items())
        )
        self._progress = progress
        self._store = Store(cache_dir() / "build")
        self._jobs = jobs
        self._config: Config | None = None
        self._config_digest = ""

    def drivers(self) -> list[DriverInfo]:
        """Return every driver that the config(5) files in force describe."""
        return drivers_of(self._read_config())

    def plan(self, names: Sequence[str]) -> Plan:
        """Find what the names stand for, and its closure, without compiling anything.

        A name is a device (``wm``), an attachment (``ne_pci``), the stem of a source
        (``if_i8254x``) or the path of a C source.  Raises UsageError for a name that is none.
        """
        if not names:
            raise UsageError("no driver named")
        paths = [Path(name) for name in names if _is_path(name)]
        config = self._read_config()
        devices: list[str] = []
        scans: list[Scan] = []
        if paths:
            config, described, scans = self._stand_alone(paths)
            devices += described
        devices += [_resolve(config, name) for name in names if not _is_path(name)]
        devices = list(dict.fromkeys(devices))
        return Plan(close(config, devices), tuple(scans), tuple(devices))

    def build(self, names: Sequence[str]) -> Built:
        """Build one image of the named drivers.

        A device that came along by a ``*`` instance line (a PHY) and does not compile is left out;
        its errors are then among the warnings.

        Raises UsageError (no such driver), ConfigError, BuildFailure, HostLacks (no compiler).
        """
        start = time.monotonic()
        plan = self.plan(names)
        label = " ".join(plan.devices)
        compiler = Compiler(self._store, self._jobs)
        results = self._compile(compiler, [*self._shim_jobs(), *self._driver_jobs(plan)])
        left_out: tuple[Diagnostic, ...] = ()
        if broken := _broken_options(plan.closure, results):
            left_out = tuple(
                Diagnostic(note.file, note.line, "warning", f"left out: {note.text}")
                for note in _errors(results, is_own=False)
            )
            plan = plan.without(broken)
            results = self._compile(compiler, [*self._shim_jobs(), *self._driver_jobs(plan)])
        warnings = left_out + _report(label, plan.closure, results)
        image = self._image_path(compiler, plan, results)
        was_there = image.is_file()
        if not was_there:
            linked = self._link(compiler, results, image)
            if linked.path is None:
                raise BuildFailure(label, linked.errors, linked.missing, warnings)
        self._tell(len(results) + 1, len(results) + 1, image.name)
        self._store.prune()
        return Built(
            path=image,
            driver=plan.closure.devices,
            sources=tuple(one.job.source for one in results if not one.job.is_own),
            warnings=warnings,
            seconds=time.monotonic() - start,
            cached=was_there and all(one.cached for one in results),
        )

    # -- configuration --

    def _read_config(self) -> Config:
        """Return the configuration, read again when one of its files has changed."""
        if self._config is not None and self._config_digest == self._digest_of(self._config):
            return self._config
        self._config = self._sources.config()
        self._config_digest = self._digest_of(self._config)
        return self._config

    def _digest_of(self, config: Config) -> str:
        return digest(*(self._store.file_digest(str(path)) for path in config.files))

    def _stand_alone(self, paths: list[Path]) -> tuple[Config, list[str], list[Scan]]:
        """Return a configuration that knows these sources, their devices, and their scans."""
        scans = [scan(path.resolve()) for path in paths]
        known = {path.resolve() for path in self._read_config().files}
        beside = {found for one in scans for found in one.path.parent.glob("files.*")}
        extra = sorted(path for path in beside if path not in known and path.suffix != ".orig")
        config = self._sources.config(extra)
        devices: list[str] = []
        undescribed: list[Scan] = []
        for one in scans:
            described = _devices_of_source(config, one.path)
            if described:
                devices += described
            else:
                undescribed.append(one)
        if undescribed and (not devices or any(one.attachments for one in undescribed)):
            devices += describe(config, undescribed)
        elif undescribed:  # more sources of drivers that are described already
            for one in undescribed:
                config.sources.append(_source_of(one.path, devices[0]))
        return config, devices, scans

    # -- compiling --

    def _shim_jobs(self) -> list[Job]:
        """Return the jobs of rumphost's own C, which are the same for every driver."""
        host = hypercalls_dir()
        closure = close(self._read_config(), [])
        generated = self._store.generated(generate.headers(closure))
        choices = flags(
            include=self._sources.include_dirs(),
            generated=generated,
            after=[host],
            is_foreign=self._sources.root is not None,
            is_own=True,
            defines=_unlisted_options(closure),
        )
        sources = [*sorted(host.glob("*.c")), self._stubs(host / "hypercall.h")]
        return [Job(source, choices, generated, is_own=True) for source in sources]

    def _stubs(self, header: Path) -> Path:
        reader = self._store.file_digest(stubs_source.__code__.co_filename)
        name = digest(self._store.file_digest(str(header)), reader)
        path = self._store.root / "generated" / f"stubs-{name}.c"
        if not path.is_file():
            write_atomically(path, stubs_source(header))
        return path

    def _driver_jobs(self, plan: Plan) -> list[Job]:
        closure = plan.closure
        host = hypercalls_dir()
        texts = generate.headers(closure, [name for one in plan.scans for name in one.includes])
        defined = [name for one in plan.scans for name in one.drivers]
        texts["ioconf.c"] = generate.ioconf_source(closure, defined)
        generated = self._store.generated(texts)
        is_foreign = self._sources.root is not None
        include = self._sources.include_dirs()
        choices = flags(
            include=include,
            generated=generated,
            after=[host],
            is_foreign=is_foreign,
            is_own=False,
            optimise=self._optimise,
            sanitize=self._sanitize,
            defines=(*_unlisted_options(closure), *self._defines),
        )
        tables = flags(
            include=include, generated=generated, after=[host, host.parent],
            is_foreign=is_foreign, is_own=True,
        )  # fmt: skip
        jobs = [
            Job(_existing(source), choices, generated, is_own=False) for source in closure.sources
        ]
        return [*jobs, Job(generated / "ioconf.c", tables, generated, is_own=True)]

    def _compile(self, compiler: Compiler, jobs: Sequence[Job]) -> list[Compiled]:
        done = 0

        def step(one: Compiled) -> None:
            nonlocal done
            done += 1
            self._tell(done, len(jobs) + 1, one.job.source.name)

        return compiler.compile(jobs, step)

    def _tell(self, done: int, total: int, what: str) -> None:
        if self._progress is not None:
            self._progress(done, total, what)

    # -- linking --

    def _image_path(self, compiler: Compiler, plan: Plan, results: Sequence[Compiled]) -> Path:
        keys = [one.key or "" for one in results]
        key = digest(compiler.identity, *LINK_FLAGS, *keys)
        return self._store.root / "images" / f"{'+'.join(plan.devices[:4])}-{key[:16]}.so"

    def _link(self, compiler: Compiler, results: Sequence[Compiled], image: Path) -> Linked:
        objects = [one.path for one in results if one.path is not None]
        return link(compiler, self._store, objects, image, Pages.read())


def _report(label: str, closure: Closure, results: Sequence[Compiled]) -> tuple[Diagnostic, ...]:
    """Return the driver's warnings; raises BuildFailure when something did not compile.

    Errors in what came along by a ``*`` instance line stand last.
    """
    warnings = tuple(
        note
        for one in results
        if not one.job.is_own
        for note in one.diagnostics
        if not note.is_error
    )
    came_along = {str(path) for path in _optional_sources(closure)}
    for is_own in (False, True):
        if errors := _errors(results, is_own=is_own):
            errors.sort(key=lambda note: note.file in came_along)
            raise BuildFailure(label, errors, (), warnings, is_own=is_own)
    return warnings


def _optional_sources(closure: Closure) -> dict[Path, frozenset[str]]:
    """Return the sources that only devices of ``* at bus?`` lines need, with those devices."""
    found = {}
    for source in closure.sources:
        names = frozenset(source.condition.names() if source.condition is not None else ())
        path = source.resolve()
        if path is not None and names and names <= closure.optional:
            found[path] = names
    return found


def _errors(results: Sequence[Compiled], *, is_own: bool) -> list[Diagnostic]:
    return [
        note
        for one in results
        if one.path is None and one.job.is_own == is_own
        for note in one.diagnostics
        if note.is_error
    ]


def _broken_options(closure: Closure, results: Sequence[Compiled]) -> frozenset[str]:
    """Return the optional devices that did not compile, if nothing else of the driver failed."""
    failed = {one.job.source for one in results if one.path is None and not one.job.is_own}
    optional = _optional_sources(closure)
    if not failed <= optional.keys():
        return frozenset()
    return frozenset(name for path in failed for name in optional[path])


def _unlisted_options(closure: Closure) -> tuple[str, ...]:
    """Return the options that no defflag or defparam puts into a header, as definitions."""
    listed = closure.config.options
    return tuple(
        name if value is None else f"{name}={value}"
        for name, value in closure.settings.items()
        if name not in listed
    )


def _is_path(name: str) -> bool:
    return name.endswith(".c") or "/" in name


def _source_of(path: Path, device: str) -> SourceFile:
    return SourceFile(str(path), Name(device), False, False, (Path("/"),), Place(path, 1))


def _existing(source: SourceFile) -> Path:
    path = source.resolve()
    if path is None:
        raise BuildError(f"{source.place}: {source.path} does not exist")
    return path


def _devices_of_source(config: Config, path: Path) -> list[str]:
    """Return the devices that a config(5) file already names in the condition of this source."""
    found: list[str] = []
    for source in config.sources:
        if source.condition is None or not source.path.endswith(path.name):
            continue
        if source.resolve() == path:
            names = source.condition.names()
            found += [
                name for name in names if name in config.devices or name in config.attachments
            ]
    return found


def _is_device(config: Config, name: str) -> bool:
    return name in config.devices or name in config.attachments


def _resolve(config: Config, name: str) -> str:
    """Return the device or attachment that a name stands for."""
    if _is_device(config, name):
        return name
    stems: dict[str, str] = {}
    for source in config.sources:
        for one in source.condition.names() if source.condition is not None else ():
            if _is_device(config, one):
                stems.setdefault(Path(source.path).stem, one)
                break
    if name in stems:
        return stems[name]
    known = list(dict.fromkeys([*config.attachments, *stems]))
    close_ones = difflib.get_close_matches(name, known, 3, 0.6)
    hint = f": is it {' or '.join(close_ones)}?" if close_ones else ""
    raise UsageError(f"no driver `{name}'{hint or ' (rumphost list drivers shows them)'}")
