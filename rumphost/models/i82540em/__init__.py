"""The Intel 82540EM Gigabit Ethernet controller (8086:100e), one of the 8254x family.

``model.py`` puts the parts together. Section numbers in this package are those of the "PCI/PCI-X
Family of Gigabit Ethernet Controllers Software Developer's Manual".
"""

from .model import I82540em

__all__ = ["I82540em"]
