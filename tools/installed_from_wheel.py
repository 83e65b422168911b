"""Fail unless all our packages come from an installed wheel, with their markers of being typed."""

from __future__ import annotations

import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

site = Path(sysconfig.get_path("purelib")).resolve()
for name in ("mesa_sdk", "mesa_core", "mesa_transports", "mesa_plugins"):
    spec = find_spec(name)
    folder = Path(spec.origin).resolve().parent if spec and spec.origin else None
    if folder != site / name or not (folder / "py.typed").exists():
        sys.exit(f"{name}: expected a typed package in {site}, found {folder}")
