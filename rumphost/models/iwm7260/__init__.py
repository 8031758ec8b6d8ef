"""The Intel Dual Band Wireless-AC 7260 (8086:08b1), its firmware's protocol, and its radio.

``model.py`` puts the parts together: ``table.py`` registers as data; ``interrupts.py``,
``windows.py``, ``receive.py``, ``transmit.py`` the hardware; ``firmware.py`` and what it names the
firmware; ``image.py`` builds firmware files for tests. Facts about the card are those that public
drivers for it show.
"""

from .image import ImageBuilder
from .model import Iwm7260

__all__ = ["ImageBuilder", "Iwm7260"]
