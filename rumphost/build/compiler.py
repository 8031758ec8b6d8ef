"""Runs the C compiler: the flags of kernel code, parallel jobs, diagnostics with file and line.

Called by :mod:`rumphost.build.builder`.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from platform import machine

from rumphost.build.store import ABSENT, GENERATED, NOTES, Store, digest
from rumphost.errors import HostLacks

Progress = Callable[[int, int, str], None]
"""Called with how many steps are done, how many there are, and what was done last."""

_LANGUAGE = (
    "-std=gnu99", "-ffreestanding", "-nostdinc", "-fPIC", "-fvisibility=hidden", "-fno-common",
    "-fno-strict-aliasing", "-fno-omit-frame-pointer",
    "-fno-optimize-sibling-calls", "-fno-delete-null-pointer-checks",
    "-fno-stack-protector", "-fno-stack-clash-protection", "-g", "-pipe",
    "-D_KERNEL", "-D_KERNEL_OPT", "-D__NetBSD__", "-U__linux__", "-U__linux", "-Ulinux",
    "-U__gnu_linux__", "-U__unix__", "-U__unix", "-Uunix",
)  # fmt: skip
_OF_MACHINE = {
    "aarch64": ("-mno-outline-atomics",),  # libgcc's need a C library
    "x86_64": ("-fcf-protection=none",),
}
_WARNINGS = (
    "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-sign-compare", "-Wno-pointer-sign",
    "-Wno-missing-field-initializers", "-Wno-format-zero-length",
)  # fmt: skip
_FOREIGN_WARNINGS = ("-Wno-address-of-packed-member", "-Wno-unused-but-set-variable")
_AS_NAMED = "-fno-canonical-system-headers"  # a link may come to point elsewhere
_DIAGNOSTIC = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:\d+:)? "
    r"(?P<kind>warning|error|fatal error): (?P<text>.*)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Diagnostic:
    """One complaint of the compiler or linker; ``line`` is 0 when it is about no line."""

    file: str
    line: int
    kind: str
    text: str

    @property
    def is_error(self) -> bool:
        """Whether it kept the object from being made."""
        return self.kind != "warning"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.text}" if where else self.text


@dataclass(frozen=True)
class Job:
    """One source to compile; ``generated`` is the directory of its generated headers."""

    source: Path
    flags: tuple[str, ...]
    generated: Path
    is_own: bool
    """Part of rumphost itself, not of the driver."""
    is_shim: bool = False
    """Part of the shim, which is the same for every driver."""


@dataclass(frozen=True)
class Compiled:
    """What came of a job; ``path`` is None when it did not compile."""

    job: Job
    path: Path | None
    key: str | None
    diagnostics: tuple[Diagnostic, ...]
    cached: bool
    seconds: float = 0.0

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Why it did not compile."""
        return tuple(one for one in self.diagnostics if one.is_error)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What the compiler did not like about it."""
        return tuple(one for one in self.diagnostics if not one.is_error)


class Compiler:
    """A C compiler of this computer, and the store that its objects are kept in."""

    def __init__(self, store: Store, jobs: int | None = None) -> None:
        self._store = store
        self._jobs = max(1, jobs if jobs is not None else os.cpu_count() or 1)
        self.command = _find_compiler()
        status = os.stat(self.command[0])
        self.identity = digest(*self.command, str(status.st_mtime_ns), str(status.st_size))

    @cached_property
    def gcc_version(self) -> int:
        """The number before the first dot; 0 when it is not gcc."""
        done = run([*self.command, "-dM", "-E", "-x", "c", "/dev/null"])
        macros = dict(line.split(" ", 2)[1:] for line in done.stdout.splitlines())
        return 0 if "__clang__" in macros else int(macros.get("__GNUC__", "0"))

    def compile(self, jobs: Sequence[Job], step: Callable[[Compiled], None]) -> list[Compiled]:
        """Compile what is not in the store, in parallel; ``step`` hears of each as it is done.

        Jobs of one source with the same flags are done one after another: mostly, the result of
        the first is that of the others.
        """
        results: dict[int, Compiled] = {}
        missing: dict[str, list[int]] = {}
        for index, job in enumerate(jobs):
            recipe = self.recipe(job)
            found = self._find(job, recipe)
            if found is None:
                missing.setdefault(recipe, []).append(index)
            else:
                results[index] = found
                step(found)
        if missing:
            with ThreadPoolExecutor(self._jobs) as pool:
                try:
                    waiting = {
                        pool.submit(self._compile_all, [jobs[one] for one in alike], recipe): alike
                        for recipe, alike in missing.items()
                    }
                    for future in as_completed(waiting):
                        for index, done in zip(waiting[future], future.result(), strict=True):
                            results[index] = done
                            step(done)
                except BaseException:  # Ctrl-C: what nobody waits for is not compiled
                    pool.shutdown(cancel_futures=True)
                    raise
        return [results[index] for index in range(len(jobs))]

    def _compile_all(self, jobs: Sequence[Job], recipe: str) -> list[Compiled]:
        first = self._compile(jobs[0], recipe)
        return [first, *(self._find(job, recipe) or self._compile(job, recipe) for job in jobs[1:])]

    def recipe(self, job: Job) -> str:
        """Return a digest of the compiler, the source's name and the flags."""
        flags = (flag.replace(str(job.generated), GENERATED) for flag in job.flags)
        source = str(job.source).replace(str(job.generated), GENERATED)
        return digest(self.identity, source, *flags)

    def _find(self, job: Job, recipe: str) -> Compiled | None:
        key = self._store.find(recipe, job.generated)
        if key is None:
            return None
        notes = tuple(
            Diagnostic(file, int(line), kind, text)
            for file, line, kind, text in self._store.notes(key)
        )
        path = self._store.object_path(key)
        is_object = not any(note.is_error for note in notes)
        return Compiled(job, path if is_object else None, key, notes, cached=True)

    def _compile(self, job: Job, recipe: str) -> Compiled:
        start = time.monotonic()
        with self._store.scratch() as work:
            # Counters of coverage are known by this name, and by that seed the same each time.
            built = Path(work) / f"{recipe}.o"
            depfile = Path(work) / "out.d"
            command = [
                *self.command, *job.flags, "-MD", "-MF", str(depfile), "-MT", "x", _AS_NAMED,
                "-fdiagnostics-color=never", "-fno-diagnostics-show-caret",
                f"-frandom-seed={recipe}", "-c", str(job.source), "-o", str(built),
            ]  # fmt: skip
            done = run(command)
            diagnostics = diagnose(done.stderr)
            is_object = done.returncode == 0
            if not is_object and not any(one.is_error for one in diagnostics):
                text = done.stderr.strip() or f"the compiler ended with {done.returncode}"
                diagnostics += (Diagnostic(str(job.source), 0, "error", text),)
                return Compiled(job, None, None, diagnostics, cached=False)
            notes = [[one.file, str(one.line), one.kind, one.text] for one in diagnostics]
            dependencies = self._dependencies(job, depfile)
            kept = [built, built.with_suffix(NOTES)] if is_object else []
            key = self._store.keep(recipe, dependencies, job.generated, kept, notes)
        path = self._store.object_path(key) if is_object else None
        seconds = time.monotonic() - start
        return Compiled(job, path, key, diagnostics, cached=False, seconds=seconds)

    def _dependencies(self, job: Job, depfile: Path) -> list[str]:
        """Return the files that the compiler read, and those it wanted that must stay absent."""
        if depfile.is_file():
            return _names(depfile.read_text(encoding="utf-8", errors="surrogateescape"))
        # A header was missing: -MG names the headers that are not there as if they were.
        flags = ("-M", "-MG", "-MT", "x", _AS_NAMED)
        done = run([*self.command, *job.flags, *flags, str(job.source)])
        found: list[str] = []
        for name in _names(done.stdout):
            if os.path.isfile(name):
                found.append(name)
            else:
                places = [str(job.source.parent), *_directories(job.flags)]
                found += [f"{ABSENT}{os.path.join(place, name)}" for place in places]
        return found or [str(job.source)]


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a tool with messages in plain English."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, env=environment
        )
    except OSError as error:
        raise HostLacks(f"{command[0]} cannot be run: {error.strerror}") from error


def diagnose(output: str) -> tuple[Diagnostic, ...]:
    """Return the compiler's complaints, in order, each once."""
    found = {
        Diagnostic(m["file"], int(m["line"]), m["kind"].split()[-1], m["text"]): None
        for m in _DIAGNOSTIC.finditer(output)
    }
    return tuple(found)


def flags(
    *,
    include: Sequence[Path],
    generated: Path,
    after: Sequence[Path],
    is_foreign: bool,
    is_own: bool,
    optimise: str = "2",
    instrumentation: Sequence[str] = (),
    defines: Sequence[str] = (),
    more: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return the compiler's flags for one source.

    ``is_own``: of rumphost itself, where a warning is an error.  ``is_foreign``: the headers are
    a NetBSD tree's, whose own warnings nobody here can mend.  ``instrumentation`` are flags of
    an :class:`~rumphost.build.instrumentation.Instrumentation`, ``more`` those that the
    configuration itself asks for.
    """
    directories = [*more, f"-I{generated}", f"-I{include[0]}"]
    for directory in include[1:]:
        directories += ["-isystem", str(directory)] if is_foreign else [f"-I{directory}"]
    for directory in after:
        directories += ["-idirafter", str(directory)]
    found = [*_LANGUAGE, *_OF_MACHINE.get(machine(), ()), f"-O{optimise}", *_WARNINGS]
    if is_own:
        found.append("-Werror")
    elif is_foreign:
        found += _FOREIGN_WARNINGS
    found += instrumentation
    return (*found, *(f"-D{define}" for define in defines), *directories)


def _find_compiler() -> tuple[str, ...]:
    try:
        named = shlex.split(os.environ.get("CC", ""))
    except ValueError as error:
        raise HostLacks(f"CC names no command ({error}): mend it, or unset CC") from None
    candidates = [named] if named else [["gcc"], ["cc"], ["clang"]]
    for words in candidates:
        path = shutil.which(words[0])
        if path is not None:
            return (os.path.realpath(path), *words[1:])
    if named:
        raise HostLacks(f"CC names {named[0]}, which is not installed: install it, or unset CC")
    raise HostLacks("no C compiler found: install gcc, or name one in CC")


def _names(rule: str) -> list[str]:
    """Return the names in a rule that -M wrote."""
    _, _, names = rule.replace("\\\n", " ").partition(":")
    return [name.replace("\\ ", " ") for name in re.findall(r"(?:\\ |\S)+", names)]


def _directories(flags: Sequence[str]) -> list[str]:
    """Return the directories in which the compiler looks for headers."""
    found = [flag[2:] for flag in flags if flag.startswith("-I")]
    for word, directory in itertools.pairwise(flags):
        if word in ("-isystem", "-idirafter"):
            found.append(directory)
    return found
