"""What drivers offer upward, by device class: network interfaces, wired and wireless.

``ifnet.Interface`` is one interface of a driver. Frames go between it and whatever is plugged in:
``tap`` (a Linux interface), ``capture`` (a file), ``station`` (a small network client of our own).
``wlan.Wlan`` is the wireless side of an interface: scan, join, roam.
``network`` is the far end of the wire, for machines that have none.
"""
