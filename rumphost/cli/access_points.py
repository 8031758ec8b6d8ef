"""``--ap`` of ``rumphost wifi``: the access points that a simulated card finds on the air."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from rumphost.classes.ifnet import mac_bytes
from rumphost.errors import UsageError
from rumphost.host import Host
from rumphost.models.air import AccessPoint, Air
from rumphost.models.options import flag

HELP = "Put ssid=NAME,channel=N,signal=DBM,passphrase=TEXT,bssid=MAC,hidden=on on the air; again."


def _channel(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 165:
        raise ValueError
    return number


def _dbm(text: str) -> int:
    number = int(text)
    if not -127 <= number <= 0:
        raise ValueError
    return number


def _passphrase(text: str) -> str:
    if not 8 <= len(text) <= 64:
        raise ValueError
    return text


_KEYS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "ssid": ("ssid", str, "a name"),
    "channel": ("channel", _channel, "1 to 14, or 36 to 165"),
    "signal": ("signal_dbm", _dbm, "dBm, such as -50"),
    "passphrase": ("passphrase", _passphrase, "8 to 63 characters"),
    "bssid": ("bssid", lambda text: mac_bytes(text), "an address"),
    "interval": ("interval", int, "beacon interval in units of 1.024 ms"),
    "hidden": ("hidden", flag, "on or off"),
}


class AccessPointType(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """``ssid=home,channel=6,signal=-50``; a comma in a value is written twice."""

    name = "ssid=NAME,…"

    def convert(self, value: Any, param: Any, ctx: Any) -> AccessPoint:
        if isinstance(value, AccessPoint):
            return value
        arguments: dict[str, Any] = {}
        for part in str(value).replace(",,", "\0").split(","):
            key, equals, text = part.replace("\0", ",").partition("=")
            if key not in _KEYS or not equals:
                self.fail(f"{part!r}: write one of {', '.join(_KEYS)} and =", param, ctx)
            name, convert, expected = _KEYS[key]
            try:
                arguments[name] = convert(text)
            except (ValueError, UsageError):
                self.fail(f"{key}={text}: {expected} is expected", param, ctx)
        if "ssid" not in arguments:
            self.fail("an access point has an ssid=NAME", param, ctx)
        if len(arguments["ssid"].encode()) > 32:
            self.fail(f"{arguments['ssid']!r} is no SSID: it has more than 32 bytes", param, ctx)
        return AccessPoint(**arguments)


def put_on_the_air(host: Host, points: tuple[AccessPoint, ...]) -> None:
    """Replace the access points that the machine's wireless models have of their own."""
    airs = [air for one in host.machine.functions if (air := getattr(one, "air", None))]
    if points and not airs:
        raise UsageError(f"--ap: {host.machine.name} has no model of a wireless card")
    for air in airs[:1] if points else []:
        assert isinstance(air, Air)
        for point in list(air.access_points):
            air.remove(point)
        for point in points:
            air.add(point)
