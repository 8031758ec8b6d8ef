"""What a developer waits for, in a process of its own: from an edited source to an attached driver.

Usage: ``edit_cycle.py DRIVERS``, a copy of ``drivers/``. Prints the seconds of each phase as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main() -> None:
    phases: dict[str, float] = {}
    last = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        phases[name], last = now - last, now

    import rumphost
    from rumphost.build import Builder, tree
    from rumphost.host import open_host

    lap("import")
    tree.drivers_dir = lambda: Path(sys.argv[1])

    async def attach() -> None:
        async with open_host("sim:i82540em") as host:
            lap("open")
            built = Builder().build(["if_i8254x"])
            assert not built.cached
            lap("build")
            await host.load(built)
            lap("load")
            await host.attach()
            lap("attach")
            assert [device.xname for device in host.devices] == ["iex0"]

    rumphost.run(attach)
    print(json.dumps(phases))


if __name__ == "__main__":
    main()
