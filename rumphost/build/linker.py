"""Links objects into one image, and says what is missing, by manual page.

Called by :mod:`rumphost.build.builder`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rumphost.build.compiler import Compiler, Diagnostic, run
from rumphost.build.pages import Pages
from rumphost.build.store import Store, write_atomically

LINK_FLAGS = (
    "-shared", "-nostdlib", "-Wl,-z,defs", "-Wl,-z,now", "-Wl,-z,noexecstack", "-Wl,-Bsymbolic",
    "-Wl,--build-id", "-Wl,--hash-style=gnu",
)  # fmt: skip
_UNDEFINED = re.compile(
    r"^(?:[^\s:]*ld[^\s:]*: )?(?P<where>.*?):? undefined reference to [`'](?P<name>[^'`]+)'",
    re.MULTILINE,
)
_MULTIPLE = re.compile(
    r"^(?:[^\s:]*ld[^\s:]*: )?(?P<where>.*?):? multiple definition of [`'](?P<name>[^'`]+)'",
    re.MULTILINE,
)
_OBJECT = re.compile(r"^\S+\.o:(?: in function [`'](?P<function>[^'`]+)':)?\s*")


@dataclass(frozen=True)
class MissingSymbol:
    """A kernel function or variable that nothing in the image defines."""

    name: str
    page: str
    """The manual page it belongs to, such as ``callout(9)``; "" when nobody knows."""
    used_at: str
    """Where it is first referred to, as ``file:line``."""

    def __str__(self) -> str:
        page = f" of {self.page}" if self.page else ""
        where = f", used at {self.used_at}" if self.used_at else ""
        return f"{self.name}{page}{where}"


@dataclass(frozen=True)
class Linked:
    """What came of a link; ``path`` is None when it failed."""

    path: Path | None
    missing: tuple[MissingSymbol, ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    cached: bool = False


def link(
    compiler: Compiler,
    store: Store,
    objects: Sequence[Path],
    image: Path,
    pages: Pages,
    libraries: Sequence[str] = (),
) -> Linked:
    """Link the objects into ``image``, which comes into being whole or not at all.

    The image's name stands for what goes into it: one that is there is taken as it is, and so is
    the failure that was noted beside it.
    """
    if image.is_file():
        store.touch(image)
        return Linked(image, cached=True)
    failure = image.with_suffix(".failed")
    done = _noted(failure)
    cached = done is not None
    if done is None:
        image.parent.mkdir(parents=True, exist_ok=True)
        with store.scratch() as work:
            output = Path(work) / image.name
            names = Path(work) / "objects"
            names.write_text("\n".join(f'"{path}"' for path in objects))
            words = [*LINK_FLAGS, "-o", str(output), f"@{names}", *libraries, "-lgcc"]
            ended = run([*compiler.command, *words])
            if ended.returncode == 0:
                os.replace(output, image)
                return Linked(image)
            done = ended.stderr
        write_atomically(failure, done)
    missing = undefined_symbols(done, pages)
    errors = _errors(done)
    if not missing and not errors:
        errors = (Diagnostic("", 0, "error", done.strip() or "the linker failed"),)
    return Linked(None, missing, errors, cached)


def _noted(failure: Path) -> str | None:
    """Return what the linker said when it failed at the same thing before."""
    try:
        return failure.read_text(encoding="utf-8")
    except OSError:
        return None


def undefined_symbols(output: str, pages: Pages) -> tuple[MissingSymbol, ...]:
    """Return the undefined symbols that a linker complained of, each once, by name."""
    found: dict[str, MissingSymbol] = {}
    for match in _UNDEFINED.finditer(output):
        name = match["name"]
        if name not in found:
            found[name] = MissingSymbol(name, pages.of(name), _place(match["where"]))
    return tuple(found[name] for name in sorted(found))


def _errors(output: str) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(_place(match["where"]), 0, "error", f"{match['name']} is defined twice")
        for match in _MULTIPLE.finditer(output)
    )


def _place(where: str) -> str:
    """Return ``file:line`` of the linker's words, which may name an object and a function."""
    place = _OBJECT.sub("", where).strip()
    place = re.sub(r":?\(\.[^)]*\)$", "", place).rstrip(":")
    return "" if place.endswith(".o") else place
