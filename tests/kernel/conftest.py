"""A kernel on fakes for the tests of each page's service."""

from __future__ import annotations

import pytest
from fakes import Rig


@pytest.fixture
def rig() -> Rig:
    """A kernel with the panic(9) handlers only; register the page's service on ``rig.kernel``."""
    return Rig.make()
