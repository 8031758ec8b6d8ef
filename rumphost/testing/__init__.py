"""For tests of drivers: the pytest plugin, which pytest finds once rumphost is installed."""
