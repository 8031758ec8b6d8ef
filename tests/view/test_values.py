"""A driver's data from Python, by the names of its C source."""

from __future__ import annotations

from pathlib import Path

import pytest

from rumphost.errors import UsageError
from rumphost.view import Unreadable, address_of, bytes_of, entries, frozen, text_of, type_of

SHAPES = str(Path(__file__).parent / "shapes" / "shapes.c")
pytestmark = [pytest.mark.driver(SHAPES), pytest.mark.machine("sim:teach")]


async def test_the_softc_is_found_by_its_attach_function(device):
    sc = device.softc
    assert str(type_of(sc)) == "struct shapes_softc"
    assert address_of(sc) == device.private
    assert int(sc.sc_dev) == device.address


async def test_numbers_are_what_c_says(device):
    sc = device.softc
    assert (sc.sc_bool, sc.sc_byte, sc.sc_short, sc.sc_long) == (True, -2, 65535, -1)
    assert sc.sc_bool is True
    assert (sc.sc_inside, sc.sc_deep, sc.sc_count) == (1, 2, 3)


async def test_bit_fields(device):
    sc = device.softc
    found = (sc.sc_low, sc.sc_middle, sc.sc_signed, sc.sc_flag, sc.sc_wide)
    assert found == (5, 100, -3, True, 0x1FFFFFFFF)
    sc.sc_middle = 127
    sc.sc_signed = -8
    assert (sc.sc_low, sc.sc_middle, sc.sc_signed, sc.sc_flag) == (5, 127, -8, True)
    with pytest.raises(UsageError, match="does not fit"):
        sc.sc_low = 8


async def test_enumerations_know_their_names(device):
    sc = device.softc
    assert repr(sc.sc_shape) == "SHAPE_SQUARE"
    assert sc.sc_shape == 7
    sc.sc_shape = "SHAPE_ODD"
    assert (sc.sc_shape, str(sc.sc_shape)) == (-1, "SHAPE_ODD")
    sc.sc_shape = 99
    assert str(sc.sc_shape) == "99"
    with pytest.raises(UsageError, match="has no SHAPE_FLAT; it has SHAPE_NONE"):
        sc.sc_shape = "SHAPE_FLAT"


async def test_unions_and_arrays(device):
    sc = device.softc
    assert list(sc.sc_union.u_bytes) == [1, 2, 3, 4]
    sc.sc_union.u_bytes[3] = 0xFF
    assert sc.sc_union.u_word == 0xFF030201
    assert [list(row) for row in sc.sc_matrix] == [[0, 1, 2], [3, 4, 5]]
    assert sc.sc_matrix[-1][0:2] == [3, 4]
    assert len(sc.sc_items) == 3
    assert str(type_of(sc.sc_matrix)) == "uint8_t[2][3]"
    with pytest.raises(IndexError, match=r"uint8_t\[4\]"):
        sc.sc_union.u_bytes[4]


async def test_an_array_at_the_end_goes_as_far_as_one_says(device):
    flexible = device.softc.sc_flexible
    assert len(flexible) == 0
    assert isinstance(flexible[0], int)


async def test_texts(device):
    sc = device.softc
    assert (text_of(sc.sc_text), str(sc.sc_text), text_of(sc.sc_string)) == (
        "a text", "a text", "a string",
    )  # fmt: skip
    sc.sc_text[0] = "A"
    assert str(sc.sc_text) == "A text"


async def test_pointers_lead_on(device):
    sc = device.softc
    item = sc.sc_items[0].it_next
    assert item
    assert item.it_number == item[0].it_number == 11
    assert item == address_of(sc.sc_items[1])
    assert item[1].it_number == 12
    assert [one.it_number for one in item[0:2]] == [11, 12]
    item.it_number = 77
    assert sc.sc_items[1].it_number == 77
    assert not sc.sc_null
    assert device.view("struct item", sc.sc_void).it_number == 77
    assert device.view("struct item *", address_of(sc) + 0)
    assert bytes_of(sc.sc_string, 3) == b"a s"


async def test_a_function_pointer_has_a_name(device):
    assert "shapes_detach" in repr(device.softc.sc_function)
    assert str(device.view("struct device", device.address).dv_cfattach.ca_attach).endswith(
        "shapes_attach"
    )


async def test_types_of_other_sources_are_found(device):
    hidden = device.softc.sc_hidden
    assert (hidden.sh_value, hidden.sh_low) == (11, 12)


async def test_c_names_go_before_pythons(device):
    sc = device.softc
    assert (sc["class"], sc.address) == (40, 41)
    sc["class"] = 5
    assert getattr(sc, "class") == 5
    assert {"sc_items", "class", "sc_deep"} <= set(dir(sc))


@pytest.mark.parametrize(
    ("member", "why"),
    [
        ("sc_null", "a NULL pointer"),
        ("sc_bad", "0x123450000 is not mapped"),
        ("sc_freed", "is memory that was freed"),
    ],
)
async def test_a_pointer_to_nothing_is_an_error_with_a_sentence(device, member, why):
    pointer = device.softc[member]
    with pytest.raises(Unreadable, match=why):
        pointer.it_number  # noqa: B018
    with pytest.raises(Unreadable, match=why):
        pointer[0]
    with pytest.raises(Unreadable):
        pointer.it_number = 3


async def test_what_is_wrong_is_said(device):
    sc = device.softc
    with pytest.raises(AttributeError, match="struct shapes_softc has no member sc_shap; it has"):
        sc.sc_shap  # noqa: B018
    with pytest.raises(AttributeError, match="shapes_unknown: the driver's source does not say"):
        sc.sc_unknown.foo  # noqa: B018
    with pytest.raises(UsageError, match="points to nothing that is known"):
        sc.sc_void[0]
    with pytest.raises(UsageError, match="only numbers are"):
        sc.sc_null = 3
    with pytest.raises(UsageError, match="is no number"):
        sc.sc_long = "many"
    with pytest.raises(UsageError, match="does not fit"):
        sc.sc_byte = 1000
    with pytest.raises(UsageError, match="has no type 'struct nothing'"):
        device.view("struct nothing", 0)
    with pytest.raises(UsageError, match="has no type 'struct shapes_unknown'"):
        device.view("struct shapes_unknown", device.private)
    with pytest.raises(UsageError, match="void has no size here"):
        device.view("void", device.private)
    with pytest.raises(UsageError, match="how many elements"):
        device.view("int[n]", device.private)


async def test_a_view_is_text(device):
    sc = device.softc
    text = repr(sc)
    assert text.startswith(f"struct shapes_softc at {device.private:#x} {{\n    sc_dev = 0x")
    for line in (
        "sc_shape = SHAPE_SQUARE,",
        "sc_union = {u_word = 0x4030201, u_bytes = {1, 2, 3, 4}},",
        'sc_text = "a text",',
        "sc_matrix = {{0, 1, 2}, {3, 4, 5}},",
        "sc_null = NULL,",
        "sc_function = shapes_detach,",
        "sc_bad = 0x123450000,",
        "{sc_inside = 1, {sc_deep = 2}},",
    ):
        assert f"    {line}\n" in text
    assert '"a string"' in repr(sc.sc_string)
    assert repr(sc.sc_null) == "(struct item *) NULL"


async def test_a_device_that_is_gone_has_no_softc(host, device):
    sc = device.softc
    await host.detach(device)
    with pytest.raises(UsageError, match="shapes0 is gone"):
        device.softc  # noqa: B018
    with pytest.raises(Unreadable, match="freed"):
        sc.sc_long  # noqa: B018


async def test_a_frozen_view_stays_as_it_was(host, device):
    sc = device.softc
    held = host.boundary.allocations()
    was = frozen(sc, [(one.address, one.size) for one in held])
    sc.sc_long = 5
    sc.sc_items[1].it_number = 6
    await host.detach(device)
    assert (was.sc_long, was.sc_items[0].it_next.it_number) == (-1, 11)
    assert str(was.sc_text) == "a text"
    assert [one.it_number for one in was.sc_tail] == [10, 11, 12]
    with pytest.raises(UsageError, match="cannot be written"):
        was.sc_long = 1
    with pytest.raises(Unreadable, match="freed"):
        was.sc_freed.it_number  # noqa: B018


# -- variables


async def test_variables_of_the_image(device):
    image = device.image
    assert list(image.variable("shapes_numbers")) == [1, 2, 3]
    assert image.variable("shapes_level", "shapes.c") == 2
    image.debug.set_variable("shapes_level", 9, "shapes_other.c")
    assert image.variable("shapes_level", "shapes_other.c") == 9
    with pytest.raises(UsageError, match=r"shapes_level is a variable of .*: say which"):
        image.variable("shapes_level")
    with pytest.raises(UsageError, match="has no variable shapes_nothing"):
        image.variable("shapes_nothing")
    with pytest.raises(UsageError, match="shapes_unused: the compiler has removed it"):
        image.variable("shapes_unused")
    assert image.type("struct shapes_softc").size == image.type("struct shapes_softc").plain.size
    assert [image.type(name).size for name in ("int", "uint64_t", "char *", "short[3]")] == [
        4, 8, 8, 6,
    ]  # fmt: skip


# -- queue(3)


@pytest.mark.parametrize(
    ("head", "link", "numbers"),
    [
        ("sc_tail", "", [10, 11, 12]),
        ("sc_tail", "it_tail", [10, 11, 12]),
        ("sc_list", "", [12, 11, 10]),
        ("sc_slist", "", [12, 11, 10]),
        ("sc_stail", "", [10, 11, 12]),
        ("sc_simple", "", [10, 11, 12]),
        ("sc_empty", "", []),
    ],
)
async def test_queues(device, head, link, numbers):
    found = entries(device.softc[head], link)
    assert [one.it_number for one in found] == numbers


async def test_a_head_is_walked_as_it_is(device):
    sc = device.softc
    assert [one.it_number for one in sc.sc_tail] == [10, 11, 12]
    assert [one.it_number for one in entries(sc.sc_items[0].it_next, "it_next")] == [11, 12]
    devices = device.image.variable("rumphost_devices")
    assert [str(one.rd_device.dv_xname) for one in devices] == ["pci0", "shapes0"]


async def test_a_queue_that_is_none_or_broken(device):
    sc = device.softc
    with pytest.raises(UsageError, match="is no head of a queue"):
        next(iter(sc.sc_union))
    with pytest.raises(UsageError, match="name the member"):
        next(entries(sc.sc_null))
    first, last = address_of(sc.sc_items[0]), sc.sc_items[2]
    place = address_of(last) + type_of(last).plain.by_name["it_next"].offset
    device.image.debug.memory.write(place, first.to_bytes(8, "little"))
    with pytest.raises(UsageError, match="goes in a circle"):
        list(entries(sc.sc_items[0].it_next, "it_next"))
