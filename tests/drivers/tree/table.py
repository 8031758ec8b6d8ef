"""Makes a Markdown table of the matrix from pytest's JUnit XML: ``table.py RESULTS``.

Used by ``tools/matrix``. A row is a driver and a device, a column a check: yes, the number of a
note (what is known to be wrong with the driver or the model), NO, or empty when it was not made.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from checks import COLUMNS

Row = dict[str, str]


def read(results: Path) -> tuple[dict[str, Row], list[str]]:
    """Return the checks of each card, and why others were skipped."""
    rows: dict[str, Row] = {}
    skipped: list[str] = []
    for case in ET.parse(results).getroot().iter("testcase"):
        told = {one.get("name", ""): one.get("value", "") for one in case.iter("property")}
        for one in case.iter("skipped"):
            name = case.get("name", "").partition("[")[2].rstrip("]").replace("-", " on ", 1)
            skipped.append(f"{name}: {(one.get('message') or '').strip()}")
        if "card" not in told:
            continue
        row = rows.setdefault(told.pop("card"), {})
        for check, result in told.items():
            if row.get(check, "passed") == "passed" or result.startswith("failed"):
                row[check] = result
    return rows, list(dict.fromkeys(skipped))


def table(rows: dict[str, Row], skipped: list[str]) -> str:
    """Return the table, with its notes below."""
    notes: list[str] = []
    lines = [
        f"| driver | QEMU device | {' | '.join(COLUMNS)} |",
        f"|---|---|{'---|' * len(COLUMNS)}",
    ]
    for card, row in rows.items():
        cells = [_cell(row.get(check, ""), notes) for check in COLUMNS]
        driver, device = card.split(" ", 1)
        lines.append(f"| {driver} | {device} | {' | '.join(cells)} |")
    lines.append("")
    lines += [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    if skipped:
        lines += ["", "Not run:", "", *(f"- {one}" for one in skipped)]
    return "\n".join(lines)


def _cell(result: str, notes: list[str]) -> str:
    if not result:
        return ""
    if result == "passed":
        return "yes"
    what, _, why = result.partition(": ")
    numbers = []
    for note in why.split("; ") if what == "known" else [why]:
        if note not in notes:
            notes.append(note)
        numbers.append(str(notes.index(note) + 1))
    return ("NO " if what == "failed" else "") + ", ".join(f"({number})" for number in numbers)


if __name__ == "__main__":
    print(table(*read(Path(sys.argv[1]))))
