"""Trials: a driver is run through a scenario again and again, and each time something goes wrong.

``sweep`` lets each thing that a kernel may refuse fail once, one after the other; ``explore`` puts
interrupts, timeouts, a detach or an unplug into the midst of a scenario, and shrinks what fails to
the shortest schedule. Used by ``rumphost fault`` and ``rumphost explore``, and from Python::

    setup = Setup(builder.build(["teach"]), "sim:teach")
    report = rumphost.run(sweep, setup)
    assert not report.troubles
"""

from .explore import Discovery, Exploration, explore, repeat
from .outcome import Outcome, Trouble
from .points import ACTIONS, CLASSES, Step
from .scenario import Scenario, default_scenario, idle_scenario, load_scenario
from .sweep import Case, SweepReport, sweep
from .trial import Setup, run_trial

__all__ = [
    "ACTIONS",
    "CLASSES",
    "Case",
    "Discovery",
    "Exploration",
    "Outcome",
    "Scenario",
    "Setup",
    "Step",
    "SweepReport",
    "Trouble",
    "default_scenario",
    "explore",
    "idle_scenario",
    "load_scenario",
    "repeat",
    "run_trial",
    "sweep",
]
