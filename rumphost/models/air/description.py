"""Access points as text, for the command line: ``home@6/secret pass+cafe@11@-70``."""

from __future__ import annotations

import re

from .accesspoint import AccessPoint

_ONE = re.compile(r"(?P<ssid>[^@/+]{1,32})@(?P<channel>\d+)(@(?P<dbm>-\d+))?(/(?P<key>.{8,64}))?")


def parse_access_points(text: str) -> list[AccessPoint]:
    """Return what ``text`` lists; raises ``ValueError`` with what is expected."""
    points = []
    for part in text.split("+") if text else []:
        found = _ONE.fullmatch(part)
        if found is None or not 1 <= int(found["channel"]) <= 165:
            raise ValueError("SSID@CHANNEL, SSID@CHANNEL@-60 or SSID@CHANNEL/PASSPHRASE")
        points.append(
            AccessPoint(
                found["ssid"],
                channel=int(found["channel"]),
                passphrase=found["key"],
                signal_dbm=int(found["dbm"] or -50),
            )
        )
    return points


def default_access_points() -> list[AccessPoint]:
    """Return the networks that a card finds when nobody has said which."""
    return [
        AccessPoint("rumphost", channel=6, signal_dbm=-45),
        AccessPoint("rumphost-wpa2", channel=11, signal_dbm=-55, passphrase="rumphost passphrase"),
        AccessPoint("rumphost-5g", channel=36, signal_dbm=-60),
    ]
