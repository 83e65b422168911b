"""Git's own requests: which refs there are, a fetch, a push."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import IO, Final

from werkzeug.wrappers import Response

from mesa_transports.local.call import Call
from mesa_transports.local.refusals import BadRequest, Forbidden, InternalServerError
from mesa_transports.local.smart_http.access import admit
from mesa_transports.local.smart_http.backend import Backend, Question
from mesa_transports.local.smart_http.push import read_push

__all__ = ["info_refs", "receive_pack", "upload_pack"]

_FETCH: Final = "git-upload-pack"
_PUSH: Final = "git-receive-pack"
_SCOPES: Final = {_FETCH: "git:read", _PUSH: "git:write"}
_ENCODINGS: Final = {"": False, "identity": False, "gzip": True, "x-gzip": True}
_CHUNK: Final = 1 << 20


def info_refs(call: Call) -> Response:
    """Tell which refs there are, to one who means to fetch or to push."""
    service = call.query.text("service", least=0) or ""
    admit(call, _SCOPES.get(service, _SCOPES[_FETCH]))
    if service not in _SCOPES:
        raise Forbidden("only git's smart protocol is spoken here, which git knows since version 1.6.6")
    return _streamed(Backend(_question(call, service)))


def upload_pack(call: Call) -> Response:
    """Give what a fetch asks for."""
    with _body(call, _FETCH) as body:
        return _streamed(Backend(_question(call, _FETCH, body)))


def receive_pack(call: Call) -> Response:
    """Take a push, in turn with the API's own writers.

    Git runs to its end whether or not the client still listens: a push that has arrived is carried out whole, and a
    client that is slow to read the answer holds up nobody.
    """
    with _body(call, _PUSH) as body:
        push = read_push(body, gzipped=_is_gzipped(call))
        question = _question(call, _PUSH, body, hidden=tuple(push.unnameable))
        with call.writing(), closing(Backend(question)) as backend:
            answer = b"".join(backend)
    if backend.failed:
        raise InternalServerError("git failed; the Depot's log says how")
    return Response(push.messages() + answer if answer else b"", backend.status, backend.headers)


def _streamed(backend: Backend) -> Response:
    return Response(backend, backend.status, backend.headers)


def _question(call: Call, service: str, body: IO[bytes] | None = None, hidden: tuple[str, ...] = ()) -> Question:
    return Question(
        repository=call.services.repositories.path(call.repository),
        service=service,
        protocol=call.request.headers.get("Git-Protocol", ""),
        body=body,
        gzipped=_is_gzipped(call),
        hidden=hidden,
    )


@contextmanager
def _body(call: Call, service: str) -> Generator[IO[bytes]]:
    """Keep the request's body in a file, since it may be larger than memory."""
    if call.request.mimetype != f"application/x-{service}-request":
        raise BadRequest(f"body: expected application/x-{service}-request, got {call.request.mimetype[:60]}")
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(call.request.stream, file, _CHUNK)
        yield file


def _is_gzipped(call: Call) -> bool:
    encoding = call.request.headers.get("Content-Encoding", "").lower()
    if encoding not in _ENCODINGS:
        raise BadRequest(f"body: expected it plain or in gzip, got {encoding[:20]}")
    return _ENCODINGS[encoding]
