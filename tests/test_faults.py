"""The language of faults: what is read is what was written, and mistakes are told in a sentence."""

from __future__ import annotations

import pytest

from rumphost.errors import UsageError
from rumphost.faults import GROUPS, HARDWARE, Fault

TEXTS = [
    "alloc:3",
    "alloc",
    "any:every=7",
    "dma_load:from=2,times=3",
    "mbuf:p=0.05,seed=9",
    "kmem:1,sleeping",
    "interrupt:lost,5",
    "interrupt:late=10ms",
    "interrupt:spurious=1ms",
    "register:ones,from=100",
    "register:slow=1500ns",
    "firmware:short=100",
    "firmware:error",
    "link:flap=2s,times=4",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_read_is_what_was_written(text):
    assert str(Fault.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("interrupt:spurious", "interrupt:spurious=1ms"),
        ("link:flap", "link:flap=100ms"),
        ("register:slow=1.5us", "register:slow=1500ns"),
        (" alloc : 3", None),
        ("alloc: 3 ", "alloc:3"),
    ],
)
def test_other_ways_to_write_it(text, canonical):
    if canonical is None:
        with pytest.raises(UsageError):
            Fault.parse(text)
    else:
        assert str(Fault.parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("foo:3", "nothing is called 'foo' that could fail: there are alloc, dma"),
        ("", "nothing is called ''"),
        ("alloc:", "'' is none of N, from=N, every=N, times=N, p=P, seed=N, sleeping"),
        ("alloc:0", "'0' is no count: the first is 1"),
        ("alloc:every=x", "'x' is no count"),
        ("alloc:p=2", "'2' is no probability: write p=0.05"),
        ("dma:sleeping", "'sleeping' is none of"),
        ("interrupt", "say what is amiss: interrupt:lost or interrupt:late or interrupt:spurious"),
        ("interrupt:late", "how late? write interrupt:late=10ms"),
        ("interrupt:late=10", "'10' is no time: write 10ms, 500us or 2s"),
        ("interrupt:lost=5", "lost does not take '5'"),
        ("interrupt:lost,late=1s", "lost and late are two faults"),
        ("register:ones=3", "ones does not take '3'"),
        ("firmware:short=x", "short does not take 'x'"),
    ],
)
def test_mistakes(text, words):
    with pytest.raises(UsageError) as raised:
        Fault.parse(text)
    assert words in str(raised.value)
    assert text in str(raised.value)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("alloc:3", [3]),
        ("alloc", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("alloc:from=8", [8, 9, 10]),
        ("alloc:every=3", [3, 6, 9]),
        ("alloc:from=4,every=2", [5, 7, 9]),
        ("alloc:from=4,every=2,times=2", [5, 7]),
        ("alloc:p=0", []),
    ],
)
def test_which_occurrences_are_meant(text, chosen):
    choose = Fault.parse(text).chooser()
    assert [number for number in range(1, 11) if choose()] == chosen


def test_chance_is_the_same_for_the_same_seed():
    def drawn(text: str) -> list[bool]:
        choose = Fault.parse(text).chooser()
        return [choose() for _ in range(200)]

    assert drawn("alloc:p=0.2") == drawn("alloc:p=0.2")
    assert drawn("alloc:p=0.2,seed=1") != drawn("alloc:p=0.2")
    assert 20 < sum(drawn("alloc:p=0.2")) < 60


def test_nothing_is_meant_twice():
    assert not set(GROUPS) & set(HARDWARE)
