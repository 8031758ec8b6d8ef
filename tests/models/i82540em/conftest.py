"""The fixture that the tests of the 82540EM share."""

from __future__ import annotations

import pytest
from python_driver import Nic


@pytest.fixture
def nic() -> Nic:
    return Nic()
