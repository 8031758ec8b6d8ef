"""Whole hosts on real functions, their ends and their cost; ``tests/vm`` runs these inside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "RUMPHOST_VM" not in os.environ:
        skip = pytest.mark.skip(reason="runs inside tools/vm: see tests/vm")
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(skip)
