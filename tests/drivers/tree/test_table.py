"""The matrix itself: what a check makes of what it is told, and the table of the results."""

from __future__ import annotations

import pytest
from cards import CARDS, Card, Known
from checks import COLUMNS, Checks
from table import read, table

from rumphost.errors import DriverError

WHY = "foo_detach() forgets it"


@pytest.fixture
def recorded() -> dict[str, object]:
    return {}


def checks_of(recorded, path, *known: Known) -> Checks:
    return Checks(Card("foo", "bar", "", known=known), path, recorded.__setitem__)


def fails(checks: Checks, match: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=match):
        checks.finish()


async def test_checks_that_pass(recorded, tmp_path):
    checks = checks_of(recorded, tmp_path)
    with checks.check("attach"):
        pass
    checks.finish()
    assert recorded == {"card": "foo bar", "attach": "passed"}


async def test_one_that_fails_does_not_end_the_others(recorded, tmp_path):
    checks = checks_of(recorded, tmp_path)
    with checks.check("ping"):
        raise DriverError("nobody answers")
    with checks.check("detach"):
        pass
    assert recorded["ping"] == "failed: nobody answers"
    assert recorded["detach"] == "passed"
    fails(checks, "ping: nobody answers")


async def test_what_is_known_must_be_reported(recorded, tmp_path):
    known = Known("detach", "still attached", WHY)
    checks = checks_of(recorded, tmp_path, known)
    with checks.check("detach"):
        checks.tell("rnd(9): foo0 is still attached")
    checks.finish()
    assert recorded["detach"] == f"known: {WHY}"
    with checks.check("detach"):
        pass
    fails(checks, "not reported: still attached")


async def test_what_is_not_known_fails(recorded, tmp_path):
    checks = checks_of(recorded, tmp_path, Known("detach", "still attached", WHY))
    with checks.check("detach"):
        checks.tell("rnd(9): foo0 is still attached", "kmem(9): 8 bytes of memory")
    fails(checks, "8 bytes")


async def test_a_tree_where_it_is_mended_must_do_without(recorded, tmp_path):
    (tmp_path / "foo.c").write_text("foo_detach() { rnd_detach_source(); }")
    known = Known("detach", "still attached", WHY, "foo.c", "rnd_detach_source")
    checks = checks_of(recorded, tmp_path, known)
    assert not checks.knows("detach")
    with checks.check("detach"):
        checks.tell("rnd(9): foo0 is still attached")
    fails(checks, "still attached")


def test_the_table(tmp_path):
    path = tmp_path / "results.xml"
    path.write_text(
        """<testsuites><testsuite>
        <testcase name="test_a[foo-bar]"><properties><property name="card" value="foo bar"/>
          <property name="attach" value="passed"/>
          <property name="detach" value="known: one; two"/></properties></testcase>
        <testcase name="test_b[foo-bar]"><properties><property name="card" value="foo bar"/>
          <property name="detach" value="passed"/>
          <property name="ping" value="failed: nobody: at all"/></properties></testcase>
        <testcase name="test_a[vmx-vmxnet3]"><skipped message="no driver vmx"/></testcase>
        </testsuite></testsuites>"""
    )
    lines = table(*read(path)).splitlines()
    cells = dict(zip(COLUMNS, lines[2].split(" | ")[2:], strict=True))
    assert lines[2].startswith("| foo | bar | yes |")
    assert cells["ping"] == "NO (1)"
    assert cells["detach"] == "(2), (3) |"
    assert lines[4:7] == ["1. nobody: at all", "2. one", "3. two"]
    assert lines[-1] == "- vmx on vmxnet3: no driver vmx"


def test_every_known_fault_is_of_a_column():
    for card in CARDS:
        assert {one.check for one in card.known} <= set(COLUMNS)
    assert len({str(card) for card in CARDS}) == len(CARDS)
