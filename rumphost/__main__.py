"""``python -m rumphost``: the command line."""

from .cli import main

main()
