"""Headers: every one compiles alone; those of a NetBSD tree serve the shim as well."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from libkern_shim import FLAGS, PAGES, include_flags

from rumphost.sources import hypercalls_dir

INCLUDE = hypercalls_dir() / "include"
BUILTIN = sorted(path.relative_to(INCLUDE / "builtin") for path in INCLUDE.glob("builtin/**/*.h"))
MACHINE = sorted(path.relative_to(INCLUDE) for path in INCLUDE.glob("machine/*.h"))


def compile_text(text: str, *flags: str) -> str:
    """Return the compiler's complaints about a source, empty when there are none."""
    done = subprocess.run(
        ["cc", *FLAGS, "-fsyntax-only", *flags, "-x", "c", "-"],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stderr or ("" if done.returncode == 0 else "failed")


def test_there_are_headers():
    assert len(BUILTIN) > 80
    assert len(MACHINE) > 36


def test_each_header_compiles_alone_and_twice():
    failures = {}
    for path in [*BUILTIN, *MACHINE]:
        include = f"#include <{path}>\n"
        complaints = compile_text(
            include + include + "extern int x;\n", *include_flags()["builtin"]
        )
        if complaints:
            failures[str(path)] = complaints.splitlines()[0]
    assert failures == {}


def test_all_headers_agree():
    text = "".join(f"#include <{path}>\n" for path in [*BUILTIN, *MACHINE])
    assert compile_text(text, *include_flags()["builtin"]) == ""


def test_each_header_is_guarded_and_licensed():
    for root, paths in ((INCLUDE / "builtin", BUILTIN), (INCLUDE, MACHINE)):
        for path in paths:
            text = (root / path).read_text()
            assert text.startswith("/* SPDX-License-Identifier: BSD-2-Clause */\n"), path
            guard = re.search(r"^#ifndef (\w+)\n#define \1\n", text, re.MULTILINE)
            assert guard, path


CONSTANTS = """
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/malloc.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <net/if.h>
#include <sys/sockio.h>
#include <sys/fcntl.h>
#include <sys/syslog.h>
#include <sys/reboot.h>
#include <sys/kauth.h>
#include <sys/poll.h>
long values[] = {
    EPERM, ENOTTY, EOPNOTSUPP, EWOULDBLOCK, ETIMEDOUT, ENOBUFS, ECANCELED, ENOTSUP, EFBIG,
    KM_SLEEP, KM_NOSLEEP, M_NOWAIT, M_ZERO, M_CANFAIL, PZERO, PCATCH, PWAIT, PRIBIO,
    PRI_NONE, PRI_KTHREAD, MAXPRI_KERNEL_RT, FIONBIO, FIONREAD, SIOCSIFFLAGS,
    SIOCGIFFLAGS, SIOCADDMULTI, SIOCDELMULTI, SIOCGIFMTU, SIOCSIFMTU, FREAD, FWRITE, FNONBLOCK,
    LOG_ERR, LOG_DEBUG, LOG_KERN, AB_VERBOSE, RB_POWERDOWN, POLLIN, POLLOUT, POLLRDNORM,
    POLLWRNORM, KAUTH_NETWORK_INTERFACE, KAUTH_REQ_NETWORK_INTERFACE_SETPRIV,
    KAUTH_DEVICE_RAWIO_SPEC, KAUTH_SYSTEM_MODULE, NODEV, makedev(5, 0x12345), minor(0x12345678),
    major(0x12345678), sizeof(struct timeval), sizeof(time_t), sizeof(struct uio),
    __BITS(7, 4), __SHIFTIN(5, __BITS(6, 4)), __SHIFTOUT(0x70, __BITS(6, 4)), MAXPHYS,
    howmany(10, 3), roundup2(5, 4), sizeof(off_t), sizeof(dev_t), ALIGN(5),
};
"""


@pytest.mark.skipif("RUMPHOST_SYS" not in os.environ, reason="RUMPHOST_SYS names no NetBSD tree")
def test_constants_are_those_of_a_tree(tmp_path: Path):
    found = {}
    for name, flags in include_flags().items():
        output = tmp_path / f"{name}.o"
        subprocess.run(
            ["cc", *FLAGS, *flags, "-c", "-o", str(output), "-x", "c", "-"],
            input=CONSTANTS, text=True, check=True,
        )  # fmt: skip
        raw = tmp_path / f"{name}.bin"
        subprocess.run(
            ["objcopy", "-O", "binary", "-j", ".data", str(output), str(raw)], check=True
        )
        data = raw.read_bytes()
        found[name] = [data[n : n + 8] for n in range(0, len(data), 8)]
    pairs = enumerate(zip(*found.values(), strict=True))
    assert [n for n, pair in pairs if len(set(pair)) > 1] == []


@pytest.mark.skipif("RUMPHOST_SYS" not in os.environ, reason="RUMPHOST_SYS names no NetBSD tree")
@pytest.mark.parametrize("page", PAGES)
def test_each_page_compiles_with_a_trees_headers(tmp_path: Path, page: str):
    text = f'#include "{hypercalls_dir() / page}.c"\n'
    flags = [*include_flags()["tree"], f"-I{hypercalls_dir()}", f"-I{tmp_path}"]
    flags += ["-Wno-sign-compare", "-Wno-missing-field-initializers", "-Wno-unused-parameter"]
    complaints = compile_text(text, *flags)
    while missing := re.search(r"error: (opt_\w+\.h): No such file", complaints):
        (tmp_path / missing[1]).touch()  # config(1) would have made it
        complaints = compile_text(text, *flags)
    assert complaints == ""
