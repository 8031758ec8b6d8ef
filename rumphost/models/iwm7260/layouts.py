"""Structures of the firmware's protocol as data: commands of the host, and notices to it.

All are little-endian and packed. ``Layout("action:I macs:3I addr:6s")`` names each member, with its
type as the struct module writes it; a count before a type other than ``s`` or ``x`` makes a tuple.
Names of members are those that public drivers of the card use.
"""

from __future__ import annotations

import re
import struct
from types import SimpleNamespace
from typing import Any


class Layout:
    """A structure of ``size`` bytes; what follows it in a message is not its affair."""

    def __init__(self, text: str) -> None:
        self._members: list[tuple[str, int, bool, int | bytes]] = []
        codes = "<"
        for word in text.split():
            name, _, code = word.partition(":")
            found = re.fullmatch(r"(\d*)([a-zA-Z])", code)
            assert found is not None, word
            count, kind = found.groups()
            codes += code
            if kind != "x":
                array = bool(count) and kind != "s"
                zero = b"" if kind == "s" else 0
                self._members.append((name, int(count) if array else 1, array, zero))
        self._struct = struct.Struct(codes)
        self.size = self._struct.size

    def unpack(self, data: bytes) -> SimpleNamespace:
        """Return the members; raises ``struct.error`` when ``data`` is too short."""
        values = iter(self._struct.unpack_from(data))
        record: dict[str, Any] = {}
        for name, count, array, _ in self._members:
            record[name] = tuple(next(values) for _ in range(count)) if array else next(values)
        return SimpleNamespace(**record)

    def pack(self, **values: Any) -> bytes:
        """Return the structure; members that are not given are zero."""
        flat: list[Any] = []
        for name, count, array, zero in self._members:
            value = values.pop(name, None)
            if array:
                items = list(value or ())
                flat += items + [0] * (count - len(items))
            else:
                flat.append(zero if value is None else value)
        assert not values, f"no such members: {', '.join(values)}"
        return self._struct.pack(*flat)


_KEY_INFO = (
    "key_flags:H tsc_byte2:B _0:x ttak:5H key_offset:B _1:x key:16s tx_counter:Q rx_mic:Q tx_mic:Q "
)
_STATION_TAIL = (
    "add_ba_tid:B remove_ba_tid:B add_ba_ssn:H sleep_tx_count:H sleep_state:H assoc_id:H "
    "beamform:H queues:I"
)
TX_COMMAND_TEXT = (
    "len:H next_frame_len:H tx_flags:I try_count:B bt_kill:B _0:2x rate_n_flags:I sta_id:B "
    "sec_ctl:B initial_rate_index:B _1:x key:16s next_frame_flags:H _2:2x life_time:I "
    "dram_lsb:I dram_msb:B rts_retry_limit:B data_retry_limit:B tid:B pm_timeout:H txop:H"
)

STATUS = Layout("status:I")
WORD = Layout("value:I")

ALIVE = Layout(
    "status:H flags:H minor:B major:B id:H api_minor:B api_major:B subtype:B type:B mac:B opt:B "
    "_0:2x timestamp:I error_table:I log_table:I cpu_registers:I dbgm_config:I alive_counter:I "
    "scheduler:I"
)
ERROR = Layout("error_type:I command:B _0:x sequence:H service:I timestamp:Q")
NVM_ACCESS = Layout("op:B target:B type:H offset:H length:H")
NVM_RESPONSE = Layout("offset:H length:H type:H status:H")
PHY_CONFIGURATION = Layout("config:I flow_trigger:I event_trigger:I")
CALIBRATION_RESULT = Layout("type:H length:H")
PHY_CONTEXT = Layout(
    "id_and_color:I action:I apply_time:I tx_param_color:I band:B channel:B width:B position:B "
    "tx_chains:I rx_chains:I acquisition:I dsp:I"
)
MAC_CONTEXT = Layout(
    "id_and_color:I action:I mac_type:I tsf_id:I node_addr:6s _0:2x bssid_addr:6s _1:2x "
    "cck_rates:I ofdm_rates:I protection:I short_preamble:I short_slot:I filter:I qos:I "
    "queues:40s "
    "is_assoc:I dtim_time:I dtim_tsf:Q interval:I interval_reciprocal:I dtim_interval:I "
    "dtim_reciprocal:I listen_interval:I assoc_id:I beacon_arrival:I _2:4x"
)
BINDING = Layout("id_and_color:I action:I macs:3I phy:I")
TIME_QUOTA = Layout("entries:12I")
TIME_EVENT_V1 = Layout(
    "id_and_color:I action:I id:I apply_time:I max_delay:I dependency:I depends_on:I present:I "
    "fragments:I interval:I reciprocal:I duration:I repeat:I notify:I"
)
TIME_EVENT_V2 = Layout(
    "id_and_color:I action:I id:I apply_time:I max_delay:I depends_on:I interval:I duration:I "
    "repeat:B fragments:B notify:H"
)
TIME_EVENT_RESPONSE = Layout("status:I id:I unique_id:I id_and_color:I")
TIME_EVENT_NOTICE = Layout("timestamp:I session_id:I unique_id:I id_and_color:I action:I status:I")
ADD_STATION_V5 = Layout(
    "modify:B unicast_key:B multicast_key:B _0:x mac:I addr:6s _1:2x sta_id:B mask:B _2:2x "
    + _KEY_INFO
    + "flags:I flags_mask:I no_tx_tids:H _3:2x "
    + _STATION_TAIL
)
ADD_STATION_V6 = Layout(
    "modify:B _0:x no_tx_tids:H mac:I addr:6s _1:2x sta_id:B mask:B _2:2x flags:I flags_mask:I "
    + _STATION_TAIL
)
REMOVE_STATION = Layout("sta_id:B _0:3x")
STATION_KEY = Layout(
    "sta_id:B key_offset:B key_flags:H key:16s key2:16s iv:16s tsc_byte2:B _0:x ttak:5H"
)
LINK_QUALITY = Layout(
    "sta_id:B _0:x control:H flags:B mimo_delim:B single_antenna:B dual_antenna:B "
    "initial_rate:4B agg_time:H agg_start:B agg_limit:B _1:4x rates:16I beamforming:I"
)
TX_COMMAND = Layout(TX_COMMAND_TEXT)
TX_RESPONSE = Layout(
    "frame_count:B bt_kill_count:B failure_rts:B failure_frame:B initial_rate:I media_time:H "
    "pa_status:B pa_a:3B pa_b:3B pa_c:3B measurement:H _0:2x tfd_info:I seq_ctl:H byte_cnt:H "
    "tlc_info:B ra_tid:B frame_ctrl:H status:H sequence:H ssn:I"
)
RX_PHY = Layout(
    "non_cfg_count:B cfg_count:B stat_id:B _0:x system_timestamp:I timestamp:Q beacon_time:I "
    "phy_flags:H channel:H phy:8I rate:B rflags:B xrflags:H byte_count:I mac_active:H frame_time:H"
)
RX_MPDU = Layout("byte_count:H _0:2x")
SCAN_REQUEST = Layout(
    "len:H flags:B channels:B quiet_time:H quiet_threshold:H passive_to_active:H rx_chain:H "
    "max_out_time:I suspend_time:I rxon_flags:I filter:I " + TX_COMMAND_TEXT.replace("len:H",
    "probe_len:H", 1) + " " + " ".join(f"ssid{index}:34s" for index in range(20)) +
    " type:I repeats:I"
)  # fmt: skip
SCAN_CHANNEL = Layout("type:I channel:H iterations:H interval:I active_dwell:H passive_dwell:H")
SCAN_COMPLETE = Layout("count:B status:B bt_status:B last_channel:B tsf_low:I tsf_high:I")
SCAN_RESULT = Layout("channel:B band:B probe_status:B not_sent:B duration:I statistics:I")
BEACON_FILTER = Layout(
    "energy_delta:I roaming_delta:I roaming_state:I temperature:I temp_fast:I temp_slow:I "
    "enable:I debug:I escape_timer:I abort_escape_timer:I enable_abort:I"
)
MISSED_BEACONS = Layout("mac:I since_last_rx:I consecutive:I expected:I received:I")
MAC_POWER = Layout(
    "id_and_color:I flags:H keep_alive:H rx_timeout:I tx_timeout:I rx_uapsd:I tx_uapsd:I "
    "lprx_threshold:B skip_dtim:B snooze_interval:H snooze_window:H snooze_step:B qndp_tid:B "
    "uapsd_ac:B uapsd_sp:B heavy_tx:B heavy_rx:B heavy_tx_percent:B heavy_rx_percent:B "
    "limited:B _0:x"
)
DEVICE_POWER = Layout("flags:H _0:2x")
SMART_FIFO = Layout("state:I watermarks:2I long_delay:10I full_on:10I")
FLUSH = Layout("queues:I control:H _0:2x")
MULTICAST_FILTER = Layout("filter_own:B port:B count:B pass_all:B addr:6s _0:2x")
REDUCE_POWER = Layout("flags:B mac:B restriction:H")
CARD_STATE = Layout("flags:I")
ERROR_TABLE = Layout(
    "valid:I error_id:I pc:I blink1:I blink2:I ilink1:I ilink2:I data1:I data2:I data3:I "
    "beacon_time:I tsf_low:I tsf_high:I gp1:I gp2:I gp3:I version:I hardware:I board:I log_pc:I "
    "frame_ptr:I stack_ptr:I command:I isr:5I isr_pref:I wait_event:I l2p_control:I "
    "l2p_duration:I l2p_mhvalid:I l2p_addr_match:I pmg_sel:I timestamp:I flow_handler:I"
)
STATISTICS = Layout(
    "flag:I ofdm:20I cck:20I non_phy:24I ht:10I tx:14I aggregation:12I "
    "width:23I temperature:2I debug:6I sleep:4I diversity:6I rx_enable:I sos:I filtered:I "
    "missed:I filter_energy:4B filter_time:I bluetooth:8I"
)
