"""Compiles the host's C (``hypercalls/host/``) with cffi, once for each content, and loads it."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sysconfig
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import cffi

from rumphost.errors import BuildError, HostLacks
from rumphost.sources import cache_dir, hypercalls_dir

from .hypercalls import Interface

_FROM = "/* -- cffi reads from here -- */"
_TO = "/* -- and no further -- */"


class Library(NamedTuple):
    """The compiled host side: cffi's ``ffi`` and ``lib``, and what hypercall.h says."""

    ffi: Any
    lib: Any
    interface: Interface
    path: Path


def _declarations(directory: Path, interface: Interface) -> str:
    header = (directory / "host" / "host.h").read_text()
    return interface.structures + header.split(_FROM)[1].split(_TO)[0]


def _digest(sources: list[Path], flags: list[str]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    digest.update(repr((flags, sysconfig.get_config_var("EXT_SUFFIX"), cffi.__version__)).encode())
    return digest.hexdigest()[:20]


def _compile(directory: Path, target: Path, declarations: str, flags: list[str]) -> Any:
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
    if compiler is None:
        raise HostLacks("no C compiler found: install gcc, or name one in CC")
    include = sysconfig.get_path("include")
    if not (Path(include) / "Python.h").exists():
        raise HostLacks(
            f"{include} has no Python.h: install this Python's development files"
            " (Debian: python3-dev)"
        )
    ffi = cffi.FFI()
    ffi.cdef(declarations)
    ffi.set_source(target.name.split(".")[0], '#include "host/host.h"')
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        glue = Path(work) / "glue.c"
        with contextlib.redirect_stdout(io.StringIO()):  # it tells what it generates
            ffi.emit_c_code(str(glue))
        output = Path(work) / target.name
        command = [
            compiler, *flags, f"-I{include}", f"-I{directory}", "-shared", "-o", str(output),
            str(glue), *map(str, sorted((directory / "host").glob("*.c"))), "-ldl", "-lrt",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BuildError(f"rumphost's own C did not compile:\n{done.stderr.strip()}")
        os.replace(output, target)


@cache
def load_library(*, ucontext: bool = False) -> Library:
    """Return the host library, compiled if need be. ``ucontext``: the portable fiber switch."""
    directory = hypercalls_dir()
    interface = Interface.read(directory / "hypercall.h")
    flags = ["-std=gnu11", "-O2", "-g", "-fPIC", "-fno-omit-frame-pointer"]
    if ucontext:
        flags.append("-DRUMPHOST_UCONTEXT")
    sources = [*sorted((directory / "host").glob("*.[ch]")), directory / "hypercall.h"]
    name = f"_rumphost_host_{_digest(sources, flags)}"
    target = cache_dir() / f"{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not target.exists():
        _compile(directory, target, _declarations(directory, interface), flags)
    spec = importlib.util.spec_from_file_location(name, target)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Library(module.ffi, module.lib, interface, target)
