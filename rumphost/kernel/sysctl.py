"""sysctl(9): the tree of named values of all images, and the host's own. Called by ``sysctl.c``.

``host.py`` reads and writes by dotted name. A driver's node is read on an lwp, because its function
may lock; ``done`` gets the value, or the exception. The kernel's own values are Python's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rumphost.errors import DriverPanic, Misuse, UsageError

from .crash import doomed
from .errno import ENXIO
from .hypercall import hypercall
from .leak import Leak
from .lwp import Lwp, Owner
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel

TYPE_MASK = 0x0F
NODE, INT, STRING, QUAD, STRUCT, BOOL = range(1, 7)
READWRITE = 0x70
PERMANENT = 0x200
HIDDEN = 0x8000
UNSIGNED = 0x0008_0000
_ERRNO_WORDS = {
    1: "not permitted", 2: "no such value", 4: "interrupted", 5: "input/output error",
    6: "the device is going away", 12: "too long", 16: "busy", 22: "not a valid value",
    60: "timed out",
}  # fmt: skip
_ACCESS = "rumphost_sysctl_access"
_FORGET = "rumphost_sysctl_forget"
_STRING_ROOM = 1024

Value = bool | int | str | bytes
Done = Callable[["Value | Exception"], None]


class SysctlError(UsageError):
    """A value could not be read or written; ``errno`` is NetBSD's."""

    def __init__(self, name: str, errno: int) -> None:
        super().__init__(f"sysctl {name}: {_ERRNO_WORDS.get(errno, f'error {errno}')}")
        self.errno = errno


@dataclass(eq=False)
class Node:
    """One struct sysctlnode of an image; the same inner node may exist in several images."""

    address: int
    name: str
    number: int
    flags: int
    size: int
    function: int
    parent: Node | None
    image: Any
    owner: Owner | None
    children: list[Node] = field(default_factory=list)

    @property
    def type(self) -> int:
        return self.flags & TYPE_MASK

    @property
    def writable(self) -> bool:
        return self.flags & READWRITE == READWRITE

    @property
    def path(self) -> str:
        """Its dotted name."""
        return self.name if self.parent is None else f"{self.parent.path}.{self.name}"


@dataclass(frozen=True)
class Provided:
    """A value of the host's own; ``set`` None: read only."""

    get: Callable[[], Value]
    set: Callable[[Value], None] | None = None


@dataclass(eq=False)
class Access:
    """A read or write that is under way, with its buffers."""

    node: Node
    done: Done
    buffers: list[int]
    room: int
    written: bool


class Sysctl(Service):
    """Handlers of sysctl(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._scheduler = kernel.scheduler
        self._memory = kernel.memory
        self._trace = kernel.trace
        self._nodes: dict[int, Node] = {}
        self._provided: dict[str, Provided] = {}
        self._accesses: dict[int, Access] = {}

    # -- what the host calls

    def provide(
        self, name: str, get: Callable[[], Value], set: Callable[[Value], None] | None = None
    ) -> None:
        """Add a value of the host's own."""
        self._provided[name] = Provided(get, set)

    def names(self) -> list[str]:
        """Return the dotted names of all values that are not hidden, sorted."""
        leaves = {
            node.path
            for node in self._nodes.values()
            if node.type != NODE and not node.flags & HIDDEN
        }
        return sorted(leaves | set(self._provided))

    def node(self, name: str) -> Node:
        """Return a driver's node; raises ``UsageError``."""
        for node in self._nodes.values():
            if node.type != NODE and node.path == name:
                return node
        raise UsageError(f"no sysctl {name}")

    def read(self, name: str, done: Done) -> None:
        """Read a value: int, bool, str, or bytes for a structure."""
        provided = self._provided.get(name)
        if provided is not None:
            done(provided.get())
            return
        self._access(self.node(name), None, done)

    def write(self, name: str, value: Value, done: Done) -> None:
        """Write a value; ``done`` gets what it was before."""
        provided = self._provided.get(name)
        if provided is None:
            node = self.node(name)
            self._access(node, _encode(node, value), done)
        elif provided.set is None:
            done(SysctlError(name, 1))
        else:
            before = provided.get()
            provided.set(value)
            done(before)

    def panicked(self, lwp: Lwp, panic: DriverPanic) -> None:
        """A driver has crashed that may have been in a node's function."""
        for lid in sorted(doomed(self._kernel, lwp) & self._accesses.keys()):
            access = self._accesses.pop(lid)
            self._release(access)
            access.done(panic)

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return trees of nodes that a device has not removed, but for permanent ones."""
        return [
            Leak("sysctl(9)", f"the node {node.path} is still there", node.function)
            for node in self._nodes.values()
            if node.owner is owner
            and not node.flags & PERMANENT
            and (node.parent is None or node.parent.owner is not owner)
        ]

    def release(self, owner: Owner) -> None:
        """Remove a driver's nodes, and end what was asked of them: its lwps are no more."""
        for lid, access in list(self._accesses.items()):
            if access.node.owner is owner:
                del self._accesses[lid]
                self._release(access)
                access.done(SysctlError(access.node.path, ENXIO))
        for node in [one for one in self._nodes.values() if one.owner is owner]:
            if node.address in self._nodes:
                self._remove(node)
                entry = node.image.symbol(_FORGET)
                self._scheduler.spawn("sysctl", entry, (node.address,), image=node.image)

    def retire(self, image: Any) -> None:
        """Forget the nodes that an image itself has, not those of its devices."""
        for node in [one for one in self._nodes.values() if one.image is image]:
            if node.owner is None and not any(child.owner for child in node.children):
                self._remove(node)

    # -- hypercalls

    @hypercall
    def sysctl_create(
        self,
        lwp: Lwp,
        node: int,
        parent: int,
        name: str,
        number: int,
        flags: int,
        data: int,
        size: int,
        function: int,
    ) -> None:
        above = self._nodes.get(parent)
        if parent and above is None:
            raise Misuse(f"sysctl(9): the parent of {name} is gone")
        made = Node(node, name, number, flags, size, function, above, lwp.image, lwp.owner)
        self._nodes[node] = made
        if above is not None:
            above.children.append(made)
        if self._trace.on:
            self._trace.emit("sysctl.create", lwp, node=made.path)

    @hypercall
    def sysctl_destroy(self, lwp: Lwp, node: int) -> None:
        found = self._nodes.get(node)
        if found is not None:
            if self._trace.on:
                self._trace.emit("sysctl.destroy", lwp, node=found.path)
            self._remove(found)

    # -- the inner parts

    def _remove(self, node: Node) -> None:
        for child in list(node.children):
            self._remove(child)
        self._nodes.pop(node.address, None)
        if node.parent is not None and node in node.parent.children:
            node.parent.children.remove(node)

    def _access(self, node: Node, new: bytes | None, done: Done) -> None:
        memory = self._memory
        room = max(node.size, _STRING_ROOM if node.type in (STRING, STRUCT) else 8)
        old, length = memory.allocate(room), memory.allocate(8)
        buffers = [old, length]
        memory.write_uint(length, 8, room)
        address = 0
        if new is not None:
            address = memory.allocate(max(len(new), 1))
            memory.write(address, new)
            buffers.append(address)
        access = Access(node, done, buffers, room, new is not None)
        args = (node.address, old, length, address, len(new) if new is not None else 0)

        def over(result: int) -> None:
            self._accesses.pop(lwp.lid, None)
            self._finish(access, result & 0xFFFF_FFFF)

        lwp = self._scheduler.spawn(
            "sysctl",
            node.image.symbol(_ACCESS),
            args,
            image=node.image,
            owner=node.owner,
            mpsafe=False,
            on_exit=over,
        )
        self._accesses[lwp.lid] = access

    def _finish(self, access: Access, error: int) -> None:
        old, length = access.buffers[:2]
        size = min(self._memory.read_uint(length, 8), access.room)
        data = self._memory.read(old, size)
        self._release(access)
        if error:
            access.done(SysctlError(access.node.path, error))
        else:
            access.done(_decode(access.node, data))

    def _release(self, access: Access) -> None:
        for buffer in access.buffers:
            self._memory.release(buffer)


def _encode(node: Node, value: Value) -> bytes:
    try:
        if node.type == STRING:
            assert isinstance(value, str)
            return value.encode() + b"\0"
        if node.type == STRUCT:
            assert isinstance(value, bytes)
            return value
        if node.type == BOOL:
            return struct.pack("<?", value)
        signed = not node.flags & UNSIGNED and int(value) < 1 << 31
        width = "i" if node.type == INT else "q"
        return struct.pack(f"<{width if signed else width.upper()}", int(value))
    except (AssertionError, struct.error, ValueError) as error:
        raise UsageError(f"sysctl {node.path}: {value!r} is not a valid value") from error


def _decode(node: Node, data: bytes) -> Value:
    if node.type == STRING:
        return data.split(b"\0")[0].decode("utf-8", "replace")
    if node.type == BOOL:
        return bool(data[:1] != b"\0")
    if node.type in (INT, QUAD):
        return int.from_bytes(data, "little", signed=not node.flags & UNSIGNED)
    return data
