"""Makes the cassettes and the HAR beside it: the tour of a local Depot, by clients that know nothing of this SDK.

    python make.py NAME      with one of the names below, in an environment with mesa-sdk[local] and what it needs
    python make.py --serve   the same server, for a client that runs elsewhere

What it needs, as it was: vcrpy 9.4.2, with requests 2.34, httpx 0.28 and aiohttp 3.14; vcrpy 5.1 for `httpx-5`. The
HAR is that of mitmproxy 11: `mitmdump --set hardump=mitmproxy.har`, and `python make.py --tour URL` through that proxy.
"""

from __future__ import annotations

import asyncio
import gzip
import sys
import zlib
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

KEY = "mesa_root_key_of_the_tests"
FILE = bytes(range(256)) * 2
LARGE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
AUTHOR = {"name": "Bot", "email": "bot@example.com"}
JSON, BYTES = "application/json", "application/octet-stream"

Call = Callable[..., Any]
"""Takes a method, a URL, an Accept header or None, and optionally `json` and `data`; returns the answer's JSON."""


def tour(call: Call, base: str, *, binary: bool = True) -> None:
    """Ask for a bit of everything."""
    large = LARGE if binary else b"a large text\n" * 99
    call("POST", f"{base}/acme/repos", None, json={"name": "widget"})
    text = {"path": "a.txt", "content": "grün\n"}
    edits = [text, {"path": "b.bin", "content": b64encode(FILE).decode(), "encoding": "base64"}]
    commit = {"branch": "main", "message": "Begin", "author": AUTHOR, "files": edits}
    call("POST", f"{base}/acme/widget/commits", "*/*", json=commit)
    call("GET", f"{base}/acme/widget/content?path=a.txt", f"{JSON};q=1, {BYTES};q=0")
    call("GET", f"{base}/acme/widget/content?path={'b.bin' if binary else 'a.txt'}", BYTES)
    call("GET", f"{base}/acme/missing", f"{JSON}, text/plain, */*")
    call("POST", f"{base}/acme/widget/branches", JSON, json={"name": "feature/x", "from": "main"})
    call("DELETE", f"{base}/acme/widget/branches/feature/x", None)
    call("POST", f"{base}/acme/api-keys", None, json={"name": "ci", "scopes": ["git:read"]})
    objects = {"objects": [{"oid": sha256(large).hexdigest(), "size": len(large)}]}
    answer = call("POST", f"{base}/acme/widget/lfs/objects", None, json=objects)
    call("PUT", answer["objects"][0]["upload_url"], None, data=large)
    answer = call("POST", f"{base}/acme/widget/lfs/objects/download", None, json=objects)
    call("GET", answer["objects"][0]["download_url"], None)


def headers_of(url: str, accept: str | None) -> dict[str, str]:
    key = {} if "/lfs/objects/" in url and "?" in url else {"Authorization": f"Bearer {KEY}"}
    return {**key, **({"Accept": accept} if accept else {})}


def by_requests(base: str, *, encodings: str | None = None) -> None:
    import requests

    session = requests.Session()
    if encodings:
        session.headers["Accept-Encoding"] = encodings

    def call(method: str, url: str, accept: str | None, **body: Any) -> Any:
        answer = session.request(method, url, headers=headers_of(url, accept), timeout=9, **body)
        return answer.json() if answer.headers.get("Content-Type") == JSON else answer.content

    tour(call, base, binary=encodings is None)


def by_httpx(base: str, *, binary: bool = True) -> None:
    import httpx

    with httpx.Client(timeout=9) as client:

        def call(method: str, url: str, accept: str | None, data: bytes | None = None, **body: Any) -> Any:
            answer = client.request(method, url, headers=headers_of(url, accept), content=data, **body)
            return answer.json() if answer.headers.get("Content-Type") == JSON else answer.content

        tour(call, base, binary=binary)


def by_aiohttp(base: str) -> None:
    import aiohttp

    async def ask(method: str, url: str, accept: str | None, body: dict[str, Any]) -> Any:
        async with aiohttp.ClientSession() as session:
            headers = headers_of(url, accept)
            async with session.request(method, url, headers=headers, **body) as answer:
                return await (answer.json() if answer.content_type == JSON else answer.read())

    tour(lambda method, url, accept, **body: asyncio.run(ask(method, url, accept, body)), base)


def compressed(application: Callable[..., Any]) -> Callable[..., Any]:
    """Encode answers as a server on the way would: JSON as gzip, bytes as deflate."""

    def respond(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        said: list[Any] = []
        content = b"".join(application(environ, lambda *line: said.extend(line)))
        status, headers = said[0], [pair for pair in said[1] if pair[0] != "Content-Length"]
        if "deflate" in environ.get("HTTP_ACCEPT_ENCODING", ""):
            is_json = dict(headers).get("Content-Type") == JSON
            content = gzip.compress(content, mtime=0) if is_json else zlib.compress(content)
            headers.append(("Content-Encoding", "gzip" if is_json else "deflate"))
        start(status, [*headers, ("Content-Length", str(len(content)))])
        return [content]

    return respond


def main(name: str, url: str = "") -> None:
    if name == "--tour":
        return by_requests(url)

    from waitress.server import create_server

    from mesa_transports.local import LocalDepot

    with LocalDepot(root_key=KEY) as depot:
        server = create_server(compressed(depot.wsgi), host="127.0.0.1", port=0, ident=None)
        base = f"http://127.0.0.1:{server.effective_port}/api/v1"
        if name == "--serve":
            print(base, flush=True)  # noqa: T201 - for whoever starts the client
            return server.run()
        from threading import Thread

        import vcr

        Thread(target=server.run, daemon=True).start()
        path = Path(__file__).with_name(name)
        path.unlink(missing_ok=True)
        with vcr.use_cassette(str(path), serializer="json" if name.endswith(".json") else "yaml"):
            RECORDERS[name](base)
    return None


RECORDERS: dict[str, Callable[[str], None]] = {
    "requests.yaml": by_requests,
    "requests.json": lambda base: by_requests(base, encodings="identity"),
    "httpx.yaml": by_httpx,
    "httpx-5.yaml": lambda base: by_httpx(base, binary=False),
    "aiohttp.yaml": by_aiohttp,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
