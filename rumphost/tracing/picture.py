"""A picture (SVG) of a summary: bars for hot registers, time per lwp, locks and latencies."""

from __future__ import annotations

from html import escape

from .summary import Summary, duration

WIDTH, ROW, LABEL, VALUE = 900, 18, 300, 110
MOST = 15

Bars = list[tuple[str, float, str]]


def draw(summary: Summary) -> str:
    """Return the picture as the text of an SVG file."""
    charts = [(title, bars[:MOST]) for title, bars in _charts(summary) if bars]
    height = sum(2 * ROW + ROW * len(bars) + ROW for _, bars in charts) + ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        'font-family="monospace" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    y = ROW
    for title, bars in charts:
        y += ROW
        parts.append(f'<text x="8" y="{y}" font-weight="bold">{escape(title)}</text>')
        y += ROW // 2
        most = max(size for _, size, _ in bars) or 1
        for label, size, value in bars:
            width = (WIDTH - LABEL - VALUE) * size / most
            parts += [
                f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{escape(label)}</text>',
                f'<rect x="{LABEL}" y="{y + 2}" width="{max(width, 1):.1f}" height="{ROW - 4}" '
                'fill="#4878a8"/>',
                f'<text x="{LABEL + width + 6:.1f}" y="{y + 13}">{escape(value)}</text>',
            ]
            y += ROW
        y += ROW // 2
    return "\n".join([*parts, "</svg>", ""])


def _charts(summary: Summary) -> list[tuple[str, Bars]]:
    registers = sorted(summary.registers.items(), key=lambda item: -sum(item[1]))
    lwps = sorted(summary.lwps.items(), key=lambda item: -item[1].total)
    locks = sorted(summary.locks.items(), key=lambda item: -item[1].total)
    charts: list[tuple[str, Bars]] = [
        (
            "hot registers: accesses",
            [
                (f"{where[0]} {where[1]}", sum(counts), f"{counts[0]} r, {counts[1]} w")
                for where, counts in registers
            ],
        ),
        ("time per lwp", [(name, one.total, duration(one.total)) for name, one in lwps]),
        ("locks: time held", [(name, one.total, duration(one.total)) for name, one in locks]),
    ]
    for line, one in summary.latencies.items():
        bars: Bars = [(f"< {duration(ns)}", count, str(count)) for ns, count in one.histogram()]
        charts.append((f"latency of {line}: how many interrupts", bars))
    return charts
