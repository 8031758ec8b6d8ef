"""Device models in Python for the ``sim:`` machine; they import ``rumphost.machine`` only.

``MODELS`` is what ``--machine sim:NAME,NAME…`` finds by name. A model is imported when it is asked
for: some need large libraries, and who runs another one should not wait for those.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from rumphost.errors import UsageError
from rumphost.machine.names import parse_devices
from rumphost.machine.sim import SimFunction

from .base import PciModel
from .edu import EduModel
from .i82540em import I82540em
from .options import convert_options
from .teach import TeachModel
from .wire import Wire, crossover

_WHERE = {
    "teach": ("teach", "TeachModel"),
    "edu": ("edu", "EduModel"),
    "i82540em": ("i82540em", "I82540em"),
    "e1000": ("i82540em", "I82540em"),
    "iwm7260": ("iwm7260", "Iwm7260"),
}


class _Models(Mapping[str, type[PciModel]]):
    def __getitem__(self, name: str) -> type[PciModel]:
        module, model = _WHERE[name]
        found: type[PciModel] = getattr(importlib.import_module(f".{module}", __name__), model)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_WHERE)

    def __len__(self) -> int:
        return len(_WHERE)

    def __contains__(self, name: object) -> bool:
        return name in _WHERE


def __getattr__(name: str) -> Any:
    if name == "Iwm7260":
        return MODELS["iwm7260"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


MODELS: Mapping[str, type[PciModel]] = _Models()
"""Models by name; calling one with its options as keywords makes a function to plug in."""


def find_model(name: str) -> type[PciModel]:
    """Return a model's class by name; raises ``UsageError``."""
    if name not in MODELS:
        raise UsageError(f"no model is called {name!r}; there are {', '.join(sorted(MODELS))}")
    return MODELS[name]


def parse_models(text: str) -> list[SimFunction]:
    """Make the models that a machine's name lists: ``i82540em:mac=52:54:00:12:34:56,edu``.

    Raises ``UsageError`` that names the unknown model or option, and what there is instead.
    """
    models: list[SimFunction] = []
    for device in parse_devices(text):
        model = find_model(device.name)
        models.append(model(**convert_options(device.name, device.options, model.OPTIONS)))
    return models


__all__ = [
    "MODELS",
    "EduModel",
    "I82540em",
    "PciModel",
    "TeachModel",
    "Wire",
    "crossover",
    "find_model",
    "parse_models",
]
