"""Wireless networks for models of wireless cards: access points on an air that a test scripts.

``air.py`` carries frames, ``accesspoint.py`` and ``bss.py`` are the networks, ``eapol.py``,
``handshake.py`` and ``ccmp.py`` their security, ``monitor.py`` a capture for Wireshark.
"""

from .accesspoint import AccessPoint
from .air import Air, Distribution, Radio, Reception
from .handshake import Authenticator, Supplicant
from .monitor import Monitor

__all__ = [
    "AccessPoint",
    "Air",
    "Authenticator",
    "Distribution",
    "Monitor",
    "Radio",
    "Reception",
    "Supplicant",
]
