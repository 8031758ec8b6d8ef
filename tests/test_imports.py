"""Arrows point down: no module imports one of a higher floor (design: layout and floors)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import rumphost

PACKAGE = Path(rumphost.__file__).parent
FLOORS = {
    "errors": 1, "checks": 1, "faults": 1, "trace": 1, "sources": 1, "tasks": 1,
    "waiting": 1, "view": 1,
    "boundary": 2, "machine": 2,
    "models": 3, "kernel": 3,
    "build": 4, "classes": 4, "coverage": 4, "machines": 4,
    "host": 5, "introductions": 5, "holdings": 5, "budgets": 5, "tracing": 5,
    "trials": 6, "fuzz": 6, "debug": 6, "testing": 6, "cli": 6, "__main__": 6,
}  # fmt: skip
# Strangers to one another, whatever their floors.
APART = [
    {"boundary", "machine"},
    {"boundary", "kernel"},
    {"boundary", "classes"},
    {"models", "kernel"},
    {"build", "classes"},
]
# Models know machines and nothing above errors besides.
ONLY = {"models": {"errors", "trace", "machine", "models"}}
# The one package that may import cffi.
CFFI = {"boundary"}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(source: str, module: str, *, package: bool) -> Iterator[str]:
    """Yield every module that ``source``, the text of ``module``, imports, as absolute names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: len(module.split(".")) - node.level + package]
            prefix = ".".join(base) if node.level else ""
            names = [part for part in (prefix, node.module) if part]
            if names == ["rumphost"]:
                yield from (f"rumphost.{alias.name}" for alias in node.names)
            else:
                yield ".".join(names)


def breaches(source: str, module: str, *, package: bool = False) -> list[str]:
    part = module.split(".")[1]
    found = []
    for name in imports(source, module, package=package):
        top, _, rest = name.partition(".")
        if top == "cffi" and part not in CFFI:
            found.append(f"{module} imports cffi")
        other = rest.partition(".")[0]
        if top != "rumphost" or not other or other == part or other not in FLOORS:
            continue
        up = FLOORS[other] > FLOORS[part]
        strangers = any({part, other} == pair for pair in APART)
        if up or strangers or other not in ONLY.get(part, {other}):
            found.append(f"{module} imports {name}")
    return found


def modules() -> list[Path]:
    return sorted(
        path
        for path in PACKAGE.rglob("*.py")
        if "_sources" not in path.parts and path != PACKAGE / "__init__.py"
    )


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_import_points_up(path):
    relative = path.relative_to(PACKAGE.parent).with_suffix("")
    parts = [part for part in relative.parts if part != "__init__"]
    package = path.name == "__init__.py"
    assert part_of(path) in FLOORS, "a new part of the package needs a floor"
    assert breaches(path.read_text(), ".".join(parts), package=package) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("rumphost.kernel.mutex", "from rumphost.boundary import Boundary"),
        ("rumphost.kernel.mutex", "from ..boundary.process import Boundary"),
        ("rumphost.machine.sim", "import rumphost.models.teach"),
        ("rumphost.models.teach", "from rumphost.kernel.lwp import Lwp"),
        ("rumphost.boundary.process", "from ..machine import Machine"),
        ("rumphost.classes.ifnet", "from rumphost import host"),
        ("rumphost.kernel.mutex", "import cffi"),
        ("rumphost.build.compile", "def f():\n    from rumphost.classes import tap"),
    ],
)
def test_a_planted_breach_is_found(module, source):
    assert breaches(source, module)


def test_what_points_down_is_no_breach():
    assert breaches("from ..machine import Machine", "rumphost.models.teach") == []
    assert breaches("from .lwp import Lwp", "rumphost.kernel.mutex") == []
