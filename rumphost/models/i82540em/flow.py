"""Flow control, IEEE 802.3 annex 31B: PAUSE frames in both directions (sections 13.4.9 to 13.4.12).

With CTRL.RFCE a PAUSE frame stops the transmitter; with CTRL.TFCE the receiver sends one when its
packet buffer fills above FCRTH, and another with time 0 when it is below FCRTL again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .table import CTRL_RFCE, CTRL_TFCE, FCRTL_XONE, RCTL_DPF, RCTL_PMCF

if TYPE_CHECKING:
    from .model import I82540em

FLOW_CONTROL_TYPE = 0x8808
PAUSE = 1
GROUP = bytes.fromhex("0180c2000001")
QUANTUM_BITS = 512


class FlowControl:
    """The receiver's part of flow control."""

    def __init__(self, model: I82540em) -> None:
        self._model = model
        self._values = model.values
        self._stopped = False

    def reset(self) -> None:
        self._stopped = False

    def take(self, frame: bytes, rctl: int) -> bool:
        """Obey a PAUSE frame; return whether it ends here and goes no further to the host."""
        model, values = self._model, self._values
        multicast = (values["FCAL"] | (values["FCAH"] & 0xFFFF) << 32).to_bytes(6, "little")
        if values["FCT"] != FLOW_CONTROL_TYPE or frame[:6] not in (multicast, model.mac):
            return False
        if not values["CTRL"] & CTRL_RFCE:
            return bool(rctl & RCTL_DPF)
        if frame[14] << 8 | frame[15] != PAUSE:
            model.statistics.add("FCRUC")
        else:
            quanta = frame[16] << 8 | frame[17]
            model.statistics.add("XOFFRXC" if quanta else "XONRXC")
            model.transmitter.pause(quanta * QUANTUM_BITS * 1000 // model.speed)
        return not rctl & RCTL_PMCF

    def follow(self, buffered: int) -> None:
        """The packet buffer holds ``buffered`` bytes now."""
        values = self._values
        if not values["CTRL"] & CTRL_TFCE:
            return
        low, high = values["FCRTL"], values["FCRTH"] & 0xFFF8
        if not self._stopped and high and buffered > high:
            self._stopped = True
            self._send(values["FCTTV"] & 0xFFFF, "XOFFTXC")
        elif self._stopped and buffered < low & 0xFFF8:
            self._stopped = False
            if low & FCRTL_XONE:
                self._send(0, "XONTXC")

    def _send(self, quanta: int, counter: str) -> None:
        model = self._model
        header = GROUP + model.mac + FLOW_CONTROL_TYPE.to_bytes(2, "big")
        frame = header + PAUSE.to_bytes(2, "big") + quanta.to_bytes(2, "big")
        model.statistics.add(counter)
        model.wire.send(frame.ljust(60, b"\0"))
