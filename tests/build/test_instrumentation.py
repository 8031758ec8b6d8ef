"""What the compiler puts into drivers besides."""

from __future__ import annotations

from pathlib import Path

import pytest

from rumphost.build import Builder
from rumphost.build.builder import COUNTED
from rumphost.build.instrumentation import PLAIN, Instrumentation
from rumphost.build.symbols import read_symbols
from rumphost.errors import HostLacks, UsageError

BOTH = ("address", "undefined")


def test_lists_of_sanitizers():
    assert Instrumentation.sanitizers("undefined, address,") == BOTH
    assert Instrumentation.sanitizers("") == ()
    with pytest.raises(UsageError, match="no sanitizer 'thread': address, undefined"):
        Instrumentation.sanitizers("address,thread")


def test_it_is_nothing_unless_asked_for():
    assert not PLAIN
    assert PLAIN.flags(is_shim=True) == PLAIN.flags(is_shim=False) == ()
    assert (PLAIN.sources, PLAIN.defines, PLAIN.libraries) == ((), (), ())


def test_two_are_put_together():
    one = Instrumentation(("undefined",), coverage=True)
    both = one | Instrumentation(("address", "undefined"), recover=True, edges=True, shim=True)
    assert both == Instrumentation(BOTH, recover=True, coverage=True, edges=True, shim=True)


def test_the_shim_is_sanitized_but_not_counted_unless_asked_for():
    added = Instrumentation(BOTH, coverage=True, edges=True)
    driver, shim = added.flags(is_shim=False), added.flags(is_shim=True)
    assert set(shim) < set(driver)
    assert "-fsanitize=undefined" in shim
    assert not {"-fprofile-arcs", "-fsanitize-coverage=trace-pc,trace-cmp"} & set(shim)
    assert set((added | Instrumentation(shim=True)).flags(is_shim=True)) == set(driver)


def test_a_builder_with_more_in_it_is_made_once():
    plain = Builder()
    counting = plain.instrumented(Instrumentation(coverage=True))
    assert counting is plain.instrumented(Instrumentation(coverage=True))
    assert plain.instrumented(PLAIN) is plain
    assert plain.instrumentation == PLAIN
    assert counting.instrumentation.coverage


def test_images_are_kept_apart():
    plain = Builder().build(["edu"])
    added = Builder(instrumentation=Instrumentation(("undefined",))).build(["edu"])
    assert plain.path != added.path
    assert not plain.path.with_suffix(COUNTED).exists()


def test_none_of_it_is_in_a_plain_image():
    built = Builder().build(["edu"])
    names = read_symbols(built.path).functions
    assert not [name for name in names if "asan" in name or "gcov" in name or "ubsan" in name]


def test_a_compiler_that_cannot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    old = tmp_path / "oldcc"
    old.write_text("#!/bin/sh\necho '#define __GNUC__ 9'\n")
    old.chmod(0o755)
    monkeypatch.setenv("CC", str(old))
    with pytest.raises(HostLacks, match="address sanitizer and coverage: that takes gcc 12 or"):
        Builder(instrumentation=Instrumentation(("address",), coverage=True)).compiler()
    Builder().compiler()
