"""hypercall.h as pycparser reads it."""

from __future__ import annotations

from pathlib import Path

from rumphost.boundary.hypercalls import Interface, decode
from rumphost.sources import hypercalls_dir

HEADER = """
enum { RUMPHOST_EXIT_HYPERCALL = 16 };
struct rumphost_thing { uint32_t a; };
/* == first(9) == */
/* contract */
int rumphost_first(void *p, const char *name, int32_t n);
/* == second(9) == */
void rumphost_second(void);
const void *rumphost_third(int64_t x, uint64_t y);
"""


def read(tmp_path: Path) -> Interface:
    path = tmp_path / "hypercall.h"
    path.write_text(HEADER)
    return Interface.read(path)


def test_names_numbers_pages_and_kinds(tmp_path):
    calls = read(tmp_path).hypercalls
    assert list(calls) == ["first", "second", "third"]
    assert [call.number for call in calls.values()] == [16, 17, 18]
    assert calls["first"].page == "first(9)"
    assert calls["third"].page == "second(9)"
    assert calls["first"].kinds == ("u", "s", "i32")
    assert calls["second"].kinds == ()
    assert calls["third"].kinds == ("i64", "u")
    assert calls["third"].returns == "const void *"


def test_structures_are_kept_and_hypercalls_are_not(tmp_path):
    structures = read(tmp_path).structures
    assert "struct rumphost_thing" in structures
    assert "rumphost_first" not in structures


def test_stubs_widen_signed_arguments(tmp_path):
    source = read(tmp_path).stubs_source()
    assert "l->args[2] = (uint64_t)(int64_t)a2;" in source
    assert "return (int)result;" in source


def test_decode():
    words = [2**64 - 1, 0xFFFF_FFFF, 5, 1000]
    assert decode(("i64", "i32", "u", "s"), words, str) == [-1, -1, 5, "1000"]
    assert decode(("s",), [0], str) == [None]


def test_every_hypercall_of_ours_has_a_page_and_at_most_eight_arguments():
    calls = Interface.read(hypercalls_dir() / "hypercall.h").hypercalls
    assert len(calls) > 20
    for call in calls.values():
        assert call.page, call.name
        assert len(call.kinds) <= 8, call.name
