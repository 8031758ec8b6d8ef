"""Statements and tokens of config(5)."""

from pathlib import Path

import pytest

from rumphost.build.config.lexer import ConfigError, Cursor, Kind, parse_number, statements

FILE = Path("files.x")


def texts(source: str) -> list[list[str]]:
    return [[token.text for token in statement] for statement in statements(FILE, source)]


def test_a_statement_ends_at_a_newline_unless_the_next_line_is_indented() -> None:
    assert texts("define a\ndefine b:\n\tc,\n  d\n\n  define e\n") == [
        ["define", "a"],
        ["define", "b", ":", "c", ",", "d"],
        ["define", "e"],
    ]


def test_comments_end_with_the_line_and_do_not_end_a_statement() -> None:
    assert texts("# all\ndefflag A # one\n\tB # two\n") == [["defflag", "A", "B"]]


def test_signs_words_and_strings_are_told_apart() -> None:
    [statement] = statements(FILE, 'x {[a = -1], b:"c d"} dev/pci/if_a-b.c += := wm* pci?')
    assert [token.text for token in statement] == [
        "x", "{", "[", "a", "=", "-1", "]", ",", "b", ":", "c d", "}", "dev/pci/if_a-b.c",
        "+=", ":=", "wm", "*", "pci", "?",
    ]  # fmt: skip
    assert statement[10].kind is Kind.STRING
    assert statement[12].kind is Kind.WORD
    assert statement[13].kind is Kind.SIGN


def test_a_string_may_hold_escaped_quotes_and_variables() -> None:
    assert texts(r'makeoptions A="-DX=\"y\" ${B}"') == [["makeoptions", "A", "=", '-DX="y" ${B}']]


def test_every_token_knows_its_line() -> None:
    [statement] = statements(FILE, "\n\ndefine a:\n\tb")
    assert [token.place.line for token in statement] == [3, 3, 3, 4]
    assert str(statement[3].place) == "files.x:4"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('file "abc\n', "files.x:1: a string without end"),
        ("define a\n;\n", "files.x:2: ';'"),
        ("define \x01", "files.x:1: '\\x01'"),
    ],
)
def test_what_is_no_token_is_named_with_its_line(source: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        list(statements(FILE, source))
    assert str(caught.value).startswith(message)


def cursor(source: str) -> Cursor:
    [statement] = statements(FILE, source)
    return Cursor(statement)


def test_the_cursor_complains_about_what_stands_there() -> None:
    with pytest.raises(ConfigError, match=r"files.x:1: `b' expected, not `a'"):
        cursor("a").expect("b")
    with pytest.raises(ConfigError, match=r"a device expected, not \"s\""):
        cursor('"s"').word("a device")
    with pytest.raises(ConfigError, match=r"a name expected, not `\{'"):
        cursor("{").text("a name")
    with pytest.raises(ConfigError, match="end of the statement expected, not `a'"):
        cursor("a b").finish()


def test_the_cursor_complains_at_the_end() -> None:
    walk = cursor("a")
    walk.word("a word")
    with pytest.raises(ConfigError, match="a file expected at the end of the line"):
        walk.text("a file")
    with pytest.raises(ConfigError, match="`x' expected at the end of the line"):
        walk.expect("x")


@pytest.mark.parametrize(
    ("text", "value"), [("10", 10), ("0x1F", 31), ("010", 8), ("-1", -1), ("0", 0)]
)
def test_numbers_are_in_the_notation_of_c(text: str, value: int) -> None:
    assert parse_number(text) == value
    assert cursor(text).number("a number") == value


def test_what_is_no_number_is_named() -> None:
    with pytest.raises(ConfigError, match="a size expected, not `ten'"):
        cursor("ten").number("a size")
