"""Device models in Python for the ``sim:`` machine; they import ``rumphost.machine`` only.

``MODELS`` is what ``--machine sim:NAME,NAME…`` finds by name.
"""

from __future__ import annotations

from rumphost.errors import UsageError
from rumphost.machine.names import parse_devices
from rumphost.machine.sim import SimFunction

from .base import PciModel
from .edu import EduModel
from .i82540em import I82540em
from .iwm7260 import Iwm7260
from .options import convert_options
from .teach import TeachModel
from .wire import Wire, crossover

MODELS: dict[str, type[PciModel]] = {
    "teach": TeachModel,
    "edu": EduModel,
    "i82540em": I82540em,
    "e1000": I82540em,
    "iwm7260": Iwm7260,
}
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
    "Iwm7260",
    "PciModel",
    "TeachModel",
    "Wire",
    "crossover",
    "find_model",
    "parse_models",
]
