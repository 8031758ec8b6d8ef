"""``python -m rumphost.cli``: the command, for one given Python."""

from . import main

main()
