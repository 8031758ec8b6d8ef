"""A fuzzer of drivers' hardware side: devices that lie, guided by what the driver does then.

An input is a list of mutations of what a device model says (``mutation.py``): values read from
registers, bytes that the device writes into memory, interrupts that come for nothing, late, or
never. ``rumphost fuzz`` is its command; what crashes is kept as a recording that ``replay:`` plays.

Why an engine of its own, and not one of the kept ones. atheris (libFuzzer) owns its process and its
signals, cannot be told that an image is unloaded or has moved, and ends at the first crash; here
a crash is an exception of one driver among others, on a fiber's stack, and each execution loads
the driver anew. AFL++ and python-afl need a program besides, fork for each execution, which costs
five times what the execution does, and mutate bytes; an input here is no bytes but a few things
said about a run, so that the mutator, which is most of a fuzzer, would be our own anyway. What is
left is a queue with energy and a map of edges, and being deterministic by the seed, which none of
them is with several processes.
"""

from .campaign import Campaign, Found, Status
from .corpus import Corpus
from .execute import Finish, Scenario, Target
from .mutation import Input
from .pool import Pool

__all__ = [
    "Campaign",
    "Corpus",
    "Finish",
    "Found",
    "Input",
    "Pool",
    "Scenario",
    "Status",
    "Target",
]
