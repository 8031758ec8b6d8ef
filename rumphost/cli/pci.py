"""``rumphost pci``: look at the PCI functions of a machine, as pcictl and pciconf do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TypeVar

import click
import trio

from rumphost.debug.config_space import Field, decode, describe_bar, size_of
from rumphost.errors import UsageError
from rumphost.kernel.pci_names import class_name, product_name
from rumphost.machine import Machine, PciFunction, Region
from rumphost.machines import clock_of, open_machine

from .options import output_format
from .output import Output

F = TypeVar("F", bound=Callable[..., Any])
_COMMAND = 0x04
_DECODES = 0x3
_ADDRESS = re.compile(
    r"(?:(?P<bus>[0-9A-Fa-f]{1,2}):)?(?P<device>[0-9A-Fa-f]{1,2})(?:\.(?P<function>[0-7]))?"
)
_WIDTH = click.Choice(["1", "2", "4", "8"])
_A_LINE = 16


class Number(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A number in C's notation."""

    name = "number"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        try:
            number = value if isinstance(value, int) else int(str(value), 0)
        except ValueError:
            self.fail(f"{value!r} is no number: write 32 or 0x20", param, ctx)
        if number < 0:
            self.fail(f"{value!r} is negative", param, ctx)
        return number


def _of_machine(command: F) -> F:
    command = click.option(
        "-m",
        "--machine",
        default="sim:",
        show_default=True,
        help="sim:MODEL,... or qemu:DEVICE,...",
    )(command)
    return output_format(command)


@click.group()
def pci() -> None:
    """List the PCI functions of a machine; read and write their registers.

    ADDRESS is BUS:DEVICE.FUNCTION in hexadecimal, as `rumphost pci list' prints it; bus and
    function may be left out when they are 0. Numbers are as in C: 32, 0x20.
    """


@pci.command("list")
@_of_machine
def list_(machine: str, format_: str, quiet: bool) -> None:
    """List the functions, with their base address registers."""
    output = Output(json=format_ == "json", quiet=quiet)

    def use(opened: Machine) -> None:
        for function in opened.functions:
            _print_function(output, function)

    _with_machine(machine, use)


@pci.command()
@click.argument("address")
@click.option("--hex", "shows_bytes", is_flag=True, help="The bytes, instead of what they mean.")
@_of_machine
def dump(address: str, shows_bytes: bool, machine: str, format_: str, quiet: bool) -> None:
    """Print configuration space, decoded."""
    output = Output(json=format_ == "json", quiet=quiet)

    def use(opened: Machine) -> None:
        function = _find(opened, address)
        if shows_bytes:
            size = size_of(function)
            values = [function.config_read(at, 4) for at in range(0, size, 4)]
            _print_values(output, 0, 4, values)
            return
        for field in decode(function):
            output.fact(str(field), "register", **_record(field))

    _with_machine(machine, use)


@pci.command()
@click.argument("address")
@click.argument("bar", type=click.IntRange(0, 5))
@click.argument("start", type=Number(), default=0)
@click.argument("count", type=Number(), default=1)
@click.option("-w", "--width", type=_WIDTH, default="4", show_default=True, help="In bytes.")
@click.option("--name", "names", is_flag=True, help="Name the registers, where a model knows them.")
@_of_machine
def read(
    address: str,
    bar: int,
    start: int,
    count: int,
    width: str,
    names: bool,
    machine: str,
    format_: str,
    quiet: bool,
) -> None:
    """Read COUNT registers of a BAR from offset START. Reading may change what a device does."""
    output = Output(json=format_ == "json", quiet=quiet)

    def use(opened: Machine) -> None:
        with _bar(_find(opened, address), bar) as region:
            _check_range(region, start, count, int(width))
            offsets = range(start, start + count * int(width), int(width))
            values = [region.read(offset, int(width)) for offset in offsets]
            if not names:
                _print_values(output, start, int(width), values)
                return
            for offset, value in zip(offsets, values, strict=True):
                text = f"{offset:#x}: {value:#0{2 + 2 * int(width)}x} "
                text += region.describe(offset, value)
                output.fact(text, "value", offset=offset, width=int(width), value=value)

    _with_machine(machine, use)


@pci.command()
@click.argument("address")
@click.argument("bar", type=click.IntRange(0, 5))
@click.argument("start", type=Number())
@click.argument("values", type=Number(), nargs=-1, required=True, metavar="VALUE...")
@click.option("-w", "--width", type=_WIDTH, default="4", show_default=True, help="In bytes.")
@_of_machine
def write(
    address: str,
    bar: int,
    start: int,
    values: tuple[int, ...],
    width: str,
    machine: str,
    format_: str,
    quiet: bool,
) -> None:
    """Write VALUEs to registers of a BAR from offset START on, and print what they read then."""
    output = Output(json=format_ == "json", quiet=quiet)
    size = int(width)
    for value in values:
        if value >> 8 * size:
            raise UsageError(f"{value:#x} does not fit into {size} bytes")

    def use(opened: Machine) -> None:
        with _bar(_find(opened, address), bar) as region:
            _check_range(region, start, len(values), size)
            for number, value in enumerate(values):
                region.write(start + number * size, size, value)
            opened.flush()
            after = [region.read(start + number * size, size) for number in range(len(values))]
            _print_values(output, start, size, after)

    _with_machine(machine, use)


def _with_machine(name: str, use: Callable[[Machine], None]) -> None:
    async def main() -> None:
        async with open_machine(name, virtual=clock_of(name) == "virtual") as machine:
            use(machine)

    trio.run(main)


def _find(machine: Machine, text: str) -> PciFunction:
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is no address: write 00:03.0, or 3")
    wanted = (
        int(match["bus"] or "0", 16),
        int(match["device"], 16),
        int(match["function"] or "0"),
    )
    for function in machine.functions:
        address = function.address
        if (address.bus, address.device, address.function) == wanted:
            return function
    there = ", ".join(str(function.address) for function in machine.functions) or "nothing"
    raise UsageError(f"no function is at {text} (there is: {there})")


@contextmanager
def _bar(function: PciFunction, index: int) -> Iterator[Region]:
    """Yield the registers of a BAR while the function answers at it."""
    if index not in function.bars:
        there = ", ".join(map(str, sorted(function.bars))) or "none"
        raise UsageError(f"{function.address} has no BAR {index} (there is: {there})")
    command = function.config_read(_COMMAND, 2)
    function.config_write(_COMMAND, 2, command | _DECODES)
    try:
        yield function.map_bar(index)
    finally:
        function.config_write(_COMMAND, 2, command)


def _check_range(region: Region, start: int, count: int, width: int) -> None:
    if start % width:
        raise UsageError(f"offset {start:#x} is no multiple of the width {width}")
    if start + count * width > region.size:
        end = start + count * width
        raise UsageError(f"{start:#x} to {end:#x} is outside the BAR of {region.size:#x} bytes")


def _print_function(output: Output, function: PciFunction) -> None:
    identity, class_register = function.config_read(0, 4), function.config_read(8, 4)
    what = product_name(identity) + class_name(class_register)
    bars = {index: describe_bar(function, index) for index in sorted(function.bars)}
    lines = [f"{function.address}: {what}", *(f"\tBAR {n}: {text}" for n, text in bars.items())]
    output.fact(
        "\n".join(lines),
        "function",
        address=str(function.address),
        vendor=identity & 0xFFFF,
        product=identity >> 16,
        description=what,
        vectors={kind: function.vector_count(kind) for kind in ("intx", "msi", "msix")},
        bars=[asdict(function.bars[index]) for index in bars],
    )


def _print_values(output: Output, start: int, width: int, values: list[int]) -> None:
    """Print values as a dump: the offset, then 16 bytes a line in units of ``width``."""
    if output.json:
        for number, value in enumerate(values):
            output.fact("", "value", offset=start + number * width, width=width, value=value)
        return
    each = _A_LINE // width
    for at in range(0, len(values), each):
        words = " ".join(f"{value:0{2 * width}x}" for value in values[at : at + each])
        output.fact(f"{start + at * width:04x}: {words}", "values")


def _record(field: Field) -> dict[str, Any]:
    return asdict(field)
