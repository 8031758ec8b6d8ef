"""Types from debug information: both versions of DWARF, whole images, what is missing."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from rumphost.errors import UsageError
from rumphost.view.dwarf import DebugInfo
from rumphost.view.types import Alias, Array, Enumeration, Pointer, Structure

SOURCE = """
typedef unsigned int word;
enum colour { RED, GREEN = 5, BLUE = -2 };
struct later;
struct fields {
    unsigned a : 3, b : 5;
    int c : 20;
    long long d : 40;
    word e;
    enum colour f;
    struct later *g;
    int (*h)(int);
    char i[3][4];
    struct { int j; union { int k; float l; }; };
    double m;
    struct fields *n;
};
struct fields variable = { .b = 31 };
static volatile int hidden = 4;
int attach(struct fields *p) { struct fields *q = p + 1; return q->c + hidden; }
"""


@pytest.fixture(scope="module", params=["-gdwarf-5", "-gdwarf-4"])
def info(request, tmp_path_factory):
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs gcc")
    work = tmp_path_factory.mktemp("dwarf")
    (work / "source.c").write_text(SOURCE)
    command = [compiler, "-g", request.param, "-O0", "-shared", "-fPIC", "-o", "image.so",
               "source.c"]  # fmt: skip
    subprocess.run(command, cwd=work, check=True)
    return DebugInfo(work / "image.so")


def test_members_are_where_c_puts_them(info):
    kind = info.type("struct fields")
    assert isinstance(kind, Structure)
    found = {name: (m.bit_offset if m.bits else m.offset, m.bits) for name, m in
             kind.by_name.items()}  # fmt: skip
    assert found == {
        "a": (0, 3), "b": (3, 5), "c": (8, 20), "d": (64, 40), "e": (16, 0), "f": (20, 0),
        "g": (24, 0), "h": (32, 0), "i": (40, 0), "j": (52, 0), "k": (56, 0), "l": (56, 0),
        "m": (64, 0), "n": (72, 0),
    }  # fmt: skip


def test_types_are_spelled_as_in_c(info):
    kind = info.type("struct fields")
    spelled = {name: str(member.type) for name, member in kind.by_name.items()}
    assert (spelled["e"], spelled["f"], spelled["g"], spelled["i"]) == (
        "word", "enum colour", "struct later *", "char[3][4]",
    )  # fmt: skip
    assert isinstance(info.type("word"), Alias)
    assert isinstance(info.type("struct fields *"), Pointer)
    array = info.type("word[5]")
    assert isinstance(array, Array)
    assert array.size == 20
    colour = info.type("enum colour")
    assert isinstance(colour, Enumeration)
    assert (colour.constants, colour.names[5]) == ({"RED": 0, "GREEN": 5, "BLUE": -2}, "GREEN")
    assert info.type("unsigned").name == "unsigned int"


def test_a_structure_may_lead_to_itself(info):
    pointer = info.type("struct fields").by_name["n"].type
    assert isinstance(pointer, Pointer)
    assert pointer.target is info.type("struct fields")


def test_variables_functions_and_what_they_use(info):
    (hidden,) = info.variables("hidden")
    assert (hidden.source, str(hidden.type)) == ("source.c", "int")
    attach = info.symbol_value("attach")
    assert info.symbol_at(attach + 3) == ("attach", 3)
    size = info.type("struct fields").size
    assert [one.name for one in info.structures_of(attach, size)] == ["struct fields"]
    assert info.structures_of(attach, 1234) == []
    assert info.structures_of(1 << 40, size) == []


def test_what_is_not_there_is_said(info, tmp_path):
    for name in ("struct nothing", "nothing", "struct later", "struct", ""):
        with pytest.raises(UsageError, match="has no type"):
            info.type(name)
    (tmp_path / "bare.c").write_text("int bare(void) { return 1; }\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-s", "-o", "bare.so", "bare.c"], cwd=tmp_path,
                   check=True)  # fmt: skip
    with pytest.raises(UsageError, match="no debug information"):
        DebugInfo(tmp_path / "bare.so")
