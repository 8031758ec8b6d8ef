"""From driver names to one shared object: config(5), compiler, linker, symbol report, cache.

``host.py`` and the command line call :class:`rumphost.build.image.Builder`; the configuration
language lives in :mod:`rumphost.build.config`.
"""

from rumphost.build.image import Builder, Image
from rumphost.build.listing import DriverDescription, list_drivers
from rumphost.build.progress import Progress, Silent

__all__ = ["Builder", "DriverDescription", "Image", "Progress", "Silent", "list_drivers"]
