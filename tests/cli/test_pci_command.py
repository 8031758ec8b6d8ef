"""``rumphost pci``: functions, configuration space and registers of a machine."""

import json
from collections.abc import Callable

import pytest

from rumphost.cli import main

Command = Callable[..., tuple[int, list[str], str]]
CARD = ("-m", "sim:i82540em")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``rumphost pci``; returns its status, the lines of its output, and its log."""

    def run(*words: object) -> tuple[int, list[str], str]:
        with pytest.raises(SystemExit) as caught:
            main(["pci", *map(str, words)])
        printed = capsys.readouterr()
        return int(caught.value.code or 0), printed.out.splitlines(), printed.err

    return run


def test_functions_are_listed_with_their_bars(command: Command) -> None:
    status, out, _ = command("list", *CARD)
    assert status == 0
    assert out == [
        "00:03.0: Intel 82540EM Ethernet (ethernet network, revision 0x02)",
        "\tBAR 0: 32-bit memory, 0x20000 bytes at 0xe0000000",
        "\tBAR 2: I/O, 0x40 bytes at 0xc000",
    ]
    _, [line], _ = command("list", *CARD, "--format", "json")
    record = json.loads(line)
    assert (record["vendor"], record["product"]) == (0x8086, 0x100E)
    assert [bar["size"] for bar in record["bars"]] == [0x20000, 0x40]


def test_configuration_space_is_decoded(command: Command) -> None:
    status, out, _ = command("dump", "00:03.0", *CARD)
    assert status == 0
    assert out[0] == "0x000: vendor: 0x8086 (Intel)"
    assert "0x010: BAR 0: 0xe0000000 (32-bit memory, 0x20000 bytes at 0xe0000000)" in out
    assert any("capability MSI" in line and "off" in line for line in out)
    offsets = [int(line.split(":")[0], 16) for line in out]
    assert offsets == sorted(offsets)


def test_configuration_space_in_bytes(command: Command) -> None:
    _, out, _ = command("dump", "3", *CARD, "--hex")
    assert out[0].startswith("0000: 100e8086 ")
    assert len(out) == 16


def test_registers_are_read_in_units(command: Command) -> None:
    _, [line], _ = command("read", "3", 0, 0, 4, *CARD)
    words = line.split()
    assert words[0] == "0000:"
    assert [len(word) for word in words[1:]] == [8] * 4
    _, out, _ = command("read", "3", 0, 0x10, 20, "-w", 1, *CARD)
    assert [len(line.split()) - 1 for line in out] == [16, 4]
    _, [line], _ = command("read", "3", 0, 8, "--name", *CARD)
    assert "STATUS" in line


def test_registers_are_written_and_read_back(command: Command) -> None:
    status, out, _ = command("write", "3", 0, "0x38", "0x8100", *CARD)
    assert (status, out) == (0, ["0038: 00008100"])
    _, records, _ = command("write", "3", 0, "0x38", "0x8100", *CARD, "--format", "json")
    assert json.loads(records[0]) == {"event": "value", "offset": 0x38, "width": 4, "value": 0x8100}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["dump", "9"], "no function is at 9 (there is: 00:03.0)"),
        (["dump", "zz"], "'zz' is no address"),
        (["read", "3", "1"], "00:03.0 has no BAR 1 (there is: 0, 2)"),
        (["read", "3", "0", "1"], "offset 0x1 is no multiple of the width 4"),
        (["read", "3", "2", "0", "17"], "outside the BAR of 0x40 bytes"),
        (["read", "3", "0", "x"], "'x' is no number"),
        (["write", "3", "0", "0", "256", "-w", "1"], "0x100 does not fit into 1 bytes"),
    ],
)
def test_wrong_usage_is_told(command: Command, words: list[str], text: str) -> None:
    status, out, log = command(*words, *CARD)
    assert (status, out) == (2, [])
    assert text in log


def test_a_machine_that_is_none_is_wrong_usage(command: Command) -> None:
    status, _, log = command("list", "-m", "moon:")
    assert status == 2
    assert "no kind of machine is called 'moon'" in log
