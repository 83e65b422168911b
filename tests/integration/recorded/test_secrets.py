"""Secrets in every place where a user could put one: none reaches the disk, in whatever form, and the run replays."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import pytest
from anyio.from_thread import start_blocking_portal
from attrs import define, evolve, field, frozen
from waiting import Waiting

from mesa_core import AsyncTransport, Request, Response, Transport
from mesa_plugins.testing import Script
from mesa_sdk import APIError, AsyncMesa, Mesa, MesaError
from mesa_transports.local import LocalTransport
from mesa_transports.recorded import AsyncRecordedTransport, RecordedTransport

ORG = "acme"
ODD = "\"q\\u\u00e9/o?t&e<s>+'"
"""Characters that JSON, URLs, HTML and base64 spell in their own ways."""
OWN = (
    *("the api key", "the rotated key", "a custom header", "a cookie", "a basic password"),
    *("a webhook secret", "an upstream token", "the password of an upstream"),
    *("a query parameter", "a member's value", "a value by its name"),
    *("a text to redact", "a pattern to redact", "a number to redact", "what a function redacts"),
)
"""What the user has: another of each when the run is replayed."""
GIVEN = (
    *("the created key", "a generated webhook secret", "the upload signature", "the download signature"),
    *("a cookie that is set", "the signature of a Location", "a signed URL of S3", "what is learnt last"),
)
"""What the server gives."""
GENERATED = GIVEN[:4]
"""What the Depot makes by itself."""
WORLDS = (Mesa, AsyncMesa)


def random(*names: str) -> str:
    """A text that no other has in it, the same in each run of the tests."""
    return hashlib.sha256(" ".join(names).encode()).hexdigest()[:20]


def own(run: str) -> dict[str, str]:
    """The user's secrets of a run."""
    found = {name: random(run, name) for name in OWN}
    for name in OWN[5:11]:  # those that no header must hold
        found[name] += ODD + run
    found["the api key"] = f"mesa_{found['the api key']}+/="
    found["what a function redacts"] = f"fn_{found['what a function redacts']}"
    found["a number to redact"] = "4" + "".join(str(ord(each) % 10) for each in found["a number to redact"][:15])
    return found


@define
class Service:
    """A Depot, and some servers besides that answer with secrets; it notes all that is sent and answered.

    Every key opens it, and no secret of a user's is looked at. `given` are its own.
    """

    secrets: dict[str, str]
    depot: LocalTransport = field(factory=LocalTransport)
    wire: list[bytes] = field(factory=list)

    def send(self, request: Request, /) -> Response:
        self.wire.append(b"\n".join([request.url.encode(), *fields(request.headers), request.content]))
        response = self._answer(request)
        self.wire.append(b"\n".join([*fields(response.headers), response.content]))
        return response

    async def asend(self, request: Request, /) -> Response:
        return self.send(request)

    def close(self) -> None:
        self.depot.close()

    async def aclose(self) -> None:
        self.depot.close()

    def _answer(self, request: Request) -> Response:
        path = urlsplit(request.url).path
        if "/echo/" in path:
            return getattr(self, f"echo_{path.rpartition('/')[2]}")()
        headers = request.headers.copy()
        if "Authorization" in headers:
            headers["Authorization"] = "Bearer any"
        response = self.depot.send(evolve(request, headers=headers))
        self._learn(path, response)
        response.headers["Set-Cookie"] = f"session={self.secrets['a cookie that is set']}; Secure"
        response.headers["Location"] = f"https://s3.example/x?sig={self.secrets['the signature of a Location']}"
        return response

    def _learn(self, path: str, response: Response) -> None:
        if not response.content.startswith(b"{"):
            return
        answer = json.loads(response.content)
        for end, name in (("/objects", "upload"), ("/download", "download")):
            if path.endswith(f"/lfs{'/objects' if end == '/download' else ''}{end}"):
                url = answer["objects"][0][f"{name}_url"]
                self.secrets[f"the {name} signature"] = parse_qs(urlsplit(url).query)["signature"][0]
        if path.endswith("/api-keys"):
            self.secrets["the created key"] = answer["key"]
        if path.endswith("/webhooks") and "a generated webhook secret" not in self.secrets:
            self.secrets["a generated webhook secret"] = answer["secret"]

    def echo_known(self) -> Response:
        """Answer with each form of each secret, none under a name that tells."""
        known = {name: list(map(latin, forms(secret))) for name, secret in self.secrets.items()}
        return response({"forms": list(known.values()), **dict.fromkeys(self.secrets.values(), 1)})

    def echo_text(self) -> Response:
        text = "\n".join(f"{each}, <b>{html.escape(each)}</b>" for each in self.secrets.values())
        return Response(200, {"Content-Type": "text/html"}, text.encode())

    def echo_bytes(self) -> Response:
        return Response(200, {"Content-Type": "application/octet-stream"}, as_bytes(self.secrets.values(), 0))

    def echo_large(self) -> Response:
        return Response(200, {"Content-Type": "application/octet-stream"}, as_bytes(self.secrets.values(), 100_000))

    def echo_error(self) -> Response:
        message = f"not for {' or '.join(self.secrets.values())}"
        details = {name: encoded(secret) for name, secret in self.secrets.items()}
        return response({"error": {"code": "FORBIDDEN", "message": message, "details": details}}, 403)

    def echo_s3(self) -> Response:
        signature = quote(self.secrets["a signed URL of S3"], safe="")
        url = f"https://s3.example/o?X-Amz-Signature={signature}"
        return response({"href": url, "html": f'<a href="{html.escape(url)}">'})

    def echo_last(self) -> Response:
        return response({"user": {"password": self.secrets["what is learnt last"]}})


def fields(headers: Any) -> list[bytes]:
    return [f"{name}: {value}".encode() for name, value in headers.fields()]


def response(content: object, status: int = 200) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(content).encode())


def latin(data: bytes) -> str:
    return data.decode("latin-1")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def as_bytes(secrets: Any, size: int) -> bytes:
    pieces = [piece for secret in secrets for piece in forms(secret)]
    return b"\xff\0" * (size // 2) + b"\0\xfe".join(pieces)


def forms(secret: str) -> list[bytes]:
    """A secret in every form that it is looked for in."""
    spelt = [secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]]
    spelt += [json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(secret)[1:-1].replace("/", "\\/")]
    spelt += [html.escape(secret), re.sub("%..", lambda escape: escape[0].lower(), quote(secret, safe=""))]
    return [*(each.encode() for each in spelt), secret.encode("utf-16-le"), secret.encode("utf-16-be"), *cores(secret)]


def cores(secret: str) -> Iterator[bytes]:
    """What base64 of a text that holds the secret shows, wherever it begins there."""
    for before in range(3):
        data = bytes(before) + secret.encode()
        core = base64.b64encode(data)[-(-before * 4 // 3) : len(data) * 8 // 6]
        yield from {core, core.translate(bytes.maketrans(b"+/", b"-_"))}


@frozen
class Run:
    """What the program does. `secrets` are those of its user."""

    client: Mesa
    transport: Transport
    secrets: dict[str, str]
    keys: list[str]
    """Of which the last is the key at that moment."""
    results: list[object] = field(factory=list)

    def __call__(self) -> list[object]:
        self.note(self.echo("known"))  # all of them are secrets only later
        self.note(self.echo("large"))
        self.others()
        self.keys.append(self.secrets["the rotated key"])
        self.note(self.client.org.get(org=ORG).num_repos)
        self.repository()
        self.webhooks()
        self.large_files()
        created = self.client.admin.create_api_key(org=ORG, body={"name": "ci"})
        self.keys.append(created.key)
        self.note(self.client.org.get(org=ORG).num_repos)
        for name in ("known", "text", "bytes", "large", "s3", "last"):
            self.note(self.echo(name))
        try:
            self.client.request("GET", "/{org}/echo/error", path={"org": ORG})
        except APIError as error:
            self.note([error.status_code, error.code, error.message, sorted(error.details)])
        return self.results

    def note(self, result: object) -> None:
        self.results.append(result)

    def repository(self) -> None:
        upstream = {"uri": "https://git.example/a.git", "token": self.secrets["an upstream token"]}
        made = self.client.repos.create(org=ORG, body={"name": "web", "upstream": upstream})
        self.note([made.name, made.upstream.uri if made.upstream else None])
        author = {"name": "A", "email": "a@example.org"}
        secrets = self.secrets
        password = secrets["a basic password"]
        netrc = f"machine h password {password}\nAuthorization: Basic {encoded(f'a:{password}')}"
        edits = [
            ("netrc", netrc.encode()),
            ("wide", f"card {secrets['a pattern to redact']}".encode("utf-16")),
            ("latin", f"\u00e9 {secrets['a pattern to redact']} {secrets['a text to redact']}".encode("latin-1")),
            ("large", bytes(70_000) + f"{secrets['the api key']} {secrets['an upstream token']}".encode()),
            ("keys", f"{secrets['the api key']} {secrets['the rotated key']}".encode()),
        ]
        body = {
            "branch": "main",
            "message": f"Use {secrets['the api key']}, {secrets['a text to redact']}",
            "author": author,
            "edits": [
                {"path": path, "action": "create", "content": base64.b64encode(data).decode(), "encoding": "base64"}
                for path, data in edits
            ],
        }
        self.client.commits.create(org=ORG, repo="web", body=body)
        self.note(self.client.content.read(org=ORG, repo="web", path="netrc"))
        self.note(self.client.content.read(org=ORG, repo="web", path="wide").decode("utf-16"))
        self.note(self.client.content.read(org=ORG, repo="web", path="large").lstrip(b"\0").decode())
        self.note(self.client.commits.list(org=ORG, repo="web").result.commits[0].message)

    def webhooks(self) -> None:
        hooks = self.client.webhooks
        url = "https://hooks.example/x"
        self.note(hooks.create(org=ORG, repo="web", body={"url": url}).secret)
        self.note(
            hooks.create(org=ORG, repo="web", body={"url": url, "secret": self.secrets["a webhook secret"]}).secret
        )
        self.note([each.url for each in hooks.list(org=ORG, repo="web").webhooks])

    def large_files(self) -> None:
        content = b"\xff" * 70_000
        objects = [{"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}]
        (up,) = self.client.lfs.upload(org=ORG, repo="web", body={"objects": objects}).objects
        self.note(self.transport.send(Request("PUT", str(up.upload_url), content=content)).status_code)
        (down,) = self.client.lfs.download(org=ORG, repo="web", body={"objects": objects}).objects
        self.note(self.transport.send(Request("GET", str(down.download_url))).content == content)
        content += f"{self.secrets['the rotated key']} {self.secrets['an upstream token']}".encode()
        url = f"https://depot.mesa.dev/api/v1/{ORG}/echo/last"
        self.note(self.transport.send(Request("PUT", url, content=content)).status_code)

    def others(self) -> None:
        secrets = self.secrets
        body = {
            "password": secrets["a member's value"],
            "clientSecret": secrets["a value by its name"],
            "text": f"{secrets['a text to redact']} and {secrets['a pattern to redact']}",
            "number": int(secrets["a number to redact"]),
            "uri": f"https://bot:{quote(secrets['the password of an upstream'], safe='')}@git.example/a.git",
            "later": f"{secrets['the rotated key']} and {secrets['an upstream token']}",
            "note": json.dumps({"api_key": secrets["a value by its name"]}),
        }
        query = {"access_token": secrets["a query parameter"], "q": secrets["a text to redact"]}
        self.note(self.client.request("POST", "/{org}/echo/s3", path={"org": ORG}, query=query, body=body))
        url = f"https://depot.mesa.dev/api/v1/{ORG}/echo/s3/{quote(secrets['a query parameter'], safe='')}/s3"
        for content, media_type in (
            (f"password={quote_plus(secrets['a basic password'])}", "application/x-www-form-urlencoded"),
            (f'level=info body={{"secret": "{secrets["the api key"]}"}}', "text/plain"),
            (secrets["a pattern to redact"] + " " + secrets["what a function redacts"], "text/csv; charset=utf-16"),
        ):
            headers = {"Content-Type": media_type, "Cookie": f"a=b; s={secrets['a cookie']}"}
            headers["Authorization"] = f"Basic {encoded('user:' + secrets['a basic password'])}"
            data = content.encode("utf-16" if "utf-16" in media_type else "utf-8")
            self.note(self.transport.send(Request("POST", url, headers, data)).status_code)

    def echo(self, name: str) -> object:
        return self.transport.send(Request("GET", f"https://depot.mesa.dev/api/v1/{ORG}/echo/{name}")).content


@frozen
class Outcome:
    """A recorded run: what went over the wire, what was written, and what came of it."""

    path: Path
    wire: bytes
    files: dict[str, bytes]
    secrets: dict[str, str]
    results: list[object]


def of_its_own(text: str) -> str:
    """A function that a user gives."""
    return re.sub(r"fn_[0-9a-f]{20}", "REDACTED_OWN", text)


def perform(world: type[Mesa | AsyncMesa], secrets: dict[str, str], **options: object) -> list[object]:
    """Run the program in a world, with a transport that all its requests go through."""
    keys = [secrets["the api key"]]
    redact = [
        secrets["a text to redact"],
        re.compile(secrets["a pattern to redact"]),
        re.compile(r"\b\d{16}\b"),
        of_its_own,
    ]
    settings = {"api_key": lambda: keys[-1], "headers": {"X-Team-Secret": secrets["a custom header"]}}
    with start_blocking_portal() as portal:
        options["redact"] = redact
        if world is Mesa:
            with RecordedTransport(**options) as transport, Mesa(transport=transport, **settings) as client:
                return Run(client, transport, secrets, keys)()
        recorded = portal.call(_made, options)
        client = AsyncMesa(transport=recorded, **settings)
        try:
            waiting = cast("Transport", Waiting(portal, recorded))
            return Run(cast("Mesa", Waiting(portal, client)), waiting, secrets, keys)()
        finally:
            portal.call(client.aclose)
            portal.call(recorded.aclose)


async def _made(options: dict[str, Any]) -> AsyncTransport:
    return AsyncRecordedTransport(**options)


def files_below(*directories: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for each in directories for path in each.rglob("*") if path.is_file()}


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: world.__name__)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """The program, recorded; locks and other temporary files are counted among those that were written."""
    service = Service(own("recorded") | {name: random(name) for name in GIVEN if name not in GENERATED})
    directory, temporary = tmp_path_factory.mktemp("recordings"), tmp_path_factory.mktemp("temporary")
    path = directory / "deep" / "x.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        results = perform(request.param, service.secrets, path=path, mode="record", inner=service)
    written = files_below(directory, temporary)
    assert {Path(each).suffix for each in written} - {".lock"} == {".json", ".bin"}
    yield Outcome(path, b"\n".join(service.wire), written, service.secrets, results)
    service.close()


def looked_for(name: str, secret: str) -> list[bytes]:
    """The forms that a secret is looked for in; a function of the user's sees texts as they are meant alone."""
    return [secret.encode()] if name == "what a function redacts" else forms(secret)


@pytest.mark.parametrize("name", OWN + GIVEN)
def test_no_secret_is_in_any_file_in_any_form(recorded, name):
    secret = recorded.secrets[name]
    found = [(file, form) for file, text in recorded.files.items() for form in looked_for(name, secret) if form in text]
    assert found == []


@pytest.mark.parametrize("name", OWN + GIVEN)
def test_each_secret_was_sent_or_answered_in_each_form(recorded, name):
    """Otherwise its absence from the files would tell nothing."""
    missing = [form for form in looked_for(name, recorded.secrets[name]) if form not in recorded.wire]
    assert missing == []


@pytest.mark.parametrize("world", WORLDS)
def test_it_replays_with_other_secrets(recorded, world):
    first, second = (perform(world, own(run), path=recorded.path) for run in ("second", "a third"))
    assert first == second
    assert len(first) == len(recorded.results)
    assert [blurred(each, {}) for each in first] == [blurred(each, recorded.secrets) for each in recorded.results]


def blurred(result: object, secrets: dict[str, str]) -> object:
    """A result but for its secrets: what holds some in a form that cannot be told from others is left to its type."""
    text = repr(result)
    for secret in secrets.values():
        text = text.replace(repr(secret)[1:-1], "REDACTED")
    if isinstance(result, bytes) and len(result) > 500:
        return type(result)
    text = re.sub("(?<=Basic )[A-Za-z0-9+/=]+", "REDACTED", re.sub("REDACTED_[A-Z0-9_]+", "REDACTED", text))
    return text if "REDACTED" in text else result


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("fails_at", ["the request", "the answer"])
def test_a_function_that_fails_is_an_error_and_nothing_is_written(world, fails_at, tmp_path):
    def fails(text: str) -> str:
        if "here" in text:
            raise KeyError(text)
        return text

    url = "https://depot.mesa.dev/api/v1/acme" + ("/here" if fails_at == "the request" else "")
    script = Script(*([] if fails_at == "the request" else [{"a": "here"}]), {"a": "fine"})
    options = {"path": tmp_path / "x.json", "mode": "record", "inner": script, "redact": [fails]}
    with start_blocking_portal() as portal:
        transport = RecordedTransport(**options) if world is Mesa else Waiting(portal, portal.call(_made, options))
        with pytest.raises(MesaError, match=r"redact: the function .*fails raised KeyError") as caught:
            transport.send(Request("GET", url))
        assert "here" not in str(caught.value)
        assert len(script.requests) == (0 if fails_at == "the request" else 1)
        assert files_below(tmp_path) == {}
        assert transport.send(Request("GET", "https://depot.mesa.dev/api/v1/acme")).status_code == 200
        (transport.close if world is Mesa else transport.aclose)()
    (kept,) = json.loads((tmp_path / "x.json").read_text())["interactions"]
    assert kept["response"]["body"]["json"]["a"] == "fine"
