"""Between the SDK's messages and werkzeug's: how a request is answered without a socket."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import unquote, urlsplit

from werkzeug.wrappers import Request as WSGIRequest

from mesa_core.http import Headers, Request, Response
from mesa_transports.local.app import Application, split_mount

__all__ = ["respond"]


def respond(application: Application, request: Request) -> Response:
    """Answer one request."""
    parts = urlsplit(request.url)
    mount, path = split_mount(parts.path or "/")
    answer = application.respond(_wsgi_request(request), f"{parts.scheme}://{parts.netloc}{mount}", path)
    try:
        content = b"" if request.method == "HEAD" else b"".join(answer.iter_encoded())
    finally:
        answer.close()
    headers = Headers(answer.headers.items())
    if request.method != "HEAD":
        headers["Content-Length"] = str(len(content))
    return Response(answer.status_code, headers, content)


def _wsgi_request(request: Request) -> WSGIRequest:
    parts = urlsplit(request.url)
    environ: dict[str, object] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path, "latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or 80),
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
