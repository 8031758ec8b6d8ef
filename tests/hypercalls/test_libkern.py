"""The C library pages of the shim: printf(9), snprintb(9), strings, kmem(9), pool(9), time."""

from __future__ import annotations

import pytest
from libkern_shim import Shim, Stopped

SLEEP, NOSLEEP = 1, 2
WAITOK, NOWAIT, ZERO, CANFAIL = 0, 1, 2, 4
BOOT_NS = 1_000_000_000_000_000_000


def signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def formatted(shim: Shim, text: str, *args: int | str, room: int = 100) -> str:
    """Return what snprintf makes of it, having checked the length that it returns."""
    buffer = shim.boundary.memory.allocate(room)
    length = shim.call("format3", buffer, room, text, *args)
    result = shim.boundary.memory.c_string(buffer)
    assert len(result) == min(length, room - 1)
    return result


@pytest.mark.parametrize(
    ("text", "args", "expected"),
    [
        ("plain", (), "plain"),
        ("%d %i %u", (-1, -42, 7), "-1 -42 7"),
        ("%u", (-1,), "4294967295"),
        ("%5d|%-5d|%05d", (42, 42, -42), "   42|42   |-0042"),
        ("%+d % d %+d", (1, 1, -1), "+1  1 -1"),
        ("%x %X %#x", (0xBEEF, 0xBEEF, 0xBEEF), "beef BEEF 0xbeef"),
        ("%#x %#08x %08x", (0, 0x12, 0x12), "0 0x000012 00000012"),
        ("%o %#o %#o", (8, 8, 0), "10 010 0"),
        ("%.3d|%.0d|%6.3d", (5, 0, 7), "005||   007"),
        ("%08.3d", (7,), "     007"),
        ("%ld %lu %lx", (-(1 << 40), 1 << 63, 1 << 40), f"{-(1 << 40)} {1 << 63} 10000000000"),
        ("%lld %qd %jd", (-1, -2, -3), "-1 -2 -3"),
        ("%zu %td %zx", (1 << 33, -5, 255), f"{1 << 33} -5 ff"),
        ("%hhx %hd %hhd", (0x1FF, 0x18000, 0x80), "ff -32768 -128"),
        ("%p %p", (0xDEAD, 0), "0xdead 0x0"),
        ("%c%c%3c", (0x41, 0x62, 0x63), "Ab  c"),
        ("%s|%5s|%-5s|", ("a", "b", "c"), "a|    b|c    |"),
        ("%.2s|%.*s", ("abc", 1, "xyz"), "ab|x"),
        ("%*d|%-*d|", (4, 7, 3), None),
        ("%s", (0,), "(null)"),
        ("100%% %y", (), "100% %y"),
        ("%", (), "%"),
        ("%5", (), "%5"),
    ],
)
def test_snprintf(shim, text, args, expected):
    if expected is None:
        assert formatted(shim, "%*d|", 4, 7) == "   7|"
        assert formatted(shim, "%*d|", -4 & 0xFFFF_FFFF, 7) == "7   |"
        return
    assert formatted(shim, text, *args) == expected


def test_snprintf_cuts_and_returns_the_full_length(shim):
    assert formatted(shim, "%d", 123456, room=4) == "123"
    assert shim.call("format3", 0, 0, "%s-%d", "abc", 5) == 5


def test_printf_reaches_the_console_in_pieces(shim):
    shim.call("say", "%s and %d\n", "one", 2)
    assert shim.written == [(0, "one and 2\n")]
    shim.written.clear()
    shim.call("say", "%s%s\n", "x" * 300, "y" * 300)
    assert shim.text == "x" * 300 + "y" * 300 + "\n"
    assert len(shim.written) == 3


def test_aprint_names_device_and_level(shim):
    assert shim.call("announce", "sk0") == 10  # one error, then none
    assert shim.written == [
        (0, "sk0: found 2 of three\n"),
        (1, "tape\n"),
        (4, "sk0: broken\n"),
        (5, "sk0: timeout\n"),
    ]


def test_panic_and_assertions_say_what_and_where(shim):
    with pytest.raises(Stopped, match=r"^panic: bad 5 things$"):
        shim.call("collapse", "bad %d things", 5)
    assert shim.call("assertion", 0) == 0
    with pytest.raises(Stopped, match=r'diagnostic assertion "value != 1" failed: file ".*", line'):
        shim.call("assertion", 1)
    with pytest.raises(Stopped, match=r"value 2$"):
        shim.call("assertion", 2)


NEW = "\177\020b\0LSB\0b\1BITONE\0f\4\4NIBBLE2\0f\x10\4BURST\0=\4FOUR\0=\x0fSIXTEEN\0b\x1fMSB\0\0"


def described(shim: Shim, text: str, value: int, longest: int = 0, room: int = 200) -> list[str]:
    raw = text.encode("latin-1") + b"\0"
    memory = shim.boundary.memory
    address = memory.allocate(len(raw))
    memory.write(address, raw)
    buffer = memory.allocate(room)
    length = signed(shim.call("bits", buffer, room, address, value, longest))
    if length < 0:
        raise ValueError(text)
    got = memory.read(buffer, min(length, room - 1)).decode("latin-1")
    return got.split("\0")


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("\10\2BITTWO\1BITONE", 3, "03<BITTWO,BITONE>"),
        ("\20\x10NOTBOOT\x0fFPP\x0eSDVMA\x0cVIDEO", 0xE860, "0xe860<NOTBOOT,FPP,SDVMA,VIDEO>"),
        ("\20\1A\2B", 0, "0x0"),
        ("\20\1A\2B", 4, "0x4"),
        ("\12\1A\2B", 3, "3<A,B>"),
        (NEW, 0x800F0701, "0x800f0701<LSB,NIBBLE2=0x0,BURST=0xf=SIXTEEN,MSB>"),
        ("\177\020F\0\4:\1one\0:\2two\0*other %ju\0\0", 2, None),
    ],
)
def test_snprintb(shim, text, value, expected):
    if expected is None:
        with_default = "\177\020f\0\4FIELD\0=\1one\0*=other(%ju)\0\0"
        assert described(shim, with_default, 9) == ["0x9<FIELD=0x9=other(9)>"]
        assert described(shim, with_default, 1) == ["0x1<FIELD=0x1=one>"]
        return
    assert described(shim, text, value) == [expected]


def test_snprintb_m_breaks_lines(shim):
    lines = described(shim, NEW, 0x800F0701, longest=34)
    assert lines[:2] == ["0x800f0701<LSB,NIBBLE2=0x0>", "0x800f0701<BURST=0xf=SIXTEEN,MSB>"]
    assert all(len(line) <= 34 for line in lines)


def test_snprintb_refuses_an_unknown_base_and_cuts(shim):
    with pytest.raises(ValueError, match="nonsense"):
        described(shim, "nonsense", 1)
    assert described(shim, "\20\1LONGNAME", 1, room=8) == ["0x1<LON"]


def test_humanize_number(shim):
    memory = shim.boundary.memory
    buffer = memory.allocate(32)

    def human(*args: int | str) -> str:
        assert signed(shim.call("humanize", buffer, *args)) == len(memory.c_string(buffer))
        return memory.c_string(buffer)

    assert human(9, 1536, "B", 1024) == "1536 B"
    assert human(9, 123 << 20, "B", 1024) == "123 MB"
    assert human(6, 2_000_000, "B", 1000) == "2 MB"
    assert human(9, 5, "", 0) == "5"
    assert human(9, 3 << 30, "", 0) == "3072 MB"
    assert signed(shim.call("humanize", buffer, 4, 1, "B", 1000)) == -1


@pytest.mark.parametrize(
    ("name", "a", "b", "n", "expected"),
    [
        ("t_strlen", "hello", "", 0, 5),
        ("t_strlen", "", "", 0, 0),
        ("t_strnlen", "hello", "", 3, 3),
        ("t_strnlen", "hi", "", 9, 2),
        ("t_strcmp", "abc", "abc", 0, 0),
        ("t_strcmp", "a\xff", "ab", 0, 0xFF - ord("b")),
        ("t_strncmp", "abcd", "abxx", 2, 0),
        ("t_strcasecmp", "HeLLo", "hEllO", 0, 0),
        ("t_strchr", "hello", "", ord("l"), 2),
        ("t_strchr", "hello", "", 0, 5),
        ("t_strchr", "hello", "", ord("z"), -1),
        ("t_strrchr", "hello", "", ord("l"), 3),
        ("t_strstr", "haystack", "stack", 0, 3),
        ("t_strstr", "haystack", "needle", 0, -1),
        ("t_strspn", "112xyz", "12", 0, 3),
        ("t_strcspn", "xyz1", "12", 0, 3),
        ("t_strpbrk", "xyz1", "12", 0, 3),
        ("t_strpbrk", "xyz", "12", 0, -1),
        ("t_memcmp", "abc", "abd", 3, -1),
        ("t_memcmp", "abc", "abd", 2, 0),
        ("t_equal", "abc", "abd", 2, 1),
        ("t_equal", "abc", "abd", 3, 0),
        ("t_pmatch", "if_wm0", "wm[0-9]", 0, 2),
        ("t_pmatch", "if_wm0x", "w?0", 0, 1),
        ("t_pmatch", "if_wm0", "sk*", 0, 0),
        ("t_strtoul", "0x1fz", "", 0, 0x1F),
        ("t_strtoul", "  077", "", 0, 0o77),
        ("t_strtoul", "99", "", 10, 99),
        ("t_strtoul", "-1", "", 10, -1),
        ("t_strtoul", "99999999999999999999", "", 10, -1),
        ("t_strtoll", "-0x10", "", 16, -16),
        ("t_strtoll", "-9999999999999999999", "", 10, -(1 << 63)),
        ("t_strtoll", "0x", "", 0, 0),
        ("t_crc32", "123456789", "", 9, 0xCBF43926),
        ("t_popcount", "", "", 0xF0F0_0000_0000_0001, 9),
        ("t_fls", "", "", 0x8000, 16),
        ("t_fls", "", "", 0, 0),
        ("t_ilog2", "", "", 0x8001, 15),
        ("t_strsep", "ab,c,,def", ",", 0, 2103),
    ],
)
def test_strings_and_numbers(shim, name, a, b, n, expected):
    assert signed(shim.call(name, a, b, n)) == expected


@pytest.mark.parametrize(
    ("name", "a", "b", "n", "memory", "result"),
    [
        ("t_strcpy", "........", "abc", 0, b"abc\0....", 0),
        ("t_strncpy", "........", "abc", 5, b"abc\0\0...", 0),
        ("t_strncpy", "........", "abcdef", 3, b"abc.....", 0),
        ("t_strlcpy", "........", "abcdef", 4, b"abc\0....", 6),
        ("t_strlcpy", "........", "abc", 0, b"........", 3),
        ("t_strlcat", "ab\0.....", "cdef", 5, b"abcd\0...", 6),
        ("t_strlcat", "abcd....", "x", 3, b"abcd....", 4),
        ("t_strncat", "ab\0.....", "cdef", 2, b"abcd\0...", 0),
        ("t_memcpy", "........", "abcdefgh", 5, b"abcde...", 0),
        ("t_memset", "........", "", 3, b"xxx.....", 0),
    ],
)
def test_strings_are_written_where_they_should(shim, name, a, b, n, memory, result):
    address = shim.string(a)
    assert shim.call(name, address, b, n) == result
    assert shim.boundary.memory.read(address, 8) == memory


def test_memmove_with_overlap(shim):
    address = shim.string("abcdefghijklmnopqrst")
    shim.call("t_memmove", address + 3, address, 10)
    assert shim.boundary.memory.c_string(address) == "abcabcdefghijnopqrst"
    shim.call("t_memmove", address, address + 3, 10)
    assert shim.boundary.memory.c_string(address) == "abcdefghijhijnopqrst"


def test_strtoi_tells_what_is_wrong(shim):
    ECANCELED, ENOTSUP, ERANGE = 87, 86, 34
    assert shim.call("t_strtoi", "17", 0, 20) == 0
    assert shim.call("t_strtoi", "none", 0, 20) == ECANCELED
    assert shim.call("t_strtoi", "17x", 0, 20) == ENOTSUP
    assert shim.call("t_strtoi", "21", 0, 20) == ERANGE
    assert shim.call("t_strtoi", "99999999999999999999", 0, 20) == ERANGE


def test_intoa_and_random(shim):
    address = shim.string("." * 20)
    shim.call("t_intoa", address, 0, 0x0100007F)
    assert shim.boundary.memory.c_string(address) == "127.0.0.1"
    numbers = [shim.call("t_random") for _ in range(20)]
    assert len(set(numbers)) == 20
    assert all(0 <= number < 1 << 31 for number in numbers)


def test_kheapsort(shim):
    memory = shim.boundary.memory
    items = [(n * 7919) % 251 for n in range(60)]
    address = memory.allocate(4 * len(items))
    memory.write(address, b"".join(n.to_bytes(4, "little") for n in items))
    assert shim.call("t_sort", address, len(items)) == 0
    got = [memory.read_uint(address + 4 * n, 4) for n in range(len(items))]
    assert got == sorted(items)


@pytest.mark.parametrize(
    ("which", "expected"), [(0, 1322), (1, 24), (2, 32), (3, 144)], ids=["t", "l", "s", "q"]
)
def test_queues(shim, which, expected):
    assert shim.call("t_queues", which) == expected


def test_kmem_is_booked_to_its_owner_and_checked(shim):
    address = shim.call("t_zalloc", 100, SLEEP)
    (found,) = shim.boundary.allocations(7)
    assert (found.address, found.size) == (address, 100)
    frame = shim.boundary.symbolizer.frames([found.site], exact_first=False)[0]
    assert frame.function == "t_zalloc"
    assert shim.boundary.memory.read(address, 100) == bytes(100)
    with pytest.raises(Stopped, match=r"kmem\(9\): kmem_free of .* with size 96, but 100 bytes"):
        shim.call("t_free", address, 96)
    shim.call("t_free", address, 100)
    assert shim.boundary.allocations(7) == []
    with pytest.raises(Stopped, match="which is not allocated: freed twice"):
        shim.call("t_free", address, 100)


def test_kmem_rules(shim):
    with pytest.raises(Stopped, match="kmem_alloc of 0 bytes"):
        shim.call("t_alloc", 0, SLEEP)
    with pytest.raises(Stopped, match="needs either KM_SLEEP or KM_NOSLEEP"):
        shim.call("t_alloc", 8, SLEEP | NOSLEEP)
    with pytest.raises(Stopped, match="interrupt context"):
        shim.call("t_alloc", 8, SLEEP, kind="i")
    assert shim.call("t_alloc", 8, NOSLEEP, kind="i") != 0
    with pytest.raises(Stopped, match="must not sleep"):
        shim.call("t_intr_alloc", 8, SLEEP, kind="s")
    assert shim.call("t_intr_alloc", 8, NOSLEEP, kind="i") != 0


def test_an_exhausted_arena(shim):
    assert shim.call("t_alloc", 1 << 23, NOSLEEP) == 0
    with pytest.raises(Stopped, match=r"panic: kmem\(9\): out of memory: the arena has no 8388608"):
        shim.call("t_alloc", 1 << 23, SLEEP)


def test_injected_failures_meet_only_those_who_must_not_wait(shim):
    shim.boundary.cpu.fault_injection = 1
    assert shim.call("t_alloc", 64, SLEEP) != 0
    assert shim.call("t_alloc", 64, NOSLEEP) == 0
    assert shim.call("t_alloc", 64, NOSLEEP) != 0


def test_allocations_are_shown_when_that_is_asked_for(shim):
    shim.boundary.cpu.slow = 8
    address = shim.call("t_alloc", 40, SLEEP)
    assert shim.boundary.memory.read(address, 40) == b"\xa5" * 40
    shim.refused_size = 48
    assert shim.call("t_alloc", 48, NOSLEEP) == 0
    assert shim.call("t_malloc", 48, NOWAIT) == 0
    shim.call("t_free", address, 40)
    assert shim.boundary.memory.read(address + 8, 8) == b"\x5a" * 8
    assert shim.boundary.allocations(7) == []
    assert shim.asked == ["kmem_allocated"] * 3 + ["kmem_released"]


def test_strings_in_kmem(shim):
    address = shim.call("t_asprintf")
    assert shim.boundary.memory.c_string(address) == "net-5"
    shim.call("t_strfree", address)
    assert shim.boundary.allocations(7) == []


def test_malloc(shim):
    address = shim.call("t_malloc", 50, WAITOK | ZERO)
    shim.boundary.memory.write(address, b"text")
    larger = shim.call("t_realloc", address, 5000)
    assert shim.boundary.memory.c_string(larger) == "text"
    assert [found.size for found in shim.boundary.allocations(7)] == [5000]
    assert shim.call("t_malloc", 1 << 23, NOWAIT) == 0
    assert shim.call("t_malloc", 1 << 23, CANFAIL) == 0
    shim.call("t_mfree", larger)
    with pytest.raises(Stopped, match=r"malloc\(9\): free of .* not allocated"):
        shim.call("t_mfree", larger)


def test_pool_cache_constructs_and_destructs(shim):
    assert shim.call("t_pool_cache") == (77 + 77 + 1 + 1) * 100 + 3 * 10 + 2
    assert shim.boundary.allocations(7) == []


def test_pool_limit(shim):
    assert shim.call("t_pool_limit", 3) == 3
    assert shim.written == [(5, "limited pool is empty\n")]
    assert shim.boundary.allocations(7) == []


def test_primed_items_are_there_when_memory_is_not(shim):
    assert shim.call("t_pool_prime", 2) == 0
    for _ in range(2):
        shim.boundary.cpu.fault_injection = 1
        assert shim.call("t_pool_get") != 0
    shim.boundary.cpu.fault_injection = 1
    assert shim.call("t_pool_get") == 0
    item = shim.call("t_pool_get")
    with pytest.raises(Stopped, match="destroyed with 3 items out"):
        shim.call("t_pool_destroy")
    shim.call("t_pool_put", item)
    shim.call("t_free", item, 2048)  # the reserve has it, so this is the test's own mischief


def test_a_pool_does_not_take_what_is_not_its_own(shim):
    shim.call("t_pool_prime", 0)
    item = shim.call("t_pool_get")
    other = shim.call("t_alloc", 64, SLEEP)
    with pytest.raises(Stopped, match=r"pool_put of .* with size 2048, but 64 bytes"):
        shim.call("t_pool_put", other)
    shim.call("t_pool_put", item)
    shim.call("t_pool_destroy")


def test_percpu_and_hashinit(shim):
    assert shim.call("t_percpu") == 5
    assert shim.call("t_hash", 100) == 127
    assert shim.boundary.allocations(7) == []


def clock(shim: Shim, which: int) -> tuple[int, int]:
    memory = shim.boundary.memory
    address = memory.allocate(16)
    assert shim.call("t_time", address, which) == 100
    return memory.read_uint(address, 8), memory.read_uint(address + 8, 8)


def test_time_follows_the_machine(shim):
    shim.boundary.cpu.boot_ns = BOOT_NS
    shim.now_ns = 5_123_456_789
    assert clock(shim, 0) == (6, 123_456_789)  # since the start, which was at 1 s
    assert clock(shim, 1) == (1_000_000_005, 123_456_789)
    assert clock(shim, 2) == (6, 120_000_000)  # at the last tick
    assert clock(shim, 3) == (1_000_000_005, 123_456_000)
    seconds, ns = clock(shim, 4)
    assert seconds == 6
    assert abs(ns - 123_456_789) <= 1
    assert clock(shim, 5) == (1_000_000_005, 6)
    assert clock(shim, 6) == (512, 512)
    shim.now_ns = 3_000_000_000  # a new run of the machine begins earlier
    assert clock(shim, 6) == (300, 300)


@pytest.mark.parametrize(
    ("sec", "usec", "ticks"), [(0, 0, 0), (0, 1, 2), (0, 10_000, 2), (1, 0, 101), (-1, 0, 0)]
)
def test_tvtohz_never_waits_too_short(shim, sec, usec, ticks):
    assert shim.call("t_tvtohz", sec, usec) == ticks


def test_mstohz(shim):
    assert shim.call("t_mstohz", 250) == 25
    assert shim.call("t_mstohz", 0x20000) == 13100


def test_ratecheck(shim):
    assert shim.call("t_ratecheck", 2) == 1
    shim.now_ns = 1_900_000_000
    assert shim.call("t_ratecheck", 2) == 0
    shim.now_ns = 2_000_000_000
    assert shim.call("t_ratecheck", 2) == 1


def test_ppsratecheck(shim):
    assert [shim.call("t_ppsratecheck", 2) for _ in range(4)] == [1, 1, 0, 0]
    shim.now_ns = 1_000_000_000
    assert shim.call("t_ppsratecheck", 2) == 1


def test_reading_the_clock_makes_time_pass(shim):
    assert shim.call("t_spin", 3000) >= 3000
    assert set(shim.asked) == {"delay"}


def test_atomic_once_and_lwp(shim):
    assert shim.call("t_atomic") == ((12 * 100 + 12 + 3) * 100 + 8) * 10 + 2
    assert shim.call("t_once") == 11
    assert shim.call("t_once") == 11
    assert shim.call("t_curlwp") == 1
    assert shim.call("t_curlwp", kind="i") == 11
    assert shim.call("t_curlwp", kind="s") == 21


def test_uiomove_and_copy(shim):
    memory = shim.boundary.memory
    a, b = shim.string("." * 16), shim.string("0123456789")
    assert shim.call("t_uiomove", a, b, 0) == 1 * 100 + 9
    assert memory.read(a, 16) == b"234.......5678.."
    memory.write(a, b"abc.......defgh.")
    assert shim.call("t_uiomove", a, b, 1) == 1 * 100 + 9
    assert memory.read(b, 10) == b"01abcdefg9"
    EFAULT, ENAMETOOLONG = 14, 63
    assert shim.call("t_copyinstr", "abc", a, 10) == 4
    assert shim.call("t_copyinstr", "abcdef", a, 4) == ENAMETOOLONG * 100 + 4
    assert shim.call("t_copyinstr", 0, a, 4) == EFAULT * 100
    assert shim.call("t_words", a) == 1
