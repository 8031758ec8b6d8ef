"""What the 7260's firmware does with commands, and how it refuses them."""

from __future__ import annotations

import struct

import pytest
from iwm_host import AUX, MS, STATION, IwmHost

from rumphost.machine.sim import SimMachine
from rumphost.models import parse_models
from rumphost.models.iwm7260 import ImageBuilder, commands, layouts, nvm
from rumphost.models.iwm7260.image import INIT, RUNTIME
from rumphost.models.iwm7260.table import INT_ALIVE, INT_SW_ERR

MAC = bytes.fromhex("0c8bfd0a0b0c")


def read_nvm(host: IwmHost, section: int, offset: int = 0, size: int = 2048) -> tuple[int, bytes]:
    body = layouts.NVM_ACCESS.pack(type=section, offset=offset, length=size)
    answer = host.command(commands.NVM_ACCESS, body)
    assert answer is not None
    head = layouts.NVM_RESPONSE.unpack(answer)
    assert (head.type, head.offset, head.length) == (section, offset, len(answer) - 8)
    return head.status, answer[8:]


def test_alive_tells_where_things_are():
    host = IwmHost()
    alive = host.boot(RUNTIME)
    assert alive is not None
    assert (alive.status, alive.subtype) == (0xCAFE, 0)
    assert alive.scheduler == host.read_peripheral(0xA02C00)
    assert 0x80_0000 <= alive.error_table < 0x80_C000
    assert host.causes[-1] & INT_ALIVE
    assert IwmHost().boot(INIT).subtype == 9


def test_the_nvm_has_the_address_and_the_channels():
    host = IwmHost(mac=MAC)
    host.boot(INIT)
    status, data = read_nvm(host, nvm.SECTION_HW)
    assert status == 0
    swapped = data[0x2A:0x30]
    assert bytes(swapped[at ^ 1] for at in range(6)) == MAC
    _, software = read_nvm(host, nvm.SECTION_SW)
    flags = struct.unpack(f"<{len(nvm.CHANNELS)}H", software[0x40:])
    by_channel = dict(zip(nvm.CHANNELS, flags, strict=True))
    assert by_channel[6] & (nvm.VALID | nvm.ACTIVE) == nvm.VALID | nvm.ACTIVE
    assert by_channel[13] & (nvm.VALID | nvm.ACTIVE) == nvm.VALID
    assert by_channel[14] == 0
    assert by_channel[100] & nvm.RADAR
    assert read_nvm(host, nvm.SECTION_SW, 4, 6)[1] == software[4:10]
    assert read_nvm(host, 99)[0] == nvm.STATUS_BAD_SECTION


def test_calibration_goes_from_one_image_to_the_other():
    host = IwmHost()
    results = host.calibrate()
    kinds = [layouts.CALIBRATION_RESULT.unpack(one).type for one in results]
    assert [kinds.count(kind) for kind in (1, 2, 4, 5)] == [1, 1, 4, 9]
    host.boot(RUNTIME)
    phy = struct.pack("<III", 0x330000, 0, 0)
    for result in results[:-1]:
        host.command(commands.PHY_DB, result)
    assert host.command(commands.PHY_CONFIGURATION, phy) is None
    assert "calibration results are missing: [(5, 8)]" in host.model.notes[-1]
    assert host.command(commands.PHY_DB, results[-1][:-1] + b"x") is None
    assert "is nothing that was measured" in host.model.notes[-1]
    assert host.command(commands.PHY_DB, results[-1]) is not None
    assert host.command(commands.PHY_CONFIGURATION, phy) is not None


def test_an_unknown_command_is_an_error_with_its_number():
    host = IwmHost()
    host.boot(RUNTIME)
    assert host.command(0x55) is None
    (error,) = host.take(commands.REPLY_ERROR)
    found = layouts.ERROR.unpack(error.data)
    assert (found.error_type, found.command) == (commands.ERROR_UNKNOWN_COMMAND, 0x55)
    assert host.model.notes[-1] == "command 0x55 refused: this firmware has no such command"


def test_a_command_of_a_wrong_size_is_refused():
    host = IwmHost()
    host.boot(RUNTIME)
    assert host.command(commands.PHY_CONTEXT, bytes(35)) is None
    error = layouts.ERROR.unpack(host.take(commands.REPLY_ERROR)[0].data)
    assert error.error_type == commands.ERROR_BAD_PARAMETER
    assert "PHY_CONTEXT has 35 bytes, not 36" in host.model.notes[-1]


def test_the_initial_image_knows_little():
    host = IwmHost()
    host.boot(INIT)
    assert host.command(commands.PHY_CONTEXT, bytes(36)) is None
    assert "not for the initial image" in host.model.notes[-1]


def phy(identity: int, action: int, channel: int, *, band: int = 1) -> bytes:
    return layouts.PHY_CONTEXT.pack(
        id_and_color=identity, action=action, band=band, channel=channel
    )


def mac(action: int, *, bssid: bytes = bytes(6), associated: int = 0, filters: int = 4) -> bytes:
    return layouts.MAC_CONTEXT.pack(
        action=action, mac_type=5, node_addr=MAC, bssid_addr=bssid, filter=filters,
        is_assoc=associated, interval=100,
    )  # fmt: skip


def test_contexts_depend_on_one_another():
    host = IwmHost(mac=MAC)
    host.run()
    binding = layouts.BINDING.pack(action=1, macs=[0, 0xFFFF_FFFF, 0xFFFF_FFFF])
    quota = layouts.TIME_QUOTA.pack(entries=[0, 128, 0] + [0xFFFF_FFFF, 0, 0] * 3)
    assert host.command(commands.BINDING_CONTEXT, binding) is None
    assert host.command(commands.PHY_CONTEXT, phy(0, 2, 6)) is None
    assert "PHY_CONTEXT 0 does not exist" in host.model.notes[-1]
    assert host.command(commands.PHY_CONTEXT, phy(0, 1, 36)) is None
    assert host.command(commands.PHY_CONTEXT, phy(0, 1, 36, band=0)) == bytes(4)
    assert host.command(commands.PHY_CONTEXT, phy(0, 2, 6)) == bytes(4)
    assert host.command(commands.BINDING_CONTEXT, binding) is None
    assert "no MAC context 0" in host.model.notes[-1]
    assert host.command(commands.TIME_QUOTA, quota) is None
    assert host.command(commands.MAC_CONTEXT, mac(1)) == bytes(4)
    assert host.command(commands.BINDING_CONTEXT, binding) == bytes(4)
    assert host.model.firmware.radio.channel is None
    assert host.command(commands.TIME_QUOTA, quota) == bytes(4)
    assert host.model.firmware.radio.channel == 6
    assert host.command(commands.PHY_CONTEXT, phy(0, 2, 11)) == bytes(4)
    assert host.model.firmware.radio.channel == 11


@pytest.mark.parametrize("version", [1, 2])
def test_a_time_event_has_the_radio_for_its_time(version):
    host = IwmHost(mac=MAC)
    host.run()
    layout = (layouts.TIME_EVENT_V1, layouts.TIME_EVENT_V2)[version - 1]
    event = layout.pack(action=1, duration=100, notify=3, repeat=1)
    assert host.command(commands.TIME_EVENT, event) is None
    host.command(commands.PHY_CONTEXT, phy(0, 1, 6))
    host.command(commands.MAC_CONTEXT, mac(1))
    assert host.command(commands.TIME_EVENT, event) is not None
    (notice,) = host.take(commands.TIME_EVENT_NOTICE)
    assert layouts.TIME_EVENT_NOTICE.unpack(notice.data).status == 0
    host.command(
        commands.BINDING_CONTEXT,
        layouts.BINDING.pack(action=1, macs=[0, 0xFFFF_FFFF, 0xFFFF_FFFF]),
    )
    answer = host.command(commands.TIME_EVENT, event)
    assert answer is not None
    unique = layouts.TIME_EVENT_RESPONSE.unpack(answer).unique_id
    assert host.model.firmware.radio.channel == 6
    host.advance(120 * MS)
    assert host.model.firmware.radio.channel is None
    notices = [
        layouts.TIME_EVENT_NOTICE.unpack(one.data) for one in host.take(commands.TIME_EVENT_NOTICE)
    ]
    assert [(one.action, one.status, one.unique_id) for one in notices] == [
        (1, 1, unique), (2, 1, unique),
    ]  # fmt: skip
    assert (notices[1].timestamp - notices[0].timestamp) == 102_400


def test_stations():
    host = IwmHost()
    host.boot(RUNTIME)
    assert host.add_station(STATION, address=MAC) == 1
    assert host.add_station(16) == 2
    body = layouts.ADD_STATION_V5.pack(sta_id=5, modify=1)
    assert host.command(commands.ADD_STA, body) == b"\x08\0\0\0"
    quality = layouts.LINK_QUALITY.pack(sta_id=STATION, rates=[0x4000 | 3] * 16)
    assert host.command(commands.LQ_CMD, quality) == bytes(4)
    assert host.command(commands.LQ_CMD, layouts.LINK_QUALITY.pack(sta_id=9)) is None
    assert host.command(commands.REMOVE_STA, bytes([STATION, 0, 0, 0])) == b"\1\0\0\0"
    assert host.command(commands.REMOVE_STA, bytes([STATION, 0, 0, 0])) == b"\x08\0\0\0"


def test_settings_are_kept():
    host = IwmHost()
    host.boot(RUNTIME)
    host.command(commands.MAC_POWER, layouts.MAC_POWER.pack(keep_alive=25))
    assert host.model.firmware.settings[commands.MAC_POWER].keep_alive == 25


def test_an_assert_fills_in_the_error_table_and_stops():
    host = IwmHost()
    alive = host.boot(RUNTIME)
    assert alive is not None
    host.command(commands.TX_ANTENNAS, bytes(4))
    host.model.firmware.fail(0x35, data=(7, 8, 9))
    host.advance(MS)
    assert host.causes[-1] == INT_SW_ERR
    raw = host.model.windows.memory.read(alive.error_table, layouts.ERROR_TABLE.size)
    table = layouts.ERROR_TABLE.unpack(raw)
    assert (table.valid, table.error_id, table.command) == (1, 0x35, commands.TX_ANTENNAS)
    assert (table.data1, table.data2, table.data3) == (7, 8, 9)
    assert host.command(commands.TX_ANTENNAS, bytes(4)) is None
    assert host.boot(RUNTIME) is not None


def test_a_mute_card():
    host = IwmHost()
    host.boot(RUNTIME)
    host.model.faults.add("mute")
    assert host.command(commands.TX_ANTENNAS, bytes(4)) is None
    assert not host.packets


def test_statistics_have_the_noise():
    host = IwmHost()
    host.boot(RUNTIME)
    host.model.air.noise_dbm = -91
    answer = host.command(commands.STATISTICS)
    assert answer is not None
    assert layouts.STATISTICS.unpack(answer).non_phy[9:12] == (16, 16, 0)


def test_options_of_its_name():
    (model,) = parse_models(
        "iwm7260:mac=0c-8b-fd-0a-0b-0c:access_points=cafe@6@-70+home@36/secret99"
    )
    SimMachine(models=[model])
    cafe, home = model.air.access_points
    assert model.mac == MAC
    assert (cafe.ssid, cafe.channel, cafe.signal_dbm) == (b"cafe", 6, -70)
    assert (home.ssid, home.channel, home.passphrase) == (b"home", 36, "secret99")


def test_two_cards_have_two_addresses():
    models = parse_models("iwm7260,iwm7260")
    SimMachine(models=models)
    assert models[0].mac != models[1].mac
    assert len(models[0].firmware.nvm.sections) == 6


def test_the_image_builder_writes_where_firmload_looks(tmp_path):
    path = ImageBuilder().write(tmp_path)
    assert path == tmp_path / "if_iwm" / "iwm-7260-9"
    assert struct.unpack_from("<II", path.read_bytes()) == (0, 0x0A4C5749)


def test_aux_station_is_needed_for_a_scan():
    host = IwmHost()
    host.run()
    host.command(commands.REMOVE_STA, bytes([AUX, 0, 0, 0]))
    with pytest.raises(AssertionError):
        host.scan([(1, True)])
    assert f"no station {AUX}" in host.model.notes[-1]
