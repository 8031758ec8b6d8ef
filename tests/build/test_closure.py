"""What belongs to a driver, and where that ends."""

from pathlib import Path

import pytest

from rumphost.build.config import Config, ConfigError, close
from rumphost.build.tree import Sources
from rumphost.errors import BuildError

TREE = Path(__file__).parent / "tree"


@pytest.fixture
def config() -> Config:
    return Sources.find(TREE).config()


def paths(config: Config, *names: str) -> list[str]:
    return [source.path for source in close(config, names).sources]


def test_a_driver_brings_its_subsystem_but_not_what_the_host_provides(config: Config) -> None:
    closure = close(config, ["abc"])
    assert [source.path for source in closure.sources] == [
        "dev/mii/mii.c", "dev/mii/mii_physubr.c", "dev/mii/redphy.c", "dev/mii/bluphy.c",
        "dev/pci/if_abc.c",
    ]  # fmt: skip
    assert {"abc", "ether", "ifnet", "arp", "mii", "mii_phy", "redphy"} <= closure.active


def test_the_host_stops_the_closure(config: Config) -> None:
    assert {"ifnet", "ether", "arp", "pci", "bpfilter"} <= config.provided
    assert not [path for path in paths(config, "abc") if path.startswith(("net/", "kern/"))]


def test_devices_below_a_bus_of_the_closure_come_by_instance_lines(config: Config) -> None:
    closure = close(config, ["abc"])
    assert closure.devices == ("abc", "redphy", "bluphy")  # lostphy's source is not there
    assert [one.name for one in closure.attachments] == ["abc", "redphy", "bluphy"]


def test_of_several_attachments_those_with_a_bus_are_taken(config: Config) -> None:
    closure = close(config, ["duo"])
    assert closure.attachments[0].name == "duo_pci"
    assert "duo_isa" not in closure.active
    assert "firmload" in closure.active
    assert {"dev/ic/duo.c", "dev/pci/duo_pci.c"} <= set(paths(config, "duo"))
    assert "dev/pci/duo_isa.c" not in paths(config, "duo")


def test_an_attachment_may_be_named(config: Config) -> None:
    assert paths(config, "duo_pci") == paths(config, "duo")


def test_a_child_brings_the_one_parent_that_carries_its_bus(config: Config) -> None:
    closure = close(config, ["leaf"])
    assert closure.devices == ("leaf", "bridge")
    assert {one.name for one in closure.attachments} == {"bridge", "leaf"}


def test_a_parent_alone_brings_no_children_unless_an_instance_says_so(config: Config) -> None:
    assert close(config, ["bridge"]).devices == ("bridge",)


def test_a_driver_without_a_bus_is_told_where_it_would_attach(config: Config) -> None:
    with pytest.raises(BuildError, match=r"lonely \(.*files.pci:\d+\) attaches to isa only"):
        close(config, ["lonely"])
    with pytest.raises(BuildError, match=r"attaches to isa only"):
        close(config, ["duo_isa"])


def test_an_attribute_that_nothing_defines_is_named_with_its_place(config: Config) -> None:
    with pytest.raises(ConfigError, match=r"files.pci:\d+: needy depends on `nowhere'"):
        close(config, ["needy"])


def test_an_unknown_name_is_an_error(config: Config) -> None:
    with pytest.raises(BuildError, match="nix: no such device"):
        close(config, ["nix"])


def test_options_count_in_conditions_in_lower_case(config: Config) -> None:
    assert "dev/mii/mii_verbose.c" not in paths(config, "abc")
    config.settings["MIIVERBOSE"] = None
    assert "dev/mii/mii_verbose.c" in paths(config, "abc")


def test_settings_hold_defaults_and_what_the_host_sets(config: Config) -> None:
    settings = close(config, ["abc"]).settings
    assert settings["RING_SIZE"] == "256"
    assert "RING_COUNT" not in settings
    assert "DIAGNOSTIC" in settings


def test_nothing_named_is_the_host_alone(config: Config) -> None:
    closure = close(config, [])
    assert closure.sources == ()
    assert closure.attachments == ()


def test_what_came_along_may_be_left_out(config: Config) -> None:
    assert close(config, ["abc"]).optional == {"redphy", "bluphy"}
    closure = close(config, ["abc"], without=frozenset({"redphy"}))
    assert closure.devices == ("abc", "bluphy")
    assert "dev/mii/redphy.c" not in [source.path for source in closure.sources]
    named = close(config, ["abc", "redphy"], without=frozenset({"redphy"}))
    assert "redphy" in named.devices
    assert "redphy" not in named.optional


def test_the_parts_of_a_named_device_come_with_it(tmp_path: Path) -> None:
    files = tmp_path / "files.card"
    files.write_text(
        "device card {[port = -1]}\nattach card at pci\ndevice part\nattach part at card\n"
        "device deep {}\nattach deep at card\ndevice deeper\nattach deeper at deep\n"
    )
    config = Sources.find(TREE).config([files])
    assert close(config, ["card"]).devices == ("card", "part", "deep")
    assert close(config, ["card"]).optional == {"part", "deep"}
    assert close(config, ["part"]).devices == ("part", "card")


def test_make_options_give_flags_to_those_they_are_for(tmp_path: Path) -> None:
    files = tmp_path / "files.flags"
    files.write_text(
        "device odd\nattach odd at pci\n"
        'makeoptions odd CPPFLAGS+="-I$S/odd -DODD=1 -Wno-odd"\nmakeoptions odd COPTS="-O0"\n'
    )
    config = Sources.find(TREE).config([files])
    assert close(config, ["odd"]).make_flags(TREE) == (f"-I{TREE}/odd", "-DODD=1")
    assert close(config, ["odd"]).make_flags(None) == ()
    assert close(config, ["abc"]).make_flags(TREE) == ()
