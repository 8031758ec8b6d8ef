"""For tests of drivers: the pytest plugin, which pytest finds by itself once rumphost is installed."""
