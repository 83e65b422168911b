"""A local Depot, and clients that reach it in each way there is, with every message held against the contract."""

from __future__ import annotations

import gc
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from anyio.from_thread import start_blocking_portal
from attrs import define, field, frozen
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from waiting import Waiting
from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.datastructures import ImmutableMultiDict

from mesa_core import AsyncTransport, Call, Plugin, Request, Response, Transport
from mesa_sdk import AsyncMesa, Mesa
from mesa_transports.httpx import AsyncHttpxTransport, HttpxTransport
from mesa_transports.local import LocalDepot
from mesa_transports.local.server import Server
from mesa_transports.requests import RequestsTransport

ROOT = Path(__file__).parent.parent
CONTRACT = ROOT / "docs" / "contract" / "openapi.yaml"
ROOT_KEY = "mesa_root_key_of_the_tests"
WAYS = ("httpx", "requests", "local", "async httpx", "async local")


def pytest_collection_finish() -> None:
    """Let no collection of garbage look through ten thousand tests and what they import, which stay to the end."""
    gc.collect()
    gc.freeze()


def without_discriminators(schema: object) -> object:
    """Leave out a hint that means nothing to validity: each arm of a oneOf has its `type` as a const.

    The validator would take the hint's values for names of schemas, which they are not.
    """
    if isinstance(schema, list):
        return [without_discriminators(each) for each in schema]
    if isinstance(schema, dict):
        return {key: without_discriminators(each) for key, each in schema.items() if key != "discriminator"}
    return schema


@cache
def contract() -> OpenAPI:
    # The contract calls raw bytes a string; so does the validator, once they are text of one character a byte.
    config = Config(extra_media_type_deserializers={"application/octet-stream": lambda body: body.decode("latin-1")})
    return OpenAPI.from_dict(without_discriminators(yaml.safe_load(CONTRACT.read_text())), config=config)


@frozen
class ContractRequest:
    """A request as openapi-core reads one, at the contract's own server."""

    request: Request
    parameters: RequestParameters = field(init=False)
    host_url = "https://depot.mesa.dev"

    @parameters.default
    def _parameters(self) -> RequestParameters:
        query = ImmutableMultiDict(parse_qsl(urlsplit(self.request.url).query, keep_blank_values=True))
        return RequestParameters(query=query, header=WerkzeugHeaders(dict(self.request.headers)))

    @property
    def path(self) -> str:
        return urlsplit(self.request.url).path

    @property
    def method(self) -> str:
        return self.request.method.lower()

    @property
    def body(self) -> bytes | None:
        return self.request.content or None

    @property
    def content_type(self) -> str:
        return self.request.headers.get("Content-Type", "")


@frozen
class ContractResponse:
    """A response as openapi-core reads one."""

    response: Response

    @property
    def status_code(self) -> int:
        return self.response.status_code

    @property
    def content_type(self) -> str:
        return self.response.headers.get("Content-Type", "").lower()

    @property
    def headers(self) -> WerkzeugHeaders:
        return WerkzeugHeaders(list(self.response.headers.fields()))

    @property
    def data(self) -> bytes:
        return self.response.content


@define
class Checked:
    """A transport that lets no message pass which the contract does not allow."""

    inner: Transport | AsyncTransport
    messages: int = 0

    def send(self, request: Request, /) -> Response:
        return self._check(request, self.inner.send(request))

    async def asend(self, request: Request, /) -> Response:
        return self._check(request, await self.inner.asend(request))

    def _check(self, request: Request, response: Response) -> Response:
        if "/lfs/objects/" not in request.url or request.method == "POST":
            asked = ContractRequest(request)
            contract().validate_request(asked)
            contract().validate_response(asked, ContractResponse(response))
            self.messages += 1
        return response

    def close(self) -> None:
        self.inner.close()

    async def aclose(self) -> None:
        await self.inner.aclose()


@define
class Seen(Plugin):
    """Remembers which operations were answered with which status."""

    statuses: set[tuple[str, int]] = field(factory=set)

    def after_response(self, response: Response, call: Call) -> None:
        self.statuses.add((call.operation.name, response.status_code))


def fsck(depot: LocalDepot) -> None:
    """Hold every repository of a Depot against git's own check."""
    for repository in depot.path.rglob("*.git"):
        done = subprocess.run(
            ["git", f"--git-dir={repository}", "fsck", "--full", "--strict", "--no-dangling"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert not done.stdout.replace("notice: HEAD points to an unborn branch", "").strip(), done.stdout


@pytest.fixture
def depot() -> Iterator[LocalDepot]:
    """A Depot that takes the root key and the keys it issued; git finds nothing wrong in it when the test is over."""
    with LocalDepot(root_key=ROOT_KEY) as depot:
        yield depot
        fsck(depot)


@pytest.fixture
def server(depot: LocalDepot) -> Iterator[Server]:
    """The Depot, served over HTTP on loopback."""
    with Server(depot).start() as server:
        yield server


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Each way to reach the Depot: over HTTP by either library, and in process; blocking and not."""
    return request.param


@pytest.fixture
def connect(way: str, depot: LocalDepot, request: pytest.FixtureRequest) -> Iterator[Callable[..., Mesa]]:
    """Makes clients that reach the Depot in the test's way; takes the options of `Mesa`."""
    transport = {
        "httpx": HttpxTransport,
        "requests": RequestsTransport,
        "local": depot.transport,
        "async httpx": AsyncHttpxTransport,
        "async local": depot.transport,
    }[way]
    url = None if "local" in way else request.getfixturevalue("server").url

    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal()) if "async" in way else None

        def make(*, api_key: str = ROOT_KEY, **options: object) -> Mesa:
            checked = Checked(transport())
            options = {"api_key": api_key, "server_url": url, "transport": checked, **options}
            if portal is None:
                stack.callback(checked.close)
                return Mesa(**options)
            stack.callback(portal.call, checked.aclose)
            return cast("Mesa", Waiting(portal, AsyncMesa(**options)))

        yield make


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def client(connect: Callable[..., Mesa], seen: Seen) -> Mesa:
    return connect(plugins=[seen])
