"""Network backends: what QEMU connects its network devices to.

The machine calls ``connect`` with the devices of its user. Every network device gets a backend of
its own: QEMU's user network (``user``, also with options such as ``user,net=10.1.2.0/24``), a
datagram socket on which one message is one frame (``dgram``, or a socket's descriptor), a TAP
interface that is open already (``tap,fd=N``), or nothing (``none``).
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

from rumphost.errors import UsageError

_MODELS = """
    e1000 e1000-82544gc e1000-82545em e1000e igb rtl8139 i82550 i82551 i82557a i82557b i82557c
    i82558a i82558b i82559a i82559b i82559c i82559er i82562 i82801 pcnet ne2k_pci tulip sungem
    sunhme vmxnet3 virtio-net-pci virtio-net-pci-transitional virtio-net-pci-non-transitional
    usb-net
"""
MODELS = frozenset(_MODELS.split())


@dataclass
class Network:
    """``devices`` as QEMU shall see them, the options for the backends, and the sockets.

    ``sockets`` has our end of each ``dgram`` backend by its id; ``inherited`` the other ends.
    """

    devices: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    sockets: dict[str, socket.socket] = field(default_factory=dict)
    inherited: list[socket.socket] = field(default_factory=list)
    fds: list[int] = field(default_factory=list)

    def close(self) -> None:
        for sock in (*self.sockets.values(), *self.inherited):
            sock.close()


def check(netdev: str | int) -> None:
    """Raise ``UsageError`` for a kind of backend that is not offered."""
    if isinstance(netdev, int) or netdev in ("dgram", "none") or netdev.split(",")[0] == "user":
        return
    if netdev.split(",")[0] == "tap" and _option(netdev, "fd").isdecimal():
        return
    raise UsageError(
        f"unknown network backend {netdev!r}: user, dgram, tap,fd=N, none or a descriptor"
    )


def connect(devices: Sequence[str], netdev: str | int) -> Network:
    """Give every network device among ``devices`` a backend of kind ``netdev``."""
    network = Network()
    named = {name for device in devices if (name := _option(device, "netdev"))}
    free = (name for n in range(len(devices)) if (name := f"n{n}") not in named)
    count = 0
    for device in devices:
        name = _option(device, "netdev")
        if device.split(",")[0] in MODELS and netdev != "none":
            count += 1
            if not name:
                name = next(free)
                device += f",netdev={name}"
            _add_backend(network, name, netdev)
        network.devices.append(device)
    if count > 1 and (isinstance(netdev, int) or netdev.startswith("tap")):
        raise UsageError("one descriptor cannot serve several network devices")
    return network


def _option(device: str, key: str) -> str:
    for option in device.split(",")[1:]:
        if option.startswith(f"{key}="):
            return option[len(key) + 1 :]
    return ""


def _add_backend(network: Network, name: str, netdev: str | int) -> None:
    if isinstance(netdev, str) and netdev != "dgram":
        network.arguments += ["-netdev", f"{netdev},id={name}"]
        if netdev.startswith("tap"):
            network.fds.append(int(_option(netdev, "fd")))
        return
    if isinstance(netdev, int):
        fd = netdev
    else:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.setblocking(False)
        network.sockets[name] = ours
        network.inherited.append(theirs)
        fd = theirs.fileno()
    network.fds.append(fd)
    network.arguments += ["-netdev", f"dgram,id={name},local.type=fd,local.str={fd}"]
