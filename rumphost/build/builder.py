"""From driver names to one shared object: the *image* that the host loads.

Called by ``rumphost.host``, the command line and tests.  It reads the config(5) files in force,
takes the closure of the named drivers, generates what config(1) would, compiles driver and shim in
parallel, and links them.  It prints nothing.
"""

from __future__ import annotations

import copy
import functools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rumphost.boundary.hypercalls import stubs_source
from rumphost.build import generate
from rumphost.build.compiler import Compiled, Compiler, Diagnostic, Job, Progress, flags
from rumphost.build.config.closure import Closure, close
from rumphost.build.config.model import Config
from rumphost.build.instrumentation import PLAIN, Instrumentation
from rumphost.build.linker import LINK_FLAGS, Linked, MissingSymbol, link
from rumphost.build.listing import DriverInfo, drivers_of
from rumphost.build.names import devices_of_source, existing, is_path, resolve, source_of
from rumphost.build.optional import not_compiled, not_linked
from rumphost.build.pages import Pages
from rumphost.build.standalone import Scan, describe, scan
from rumphost.build.store import NOTES, Store, digest, write_atomically
from rumphost.build.tree import Sources
from rumphost.errors import BuildError, UsageError
from rumphost.sources import cache_dir, hypercalls_dir

_SHOWN = 8
COUNTED = ".counted"
"""Suffix of the file beside an image that lists its objects with counters, as JSON: what their
counters are known by, gcov's notes, the source, its digest, and whether they are rumphost's own."""


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
    left_out: frozenset[str] = frozenset()

    def without(self, left_out: frozenset[str]) -> Plan:
        """Return the plan without some devices that came along by a ``*`` instance line."""
        left_out |= self.left_out
        closure = close(self.closure.config, self.devices, left_out, self.closure.given)
        return Plan(closure, self.scans, self.devices, left_out)


class Builder:
    """Builds images from one set of sources with one set of choices.

    ``sys`` names a NetBSD tree; without one the built-in headers and ``drivers/`` are in force.
    ``optimise`` is gcc's -O ("0" for debugging), ``instrumentation`` what the compiler adds to the
    driver, ``defines`` are preprocessor macros of it, ``jobs`` are compilers at a time.
    """

    def __init__(
        self,
        sys: Path | None = None,
        *,
        optimise: str = "2",
        instrumentation: Instrumentation = PLAIN,
        defines: Mapping[str, str | None] | None = None,
        jobs: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._sources = Sources.find(sys)
        self._optimise = optimise
        self._instrumentation = instrumentation
        self._others: dict[Instrumentation, Builder] = {}
        self._defines = tuple(
            name if value is None else f"{name}={value}"
            for name, value in sorted((defines or {}).items())
        )
        self._progress = progress
        self._store = Store(cache_dir() / "build")
        self._jobs = jobs
        self._config: Config | None = None
        self._config_digest = ""

    def instrumented(self, instrumentation: Instrumentation) -> Builder:
        """Return a builder of the same drivers with more put into them; it is made once."""
        if instrumentation == self._instrumentation:
            return self
        if instrumentation not in self._others:
            other = copy.copy(self)
            other._instrumentation = instrumentation
            self._others[instrumentation] = other
        return self._others[instrumentation]

    def drivers(self) -> list[DriverInfo]:
        """Return every driver that the config(5) files in force describe."""
        return drivers_of(self._read_config())

    def plan(self, names: Sequence[str], given: frozenset[str] = frozenset()) -> Plan:
        """Find what the names stand for, and its closure, without compiling anything.

        A name is a device (``wm``), an attachment (``ne_pci``), the stem of a source
        (``if_i8254x``) or the path of a C source.  ``given`` are buses that are taken as there,
        though the host has none.  Raises UsageError for a name that is none.
        """
        if not names:
            raise UsageError("no driver named")
        paths = [Path(name) for name in names if is_path(name)]
        config = self._read_config()
        devices: list[str] = []
        scans: list[Scan] = []
        if paths:
            config, described, scans = self._stand_alone(paths)
            devices += described
        devices += [resolve(config, name) for name in names if not is_path(name)]
        devices = list(dict.fromkeys(devices))
        closure = close(config, devices, given=given)
        return Plan(closure, tuple(scans), tuple(devices))

    def build(self, names: Sequence[str]) -> Built:
        """Build one image of the named drivers.

        A device that came along by a ``*`` instance line (a PHY) and does not compile is left out;
        its errors are then among the warnings.

        Raises UsageError (no such driver), ConfigError, BuildFailure, HostLacks (no compiler).
        """
        start = time.monotonic()
        plan = self.plan(names)
        compiler = self.compiler()
        results = self._compile(compiler, [*self.shim_jobs(), *self.driver_jobs(plan)])
        built = self.finish(compiler, plan, results)
        self._tell(len(results) + 1, len(results) + 1, built.path.name)
        self._store.prune()
        return replace(built, seconds=time.monotonic() - start)

    # -- the steps of it, for a survey of many drivers --

    @property
    def store(self) -> Store:
        """The cache."""
        return self._store

    @property
    def instrumentation(self) -> Instrumentation:
        """What the compiler adds to the drivers."""
        return self._instrumentation

    @property
    def sources(self) -> Sources:
        """The tree, or that there is none."""
        return self._sources

    def plan_config(self) -> Config:
        """Return the configuration that is in force for the names of drivers."""
        return self._read_config()

    def compiler(self, jobs: int | None = None) -> Compiler:
        """Return the compiler of this computer; raises HostLacks."""
        compiler = Compiler(self._store, self._jobs if jobs is None else jobs)
        self._instrumentation.check(compiler)
        return compiler

    def finish(self, compiler: Compiler, plan: Plan, results: Sequence[Compiled]) -> Built:
        """Link what was compiled by the jobs of a plan; raises BuildFailure.

        Without what came along by a ``*`` instance line and does not compile or link.
        """
        shim = [one for one in results if one.job.is_shim]
        own = [one for one in results if not one.job.is_shim]
        label = " ".join(plan.devices)
        notes: tuple[Diagnostic, ...] = ()
        first: BuildFailure | None = None
        while True:
            left_out, why = not_compiled(plan.closure, own)
            if not left_out:
                warnings = notes + _report(label, [*shim, *own], first)
                image = self._image_path(compiler, plan, [*shim, *own])
                linked = self._link(compiler, [*shim, *own], image)
                if linked.path is not None:
                    self._keep_counted(compiler, [*shim, *own], image)
                    break
                failure = BuildFailure(label, linked.errors, linked.missing, warnings)
                left_out, why = not_linked(plan.closure, own, linked.missing)
                if not left_out:
                    raise _plainer(first, failure)
                first = first or failure
            plan = plan.without(left_out)
            notes += why
            own = compiler.compile(self.driver_jobs(plan), lambda _one: None)
        return Built(
            path=image,
            driver=plan.closure.devices,
            sources=tuple(one.job.source for one in own if not one.job.is_own),
            warnings=warnings,
            seconds=0.0,
            cached=linked.cached and all(one.cached for one in results),
        )

    def _keep_counted(self, compiler: Compiler, results: Sequence[Compiled], image: Path) -> None:
        """Note beside an image what gcov needs to know of the objects that count in it."""
        if not self._instrumentation.coverage:
            return
        counted = []
        for one in results:
            notes = self._store.object_path(one.key or "").with_suffix(NOTES)
            if notes.is_file():
                source = str(one.job.source)
                is_now = self._store.file_digest(source)
                counted.append(
                    [compiler.recipe(one.job), str(notes), source, is_now, one.job.is_shim]
                )
        write_atomically(image.with_suffix(COUNTED), json.dumps(counted))

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
            described = devices_of_source(config, one.path)
            if described:
                devices += described
            else:
                undescribed.append(one)
        if undescribed and (not devices or any(one.attachments for one in undescribed)):
            devices += describe(config, undescribed)
        elif undescribed:  # more sources of drivers that are described already
            for one in undescribed:
                config.sources.append(source_of(one.path, devices[0]))
        return config, devices, scans

    # -- compiling --

    def shim_jobs(self) -> list[Job]:
        """Return the jobs of rumphost's own C, which are the same for every driver."""
        host = hypercalls_dir()
        closure = close(self._read_config(), [])
        generated = self._store.generated(generate.headers(closure))
        plain = functools.partial(
            flags,
            include=self._sources.include_dirs(),
            generated=generated,
            after=[host],
            is_foreign=self._sources.root is not None,
            is_own=True,
        )
        added = self._instrumentation
        defines = _unlisted_options(closure)
        choices = plain(instrumentation=added.flags(is_shim=True), defines=defines)
        sources = [*sorted(host.glob("*.c")), self._stubs(host / "hypercall.h")]
        jobs = [Job(source, choices, generated, is_own=True, is_shim=True) for source in sources]
        choices = plain(defines=(*defines, *added.defines))
        more = [Job(one, choices, generated, is_own=True, is_shim=True) for one in added.sources]
        return [*jobs, *more]

    def _stubs(self, header: Path) -> Path:
        reader = self._store.file_digest(stubs_source.__code__.co_filename)
        name = digest(self._store.file_digest(str(header)), reader)
        path = self._store.root / "generated" / f"stubs-{name}.c"
        if not path.is_file():
            write_atomically(path, stubs_source(header))
        return path

    def driver_jobs(self, plan: Plan) -> list[Job]:
        """Return the jobs of the driver and of its tables."""
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
            instrumentation=self._instrumentation.flags(is_shim=False),
            defines=(*_unlisted_options(closure), *self._defines),
            more=closure.make_flags(self._sources.root),
        )
        tables = flags(
            include=include, generated=generated, after=[host, host.parent],
            is_foreign=is_foreign, is_own=True,
        )  # fmt: skip
        jobs = [
            Job(existing(source), choices, generated, is_own=False) for source in closure.sources
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
        libraries = self._instrumentation.libraries
        return link(compiler, self._store, objects, image, Pages.read(), libraries)


def _plainer(first: BuildFailure | None, last: BuildFailure) -> BuildFailure:
    """Return the failure to report: the last, unless leaving something out made more missing."""
    if first is None or set(last.missing) <= set(first.missing):
        return last
    return first


def _report(
    label: str, results: Sequence[Compiled], first: BuildFailure | None
) -> tuple[Diagnostic, ...]:
    """Return the driver's warnings; raises BuildFailure when something did not compile.

    ``first``: it did compile, as a whole, before something was left out.
    """
    warnings = tuple(note for one in results if not one.job.is_own for note in one.warnings)
    for is_own in (False, True):
        if errors := _errors(results, is_own=is_own):
            raise first or BuildFailure(label, errors, (), warnings, is_own=is_own)
    return warnings


def _errors(results: Sequence[Compiled], *, is_own: bool) -> list[Diagnostic]:
    return [
        note
        for one in results
        if one.path is None and one.job.is_own == is_own
        for note in one.errors
    ]


def _unlisted_options(closure: Closure) -> tuple[str, ...]:
    """Return the options that no defflag or defparam puts into a header, as definitions."""
    listed = closure.config.options
    return tuple(
        name if value is None else f"{name}={value}"
        for name, value in closure.settings.items()
        if name not in listed
    )
