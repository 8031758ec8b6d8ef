"""Macros of a source that was compiled with -g3, and what they stand for."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from rumphost.view.dwarf import DebugInfo

SOURCE = r"""
#define ONE 1
#define HEX 0x10u
#define OCTAL 010
#define SUM (ONE + HEX)
#define BITS(high, low) (((1 << ((high) - (low) + 1)) - 1) << (low))
#define FIELD BITS(7, 4)
#define __BIT(n) (sizeof(n) ? 1 : 0)
#define TOP __BIT(31)
#define CAST ((unsigned int)0x80000000UL)
#define NEGATIVE (-ONE)
#define ARRAY(n) (0x100 + (n) * 4)
#define TWO(a, b) ((a) + (b))
#define TEXT "text"
#define EMPTY
#define CALLS function(1)
#define CIRCLE CIRCLE_TOO
#define CIRCLE_TOO CIRCLE
#define HUGE (1 << 1000)
#define BAD (1 /
#define GONE 1
#undef GONE
#include "inner.h"
int function(int n) { return n + SUM + INNER; }
"""


@pytest.fixture(scope="module", params=["-gdwarf-5", "-gdwarf-4"])
def info(request, tmp_path_factory):
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs gcc")
    work = tmp_path_factory.mktemp("macros")
    (work / "inner.h").write_text("#define INNER 77\n#define INNER_BIT 0x4\n")
    (work / "source.c").write_text(SOURCE)
    command = [compiler, "-g3", request.param, "-shared", "-fPIC", "-o", "image.so", "source.c"]
    subprocess.run(command, cwd=work, check=True)
    return DebugInfo(work / "image.so")


@pytest.fixture
def macros(info):
    found = info.macros_at(info.symbol_value("function"))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ONE", 1), ("HEX", 16), ("OCTAL", 8), ("SUM", 17), ("FIELD", 0xF0), ("TOP", 1 << 31),
        ("CAST", 0x80000000), ("NEGATIVE", -1), ("INNER", 77),
        ("TEXT", None), ("EMPTY", None), ("CALLS", None), ("CIRCLE", None), ("HUGE", None),
        ("BAD", None), ("ARRAY", None), ("nothing", None),
    ],
)  # fmt: skip
def test_a_macro_stands_for_a_number_or_not(macros, name, value):
    assert macros.value(name) == value


def test_one_with_a_parameter_gives_a_number_for_a_number(macros):
    assert macros.call("ARRAY", 3) == 0x10C
    assert macros.call("TWO", 3) is None
    assert macros.call("ONE", 3) is None


def test_they_are_in_order_with_their_file_and_line(macros):
    inner = macros.in_order[macros.places["INNER"]]
    after = macros.in_order[macros.places["INNER"] + 1]
    assert (after.name, after.line, inner.line) == ("INNER_BIT", 2, 1)
    assert after.file == inner.file != macros.by_name["ONE"].file
    assert macros.by_name["TWO"].parameters == ("a", "b")


@pytest.mark.usefixtures("info")
def test_without_g3_there_are_none(tmp_path):
    (tmp_path / "plain.c").write_text("int function(void) { return 1; }\n")
    command = ["gcc", "-g", "-shared", "-fPIC", "-o", "plain.so", "plain.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    plain = DebugInfo(tmp_path / "plain.so")
    assert plain.macros_at(plain.symbol_value("function")) is None
    assert plain.macros_at(1 << 40) is None
