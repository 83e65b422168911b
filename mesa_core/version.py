"""The version, in one place: the build reads it from here, and the User-Agent says it."""

from __future__ import annotations

import sys
from typing import Final

__all__ = ["USER_AGENT", "__version__"]

__version__ = "0.1.0"

USER_AGENT: Final = f"mesa-sdk/{__version__} python/{sys.version_info.major}.{sys.version_info.minor}"
