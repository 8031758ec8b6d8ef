"""How gdb prints the kernel's own objects: what they mean, in place of what they are made of.

Loaded by ``gdb_extension.py``, in gdb's Python; imports nothing but ``gdb``. ``print sc->sc_lock``,
``info locals`` and ``print *sc`` use it; ``print/r`` shows the members.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gdb

_MUTEX = {0x6D757461: "adaptive", 0x6D757473: "spin"}
_DEAD = {0x6D757464: "destroyed"}
_IPLS = {0: "NONE", 1: "SOFTCLOCK", 2: "SOFTBIO", 3: "SOFTNET", 4: "SOFTSERIAL", 6: "VM",
         7: "SCHED", 8: "HIGH"}  # fmt: skip
_WAITERS = 1
_CALLOUT, _CALLOUT_DEAD = 0x63616C6C, 0x63616C64
_CALLOUT_STATES = {2: "pending", 4: "fired", 8: "running"}
_MPSAFE = 0x100
_MBUF_FLAGS = {
    0x1: "EXT", 0x2: "PKTHDR", 0x4: "EOR", 0x100: "BCAST", 0x200: "MCAST", 0x100000: "VLANTAG",
    0x01000000: "CLUSTER", 0x02000000: "PAGES", 0x08000000: "RW",
}  # fmt: skip
_DMA_FLAGS = {1: "NOWAIT", 2: "ALLOCNOW", 4: "COHERENT", 8: "STREAMING"}
_LOADED = {0: "not loaded", 1: "loaded", 2: "loaded by the host"}
_MOST = 64
_TRAPPED = 1 << 63

Summary = Callable[[Any], str]


class _Printer:
    """A printer whose text is a function's."""

    def __init__(self, value: Any, summary: Summary) -> None:
        self._value, self._summary = value, summary

    def to_string(self) -> str:
        try:
            return self._summary(self._value)
        except (gdb.error, gdb.GdbError) as error:
            return f"<{error}>"


class Printers:
    """The lookup that gdb asks; ``fibers`` is the module ``gdb_fibers``."""

    def __init__(self, fibers: Any) -> None:
        self.fibers = fibers
        self.name = "rumphost"
        self.enabled = True
        self.subprinters = None
        self._structures: dict[str, Summary] = {
            "kmutex": self._mutex,
            "krwlock": self._rwlock,
            "kcondvar": self._condvar,
            "callout": self._callout,
            "mbuf": self._mbuf,
            "rumphost_bus_dmamap": self._dmamap,
            "device": self._device,
        }

    def __call__(self, value: Any) -> _Printer | None:
        kind = value.type
        if kind.name == "bus_space_handle_t":
            return _Printer(value, self._handle)
        kind = kind.strip_typedefs()
        if kind.code == gdb.TYPE_CODE_STRUCT:
            summary = self._structures.get(kind.tag or "")
            return None if summary is None else _Printer(value, summary)
        if kind.code == gdb.TYPE_CODE_PTR and kind.target().strip_typedefs().tag == "device":
            return _Printer(value, self._device_pointer)
        return None

    # -- locks

    def _lwp_at(self, word: int) -> str:
        for lwp in self.fibers.lwps():
            if int(lwp.address) == word:
                return str(self.fibers.label(lwp))
        return f"lwp at {word:#x}"

    def _waiting(self, address: int) -> str:
        """Return who sleeps in a hypercall about an object, to be put at the end."""
        found = [
            self.fibers.label(lwp)
            for lwp in self.fibers.lwps()
            if self.fibers.state(lwp) == "asleep"
            and address in (int(lwp["args"][0]), int(lwp["sleeps_on"]))
        ]
        return f", waited for by {', '.join(found)}" if found else ""

    def _mutex(self, value: Any) -> str:
        magic, owner = int(value["mtx_magic"]), int(value["mtx_owner"])
        if magic not in _MUTEX:
            return f"mutex, {_DEAD.get(magic, 'never initialised')}"
        level = _IPLS.get(int(value["mtx_level"]), str(int(value["mtx_level"])))
        by = f"held by {self._lwp_at(owner & ~15)}" if owner & ~15 else "free"
        return f"{_MUTEX[magic]} mutex, IPL_{level}, {by}{self._waiting(_address(value))}"

    def _rwlock(self, value: Any) -> str:
        address = _address(value)
        holders = [
            self.fibers.label(lwp) for lwp in self.fibers.lwps() if address in self.fibers.held(lwp)
        ]
        by = f"held by {', '.join(holders)}" if holders else "free"
        return f"rwlock, {by}{self._waiting(address)}"

    def _condvar(self, value: Any) -> str:
        words = value["cv_opaque"]
        state = _symbol(int(words[2]))
        if state != "valid":
            what = "destroyed" if state == "destroyed" else "never initialised"
            return f"condition variable, {what}"
        wmesg = words[1].cast(gdb.lookup_type("char").pointer()).string(errors="replace")
        return f'condition variable "{wmesg}"{self._waiting(_address(value))}'

    # -- time

    def _callout(self, value: Any) -> str:
        shim = _as(value, "struct callout_shim")
        magic = int(shim["c_magic"])
        if magic != _CALLOUT:
            what = "destroyed" if magic == _CALLOUT_DEAD else "never initialised"
            return f"callout, {what}"
        state = int(shim["c_state"])
        words = [word for bit, word in _CALLOUT_STATES.items() if state & bit] or ["idle"]
        if state & 2:
            left_ns = int(shim["c_due_ns"]) - int(self.fibers.cpu()["now_ns"])
            words[0] += f" in {max(left_ns, 0) / 1e6:g} ms"
        safe = ", MPSAFE" if int(shim["c_flags"]) & _MPSAFE else ""
        function = _symbol(int(shim["c_function"])) or "no function"
        return f"callout, {' and '.join(words)}: {function}({int(shim['c_argument']):#x}){safe}"

    # -- network

    def _mbuf(self, value: Any) -> str:
        header = value["m_hdr"]
        flags = int(header["mh_flags"])
        text = f"mbuf, {int(header['mh_len'])} bytes at {int(header['mh_data']):#x}"
        text += f", {_bits(flags, _MBUF_FLAGS)}" if flags else ""
        lengths, next_ = [int(header["mh_len"])], header["mh_next"]
        while int(next_) and len(lengths) < _MOST:
            lengths.append(int(next_["m_hdr"]["mh_len"]))
            next_ = next_["m_hdr"]["mh_next"]
        if len(lengths) > 1:
            more = " + …" if int(next_) else ""
            text += f", chain of {len(lengths)}: {' + '.join(map(str, lengths))}{more}"
        if int(header["mh_nextpkt"]):
            text += f", next packet {int(header['mh_nextpkt']):#x}"
        return text

    # -- the bus

    def _dmamap(self, value: Any) -> str:
        flags, count = int(value["_dm_flags"]), int(value["dm_nsegs"])
        state = _LOADED.get(int(value["_dm_loaded"]), "?")
        text = f"dmamap, {state}"
        if count:
            text += f", {int(value['dm_mapsize'])} bytes in {count} segment{'s' * (count > 1)}: "
            base = value["dm_segs"][0].address
            parts = [self._segment((base + n).dereference()) for n in range(min(count, _MOST))]
            text += ", ".join(parts)
        limits = f"{int(value['_dm_segcnt'])} of {int(value['dm_maxsegsz'])}"
        text += f"; at most {int(value['_dm_size'])} bytes, segments {limits}"
        return text + (f", {_bits(flags, _DMA_FLAGS)}" if flags else "")

    def _segment(self, segment: Any) -> str:
        bus, length = int(segment["ds_addr"]), int(segment["ds_len"])
        cpu = self.fibers.cpu()
        for n in range(int(cpu["chunk_count"])):
            chunk = cpu["chunks"][n]
            inside = bus - int(chunk["bus_address"])
            if 0 <= inside < int(chunk["size"]):
                return f"{bus:#x}+{length:#x} (at {int(chunk['address']) + inside:#x})"
        return f"{bus:#x}+{length:#x}"

    def _handle(self, value: Any) -> str:
        handle = int(value) & (1 << 64) - 1
        table = gdb.lookup_global_symbol("rumphost_mappings")
        mappings: Any = table.value() if table is not None else ()
        for n in range(_length(mappings) if table is not None else 0):
            mapping = mappings[n]
            inside = handle - int(mapping["handle"])
            if int(mapping["size"]) and 0 <= inside < int(mapping["size"]):
                where = int(mapping["start"]) + inside
                how = "trapped" if handle & _TRAPPED else "mapped"
                region = self.fibers.text(mapping["region"])
                return f"{region}+{where:#x}, {int(mapping['size']):#x} bytes, {how}"
        return f"{handle:#x}, no mapping" if handle else "0"

    # -- autoconf

    def _device(self, value: Any) -> str:
        name = self.fibers.text(value["dv_xname"])
        private = int(value["dv_private"])
        parent = value["dv_parent"]
        at = f" at {self.fibers.text(parent['dv_xname'])}" if int(parent) else ""
        return f"device {name}{at}, softc {private:#x}"

    def _device_pointer(self, value: Any) -> str:
        address = int(value)
        if not address:
            return "NULL"
        return f"{address:#x} {self.fibers.text(value.dereference()['dv_xname'])}"


def _address(value: Any) -> int:
    return int(value.address) if value.address is not None else 0


def _as(value: Any, name: str) -> Any:
    if value.address is None:
        raise gdb.GdbError("not in memory")
    return value.address.cast(gdb.lookup_type(name).pointer()).dereference()


def _length(array: Any) -> int:
    return int(array.type.range()[1]) + 1


def _symbol(address: int) -> str:
    said = str(gdb.execute(f"info symbol {address:#x}", to_string=True))
    return "" if said.startswith("No symbol") else said.split(" in section")[0].strip()


def _bits(value: int, names: dict[int, str]) -> str:
    known = [name for bit, name in names.items() if value & bit]
    rest = value & ~sum(bit for bit in names if value & bit)
    return "|".join(known + ([f"{rest:#x}"] if rest else []))


def install(fibers: Any) -> None:
    """Have gdb ask these printers; those of an earlier load are replaced."""
    gdb.pretty_printers[:] = [
        one for one in gdb.pretty_printers if getattr(one, "name", "") != "rumphost"
    ]
    gdb.pretty_printers.insert(0, Printers(fibers))
