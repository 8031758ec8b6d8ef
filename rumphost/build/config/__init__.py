"""The configuration language of config(5): parser, closure of a driver, generated headers.

Called by :mod:`rumphost.build.builder`; knows no compiler.
"""

from rumphost.build.config.closure import Closure, close
from rumphost.build.config.lexer import ConfigError, Place
from rumphost.build.config.model import Config
from rumphost.build.config.parser import ConfigFile, parse

__all__ = ["Closure", "Config", "ConfigError", "ConfigFile", "Place", "close", "parse"]
