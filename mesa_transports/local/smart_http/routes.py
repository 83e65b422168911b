"""The table of what git and git-lfs ask for below `/{org}/{repo}.git`."""

from __future__ import annotations

from typing import Final

from mesa_transports.local.routes import Route, table
from mesa_transports.local.smart_http import git, lfs

__all__ = ["TABLE"]

# Where no scope is said, it depends on what is asked for, or a signature in the URL takes the place of a key.
TABLE: Final = table(
    (
        Route("GET", "/<org>/<repo>.git/info/refs", None, git.info_refs),
        Route("POST", "/<org>/<repo>.git/git-upload-pack", "git:read", git.upload_pack),
        Route("POST", "/<org>/<repo>.git/git-receive-pack", "git:write", git.receive_pack),
        Route("POST", "/<org>/<repo>.git/info/lfs/objects/batch", None, lfs.batch),
        Route("POST", "/<org>/<repo>.git/info/lfs/objects/<oid>/verify", None, lfs.verify),
        Route("GET", "/<org>/<repo>.git/info/lfs/locks", "git:read", lfs.locks),
        Route("POST", "/<org>/<repo>.git/info/lfs/locks", "git:write", lfs.locks),
        Route("POST", "/<org>/<repo>.git/info/lfs/locks/verify", "git:read", lfs.locks),
        Route("POST", "/<org>/<repo>.git/info/lfs/locks/<id>/unlock", "git:write", lfs.locks),
    )
)
