"""Steps and scenarios as they are written on a command line."""

from __future__ import annotations

import pytest

from rumphost.errors import UsageError
from rumphost.trials import Step, default_scenario, idle_scenario, load_scenario


def test_a_step():
    assert Step.parse("57=interrupt") == Step(57, "interrupt")
    assert str(Step(57, "interrupt")) == "57=interrupt"


@pytest.mark.parametrize("text", ["", "57", "0=detach", "-1=detach", "x=detach", "3=explode"])
def test_what_is_no_step(text):
    with pytest.raises(UsageError, match="write POINT=ACTION, of interrupt, timeout, detach"):
        Step.parse(text)


def test_scenarios_by_name():
    assert load_scenario("use") is default_scenario
    assert load_scenario("attach") is idle_scenario


def test_a_scenario_of_ones_own(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("async def go(host):\n    pass\n")
    assert load_scenario(f"{file}:go").__name__ == "go"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "write attach, use or FILE.py:FUNCTION"),
        ("{}/none.py:go", "there is no file"),
        ("{}/broken.py:go", "SyntaxError"),
        ("{}/empty.py:go", "has no async function go"),
        ("{}/plain.py:go", "has no async function go"),
        ("{}/empty.py:1", "write attach, use or FILE.py:FUNCTION"),
    ],
)
def test_what_is_no_scenario(tmp_path, text, words):
    (tmp_path / "broken.py").write_text("def (:\n")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "plain.py").write_text("def go(host):\n    pass\n")
    with pytest.raises(UsageError, match=words):
        load_scenario(text.format(tmp_path))
