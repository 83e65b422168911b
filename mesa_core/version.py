"""The version, in one place: the build reads it from here, and the User-Agent says it."""

from __future__ import annotations

import sys
from typing import Final

__all__ = ["CONTRACT_VERSION", "USER_AGENT", "__version__"]

__version__ = "0.1.0"
"""The version of this distribution, mesa-sdk."""

USER_AGENT: Final = f"mesa-sdk/{__version__} python/{sys.version_info.major}.{sys.version_info.minor}"

CONTRACT_VERSION: Final = "1"
"""The version of the contract that this SDK speaks (`info.version` of docs/contract/openapi.yaml)."""
