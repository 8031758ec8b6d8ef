"""The program that test_gdb.py debugs: one request to the teaching driver, over its sysctl.

Arguments: ``assembly`` or ``ucontext``, the kind of fibers; then ``abort`` to dump core while the
request sleeps.
"""

from __future__ import annotations

import functools
import os
import resource
import sys

import rumphost
import rumphost.host
from rumphost.boundary import Boundary


async def main(*, abort: bool) -> None:
    async with rumphost.open_host("sim:teach") as host:
        (device,) = await host.attach("teach")

        def look(event: object) -> None:
            if "lwp.sleep" in str(event) and "wmesg=teach" in str(event).split():
                os.abort()

        if abort:
            resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
            host.trace.add_sink(look)
        await host.set_sysctl("hw.teach0.text", "Hello")
        print("answer:", await host.sysctl("hw.teach0.text"))
        await host.detach(device)


if __name__ == "__main__":
    rumphost.host.Boundary = functools.partial(  # type: ignore[misc,assignment]
        Boundary, ucontext="ucontext" in sys.argv
    )
    rumphost.run(functools.partial(main, abort="abort" in sys.argv))
