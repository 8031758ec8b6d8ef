"""Whom to blame: where in a backtrace the shim ends and the driver begins."""

from __future__ import annotations

from collections.abc import Sequence

from rumphost.errors import Frame
from rumphost.sources import hypercalls_dir


def blamed(frames: Sequence[Frame]) -> Frame:
    """Return the frame of the driver that called the shim; the innermost if there is none."""
    own = _own(frames)
    if own < len(frames):
        return frames[own]
    return frames[0] if frames else Frame(0)


def from_call(frames: Sequence[Frame]) -> Sequence[Frame]:
    """Return the frames from the kernel function on that the driver called."""
    own = _own(frames)
    return frames[max(own - 1, 0) :] if own < len(frames) else frames


def _own(frames: Sequence[Frame]) -> int:
    """Return how many of the innermost frames are the shim's."""
    shim = f"{hypercalls_dir()}/"
    return next((n for n, f in enumerate(frames) if not f.file.startswith(shim)), len(frames))
