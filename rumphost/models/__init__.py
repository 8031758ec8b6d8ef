"""Device models in Python for the ``sim:`` machine; they import ``rumphost.machine`` only.

``MODELS`` is what ``--machine sim:NAME,NAME…`` finds by name.
"""

from __future__ import annotations

from typing import Any

from rumphost.errors import UsageError
from rumphost.machine.sim import SimFunction

from .base import PciModel
from .edu import EduModel
from .i82540em import I82540em
from .options import convert_options
from .teach import TeachModel
from .wire import Wire, crossover

MODELS: dict[str, type[PciModel]] = {
    "teach": TeachModel,
    "edu": EduModel,
    "i82540em": I82540em,
    "e1000": I82540em,
}
"""Models by name; calling one with its options as keywords makes a function to plug in."""


def make_model(name: str, **options: Any) -> PciModel:
    """Make a model by name; raises ``UsageError``."""
    if name not in MODELS:
        raise UsageError(f"no model is called {name!r}; there are {', '.join(sorted(MODELS))}")
    return MODELS[name](**options)


def parse_models(text: str) -> list[SimFunction]:
    """Make the models that a machine's name lists: ``i82540em:mac=52:54:00:12:34:56,edu``.

    Raises ``UsageError`` that names the unknown model or option, and what there is instead.
    """
    models: list[SimFunction] = []
    for item in text.split(",") if text.strip() else []:
        name, _, options = item.strip().partition(":")
        if name not in MODELS:
            make_model(name)
        arguments = convert_options(name, options, MODELS[name].OPTIONS)
        models.append(make_model(name, **arguments))
    return models


__all__ = [
    "MODELS",
    "EduModel",
    "I82540em",
    "PciModel",
    "TeachModel",
    "Wire",
    "crossover",
    "make_model",
    "parse_models",
]
