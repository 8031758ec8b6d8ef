"""What is done with a trace: filters, files of text, JSON and timelines, summaries, a picture.

``rumphost run --trace FILE --only PATTERN --summary`` uses it, and so may anybody with a host::

    writer = TraceWriter.open(Path("trace.json"), filter_=Filter(["bus_space", "callout"]))
    writer.attach(host.trace)
"""

from .filter import Filter, Pattern
from .header_names import HeaderNames
from .picture import draw
from .summary import Summary, Table
from .text import TextFormat, json_line
from .timeline import Timeline
from .writer import TraceWriter, format_of

__all__ = [
    "Filter",
    "HeaderNames",
    "Pattern",
    "Summary",
    "Table",
    "TextFormat",
    "Timeline",
    "TraceWriter",
    "draw",
    "format_of",
    "json_line",
]
