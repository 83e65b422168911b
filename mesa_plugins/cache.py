"""A cache of what never changes: answers that are addressed by full commit shas.

The contract has no conditional requests, but a commit, what it contains and its difference from another commit are the
same for ever. So `commits.get`, `content.get`, `content.read`, `diffs.get` and `diffs.patch` are asked for once, where
each ref is a full sha; a branch, an abbreviated sha or the default branch may move, and is asked for each time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from attrs import define

from mesa_core import (
    Call,
    ConfigurationError,
    MesaError,
    Plugin,
    Request,
    Response,
    ResponseValidationError,
    Retry,
    hookimpl,
    is_secret_header,
)
from mesa_plugins._kept import Kept, KeptInMemory, KeptOnDisk, Place, Store
from mesa_plugins._keys import Keys

__all__ = ["Cache"]

_ADDRESSED_BY: Final = {
    "commits.get": ("sha",),
    "content.get": ("ref",),
    "content.read": ("ref",),
    "diffs.get": ("base", "head"),
    "diffs.patch": ("base", "head"),
}
"""The operations whose answers are kept, each with the parameters that must be full shas."""
_FULL_SHA: Final = re.compile("[0-9a-f]{40}")
_UNFINISHED: Final = re.compile(rb'"last_commit_at"\s*:\s*null')
"""What an answer holds that will say more once the server has found it out."""
_ENDING: Final = frozenset({"repos.delete", "repos.update"})
"""The operations after which a repository may have another name, or none."""


@define
class _LookUp:
    """What a call has to do with the cache, of its attempt under way."""

    place: Place | None = None
    """Where its answer belongs; None where it is not to be kept."""
    given: Response | None = None
    """What was kept."""
    received: Kept | None = None
    """What may be kept."""
    unreadable: bool = False
    """Whether what was kept was of no use."""


class Cache(Plugin):
    """Keeps answers that never change, in memory or on disk; `raw` says `from_cache` of one that was kept.

    An answer is given again to the API key that got it, at the same server, for a call with the same headers, and to
    nobody else; without the plugin `auth` nothing is kept. It is kept when the whole call succeeded, as the server sent
    it, without headers that may be secret; other plugins' hooks see it each time, as they saw it first. When a
    client deletes or changes a repository through this cache, what was kept of it is dropped; what others delete, or a
    key that is revoked, stays unnoticed.

    Threads, tasks, clients and, on disk, processes may share one. Where several ask for the same thing at once and it
    is not kept yet, each asks the server.

    Args:
        max_bytes: How much is kept, at most; the answers that were used longest ago make room.
        path: A folder to keep them in, made where there is none, for its owner's eyes only; without one they are kept
            in memory.

    Raises:
        ConfigurationError: `max_bytes` is not a whole number of at least 1, or `path` is no folder and cannot be one.
    """

    def __init__(self, *, max_bytes: int = 64 * 1024 * 1024, path: str | os.PathLike[str] | None = None) -> None:
        self._max_bytes = max_bytes
        self._path = path
        if type(max_bytes) is not int or max_bytes < 1:
            raise ConfigurationError(f"max_bytes: expected a whole number of at least 1, got {max_bytes!r}")
        self._store: Store = KeptInMemory(max_bytes) if path is None else KeptOnDisk(max_bytes, path)

    @property
    def size_bytes(self) -> int:
        """How much is kept."""
        return self._store.size_bytes

    def clear(self) -> None:
        """Forget everything that is kept."""
        self._store.clear()

    @hookimpl(trylast=True)  # after everyone who may change the URL, so that an answer is that of what would be sent
    def before_request(self, request: Request, call: Call) -> Response | None:
        """Answer with what is kept."""
        look_up: _LookUp = call.state.setdefault(self, _LookUp())
        look_up.place = look_up.given = look_up.received = None
        if _never_changes(request, call):
            look_up.place = Place(_repository(call), _question(request, call))
            kept = None if look_up.unreadable else self._store.get(look_up.place)
            if kept is not None:
                look_up.given = Response(HTTPStatus.OK, kept.headers, kept.content, from_cache=True)
        return look_up.given

    @hookimpl(tryfirst=True)  # as the server sent it, before others change it: they will change it each time
    def after_response(self, response: Response, call: Call) -> None:
        """Take note of what may be kept."""
        look_up: _LookUp | None = call.state.get(self)
        if look_up is None or look_up.place is None or response.from_cache or call.substituted:
            return
        if response.status_code != HTTPStatus.OK or _UNFINISHED.search(response.content):
            return
        headers = tuple((name, value) for name, value in response.headers.fields() if not is_secret_header(name))
        look_up.received = Kept(headers, response.content)

    def on_error(self, error: MesaError, call: Call) -> Retry | None:
        """Keep nothing that is of no use; and ask the server for what was kept and cannot be read any more."""
        look_up: _LookUp | None = call.state.get(self)
        if look_up is None:
            return None
        look_up.received = None
        if look_up.place is None or look_up.given is None or not isinstance(error, ResponseValidationError):
            return None
        self._store.drop(look_up.place)
        look_up.unreadable = True
        return Retry()

    def after_call(self, error: BaseException | None, call: Call) -> None:
        """Keep what came of a call, when it has succeeded; and forget a repository that is there no more."""
        if call.operation.name in _ENDING:  # also when it failed: it may have been carried out all the same
            self._store.drop_repository(_repository(call))
        look_up: _LookUp | None = call.state.get(self)
        if error is None and look_up is not None and look_up.place is not None and look_up.received is not None:
            self._store.put(look_up.place, look_up.received)

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process has a memory of its own, and may share the folder.
        return partial(Cache, max_bytes=self._max_bytes, path=self._path), ()

    def __repr__(self) -> str:
        return f"Cache(max_bytes={self._max_bytes}, path={self._path!r})"


def _never_changes(request: Request, call: Call) -> bool:
    """Tell whether a request is addressed by full shas, and is for the client's own server."""
    names = _ADDRESSED_BY.get(call.operation.name)
    if names is None or not call.config.is_own(request.url):
        return False
    if "auth" in call.config.disable_plugins:  # whoever authenticates instead, nobody can tell for whom the answer is
        return False
    parts = urlsplit(request.url)
    given = {"sha": parts.path.rpartition("/")[2], **dict(parse_qsl(parts.query))}
    return all(_FULL_SHA.fullmatch(given.get(name, "")) for name in names)


def _repository(call: Call) -> str:
    return _digest(call.config.server_url, call.operation.path["org"], call.operation.path["repo"])


def _question(request: Request, call: Call) -> str:
    """Stand in for all that an answer depends on."""
    own = sorted((name.lower(), value) for name, value in call.options.headers.items())
    return _digest(request.url, request.headers.get("Accept", ""), Keys.of(call).current(call) or "", own)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
