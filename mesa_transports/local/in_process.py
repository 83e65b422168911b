"""Between the SDK's messages and werkzeug's: how a request is answered without a socket."""

from __future__ import annotations

import string
from io import BytesIO
from urllib.parse import SplitResult, quote, urlsplit

from werkzeug.wrappers import Request as WSGIRequest
from werkzeug.wrappers import Response as WSGIResponse

from mesa_core.errors import ConnectError
from mesa_core.http import Headers, Request, Response
from mesa_transports.local.app import Application, split_mount
from mesa_transports.local.refusals import BadRequest

__all__ = ["respond"]


def respond(application: Application, request: Request) -> Response:
    """Answer one request.

    Raises:
        ConnectError: its URL is none.
    """
    if not _is_unicode(request):
        return _response(application.refuse(BadRequest("expected Unicode text, got a lone surrogate")), request)
    try:
        parts = urlsplit(request.url)
    except ValueError as error:
        raise ConnectError(f"the request's URL cannot be read: {error}") from None
    mount, path = split_mount(parts.path or "/")
    answer = application.respond(_wsgi_request(request, parts), f"{parts.scheme}://{parts.netloc}{mount}", path)
    return _response(answer, request)


def _is_unicode(request: Request) -> bool:
    texts = [request.method, request.url, *(text for header in request.headers.items() for text in header)]
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True


def _response(answer: WSGIResponse, request: Request) -> Response:
    try:
        content = b"" if request.method == "HEAD" else b"".join(answer.iter_encoded())
    finally:
        answer.close()
    headers = Headers(answer.headers.items())
    if request.method != "HEAD":
        headers["Content-Length"] = str(len(content))
    return Response(answer.status_code, headers, content)


def _wsgi_request(request: Request, parts: SplitResult) -> WSGIRequest:
    environ: dict[str, object] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "",  # the application is given the path by itself, still encoded
        "QUERY_STRING": quote(parts.query, safe=string.punctuation),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": BytesIO(request.content),
    }
    for name, value in request.headers.items():
        environ[f"HTTP_{_variable(name)}"] = value
    environ["CONTENT_TYPE"] = request.headers.get("Content-Type", "")
    environ["CONTENT_LENGTH"] = str(len(request.content))
    return WSGIRequest(environ)


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
