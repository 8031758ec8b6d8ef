"""The files that config(1) would generate."""

import re
from pathlib import Path

import pytest

from rumphost.build import generate
from rumphost.build.config import Config, close
from rumphost.build.tree import Sources

TREE = Path(__file__).parent / "tree"


@pytest.fixture
def config() -> Config:
    return Sources.find(TREE).config()


def macros(text: str) -> dict[str, str]:
    return dict(re.findall(r"^#define\t(\w+)\t(.*)$", text, re.MULTILINE))


def test_locators_have_index_default_and_count(config: Config) -> None:
    found = macros(generate.locators_header(config))
    assert found["PCICF_DEV"] == "0"
    assert found["PCICF_FUNCTION"] == "1"
    assert found["PCICF_FUNCTION_DEFAULT"] == "-1"
    assert found["PCICF_NLOCS"] == "2"
    assert found["PINBUSCF_MASK"] == "1"
    assert found["PCIBUSCF_BUS_DEFAULT"] == "-1"
    assert not [name for name in found if name.startswith("ETHERCF")]


def test_every_option_header_exists_and_has_what_is_set(config: Config) -> None:
    config.settings["INET"] = None
    config.settings["RING_NAME"] = '"x"'
    found = generate.headers(close(config, ["abc"]))
    assert macros(found["opt_inet.h"]) == {"INET": "1"}
    assert macros(found["opt_rings.h"]) == {"RING_SIZE": "256", "RING_NAME": '"x"'}
    assert macros(found["opt_mii.h"]) == {}
    assert macros(found["opt_lockdebug.h"]) == {}
    assert macros(found["opt_old.h"]) == {}
    assert macros(found["opt_diagnostic.h"]) == {"DIAGNOSTIC": "1"}


def test_an_option_header_that_only_a_source_mentions_is_made_empty(config: Config) -> None:
    found = generate.headers(close(config, ["abc"]), ["opt_mine.h", "abcreg.h"])
    assert macros(found["opt_mine.h"]) == {}
    assert "abcreg.h" not in found


def test_count_headers_tell_what_is_in_the_image_or_the_host(config: Config) -> None:
    config.pseudo_devices["loop"] = 3
    found = generate.count_headers(close(config, ["duo"]))
    assert macros(found["duo.h"]) == {"NDUO": "1", "NDUOCORE": "1", "NWLAN": "0", "NSCSI": "0"}
    assert found["wlan.h"] == found["duo.h"]
    assert macros(found["ether.h"]) == {"NETHER": "1"}
    assert macros(found["bpfilter.h"]) == {"NBPFILTER": "1"}
    assert macros(found["loop.h"]) == {"NLOOP": "3"}
    assert macros(generate.count_headers(close(config, ["abc"]))["duo.h"])["NDUO"] == "0"


def test_ioconf_has_drivers_with_class_and_interfaces(config: Config) -> None:
    text = generate.ioconf_source(close(config, ["leaf", "abc"]))
    assert "CFDRIVER_DECL(abc, DV_IFNET, abc_attrs);" in text
    assert "CFDRIVER_DECL(leaf, DV_TTY, NULL);" in text
    assert "CFDRIVER_DECL(bridge, DV_DULL, bridge_attrs);" in text
    assert re.search(r"abc_attrs\[\] = \{\n\t&mii_iattrdata,\n\tNULL\n\}", text)
    assert '\t"mii", 1,\n\t{\n\t\t{ "phy", "-1", -1 },\n\t}' in text
    assert '{ "name", "none", none }' not in text


def test_ioconf_table_has_a_row_for_each_attachment_and_bus(config: Config) -> None:
    text = generate.ioconf_source(close(config, ["duo", "leaf"]))
    table = text.split("rumphost_ioconf[] =")[1].split("};")[0]
    rows = re.findall(r"^\t\{ (.*) \},?$", table, re.MULTILINE)
    assert '"duo", "duo_pci", "pci", &duo_pci_ca, &duo_cd, NULL, 2, 0x0' in rows
    assert '"leaf", "leaf", "pinbus", &leaf_ca, &leaf_cd, NULL, 3, 0x0' in rows
    assert rows[-1] == ".driver = NULL"
    assert "extern struct cfattach duo_pci_ca;" in text
    assert "duo_isa" not in text


def test_an_instance_line_wires_locators_and_flags(config: Config, tmp_path: Path) -> None:
    kernel = tmp_path / "KERNEL"
    kernel.write_text("leaf* at pinbus? pin 5 flags 0x3\n")
    config = Sources.find(TREE).config([kernel])
    text = generate.ioconf_source(close(config, ["leaf"]))
    assert "leaf_at_pinbus_loc[] = { 5, 0, 0 };" in text
    assert "leaf_at_pinbus_loc, 3, 0x3 }" in text


def test_a_driver_that_declares_itself_is_not_declared_twice(config: Config) -> None:
    text = generate.ioconf_source(close(config, ["abc"]), ["abc"])
    assert "CFDRIVER_DECL(abc" not in text
    assert "extern struct cfdriver abc_cd;" in text


def test_ioconf_header_declares_drivers_and_pseudo_devices(config: Config) -> None:
    config.pseudo_devices["loop"] = 1
    text = generate.ioconf_header(close(config, ["abc"]))
    assert "extern struct cfdriver abc_cd;" in text
    assert "void\tloopattach(int);" in text


def test_what_may_have_device_nodes_is_named_with_its_numbers(tmp_path: Path) -> None:
    files = tmp_path / "files.more"
    files.write_text("device-major more char 7 block 8 more\ndevice-major raw char 9\n")
    config = Sources.find(TREE).config([files])
    text = generate.ioconf_source(close(config, ["duo"]))
    rows = re.findall(r"^\t\{ (.*) \},?$", text.split("rumphost_devsw[] =")[1], re.MULTILINE)
    assert '"duo", duo_bdevsw, duo_cdevsw, -1, -1' in rows
    assert '"more", more_bdevsw, more_cdevsw, 8, 7' in rows
    assert '"raw", raw_bdevsw, raw_cdevsw, -1, 9' in rows
    assert rows[-1] == ".name = NULL"
    assert "extern const char duo_cdevsw[] RUMPHOST_PERHAPS;" in text
