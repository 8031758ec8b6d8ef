"""Each fault that only a sanitizer sees is found and named, and nothing is where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from rumphost.build import Builder
from rumphost.build.instrumentation import Instrumentation
from rumphost.errors import DriverPanic, MemoryViolation, SanitizerError
from rumphost.host import Host, open_host, run

SOURCE = Path(__file__).parent / "faulty" / "sanitized.c"
BOTH = Instrumentation(("address", "undefined"))
ADDRESS = Instrumentation(("address",))
NUMBERS = {
    "heap_overflow": 1, "heap_underflow": 2, "use_after_free": 3, "copied_overflow": 4,
    "stack_overflow": 5, "stack_after_scope": 6, "variable_array_overflow": 7,
    "global_overflow": 8, "shift_too_far": 9, "shift_into_sign": 10, "signed_overflow": 11,
    "misaligned": 12, "null_member": 13, "index_out_of_bounds": 14, "divided_by_zero": 15,
    "freed_twice": 16,
}  # fmt: skip
BAD_ACCESS = [
    ("heap_overflow", "heap overflow", "a store of 1 byte just past the end of 60 bytes"),
    ("heap_underflow", "heap underflow", "a load of 4 bytes 4 bytes before the start of 64 bytes"),
    ("use_after_free", "use after free", "a store of 4 bytes at byte 8 of 64 bytes after their"),
    ("copied_overflow", "heap overflow", "just past the end of 60 bytes"),
    ("stack_overflow", "stack overflow", "a store of 2 bytes just past the end of words, 12 bytes"
     " on the stack of stack_overflow"),
    ("stack_after_scope", "use after scope", "at byte 4 of local, 16 bytes on the stack of"
     " stack_after_scope, whose block has been left"),
    ("variable_array_overflow", "stack overflow", "a store of 1 byte out of bounds of what"),
    ("global_overflow", "global overflow", "a load of 4 bytes just past the end of"
     " sanitized_table, 20 bytes of "),
]  # fmt: skip
UNDEFINED = [
    ("shift_too_far", "shift by 32 bits of type 'unsigned int', which has 32"),
    ("shift_into_sign", "left shift of 3 by 31 bits cannot be represented in type 'int'"),
    ("signed_overflow", "2147483647 + 1 cannot be represented in type 'int'"),
    ("misaligned", "load of an address of type 'uint32_t' that is 2 past a multiple of 4"),
    ("index_out_of_bounds", "index 4 is out of bounds of type 'u_int [4]'"),
]


def builder(fault: str = "", added: Instrumentation = BOTH) -> Builder:
    return Builder(instrumentation=added, defines={"FAULT": str(NUMBERS.get(fault, 0))})


async def attach(host: Host) -> None:
    (device,) = await host.attach(str(SOURCE))
    await host.detach(device)


def line_of(words: str) -> int:
    """The line of the driver that begins a function, with this word before the bracket."""
    for number, line in enumerate(SOURCE.read_text().splitlines(), 1):
        if line.startswith(f"{words}("):
            return number
    raise LookupError(words)


@pytest.mark.parametrize(("fault", "kind", "words"), BAD_ACCESS)
def test_an_access_out_of_bounds_ends_the_driver(fault, kind, words):
    async def main() -> None:
        async with open_host("sim:teach", builder=builder(fault, ADDRESS)) as host:
            with pytest.raises(SanitizerError) as raised:
                await attach(host)
            error = raised.value
            assert error.kind == kind
            assert words in error.message
            assert error.driver == "sanitized0"
            where = next(one for one in error.backtrace if one.function == fault)
            assert 0 < where.line - line_of(fault) < 15
            assert where.file == str(SOURCE)
            assert not any("/instrument/" in one.file for one in error.backtrace)
            assert host.panics == []
            assert host.devices == []

    run(main)


def test_memory_knows_who_allocated_and_who_released_it():
    async def main() -> None:
        async with open_host("sim:teach", builder=builder("use_after_free")) as host:
            with pytest.raises(SanitizerError) as raised:
                await attach(host)
            allocated, released = raised.value.places
            assert (allocated.what, released.what) == ("allocated", "released")
            for place, function in ((allocated, "kmem_zalloc"), (released, "kmem_free")):
                names = [frame.function for frame in place.backtrace]
                assert names.index(function) + 1 == names.index("sanitized_attach")

    run(main)


def test_what_is_freed_twice_is_told_with_both_places():
    async def main() -> None:
        async with open_host("sim:teach", builder=builder("freed_twice")) as host:
            with pytest.raises(
                MemoryViolation, match=r"kmem_free of .*, which was released before"
            ):
                await attach(host)

    run(main)


@pytest.mark.parametrize(("fault", "words"), UNDEFINED)
def test_undefined_behaviour_is_found_and_the_driver_goes_on(fault, words):
    async def main() -> None:
        async with open_host("sim:teach", builder=builder(fault)) as host:
            await attach(host)
            (error,) = host.sanitizer_findings
            assert error.kind == "undefined behaviour"
            assert words in error.message
            assert (error.driver, error.backtrace[0].function) == ("sanitized0", fault)
            place = f"{SOURCE}:{error.backtrace[0].line}:"
            assert place in error.message
            assert "sanitized0: warning: KUBSAN: " in host.console.text
            assert f"{words}, at {place}" in host.console.text
            assert str(host.findings[0]) == f"sanitized0: {error.message}"
            await attach(host)
            assert len(host.sanitizer_findings) == 1

    run(main)


@pytest.mark.parametrize(
    ("fault", "words", "signal"),
    [
        ("null_member", "member access within a null pointer of type", "SIGSEGV"),
        ("divided_by_zero", "division of 100 by zero", "SIGFPE"),
    ],
)
def test_what_the_processor_refuses_is_explained_before(fault, words, signal):
    async def main() -> None:
        async with open_host("sim:teach", builder=builder(fault)) as host:
            with pytest.raises(DriverPanic, match=signal):
                await attach(host)
            assert words in host.sanitizer_findings[0].message

    run(main)


def test_without_a_fault_there_is_nothing_to_find():
    async def main() -> None:
        async with open_host("sim:teach", builder=builder()) as host:
            await attach(host)
            before = host.boundary.bytes_in_use
            await attach(host)
            assert host.sanitizer_findings == host.findings == []
            assert host.boundary.bytes_in_use == before

    run(main)


def test_a_driver_may_be_let_go_on():
    async def main() -> None:
        added = Instrumentation(("address",), recover=True)
        async with open_host("sim:teach", builder=builder("heap_overflow", added)) as host:
            await attach(host)
            (error,) = host.sanitizer_findings
            assert error.kind == "heap overflow"
            assert "KASAN: a store of 1 byte just past the end of 60 bytes" in host.console.text

    run(main)


def test_the_host_takes_images_with_and_without():
    """What was allocated before there was a shadow is as good as what comes after."""

    async def main() -> None:
        async with open_host("sim:teach,edu", builder=Builder()) as host:
            (edu,) = await host.attach("edu")
            await host.load(builder("use_after_free").build([str(SOURCE)]))
            with pytest.raises(SanitizerError, match="at byte 8 of 64 bytes after their release"):
                await host.attach(functions=[host.machine.functions[0]])
            await host.detach(edu)

    run(main)


@pytest.mark.machine("sim:teach")
@pytest.mark.driver("teach")
@pytest.mark.sanitize("address", "undefined")
async def test_the_marker_has_drivers_built_so(host, device):
    assert device.image.symbol("rumphost_shadow_offset")
    assert host.sanitizer_findings == []
