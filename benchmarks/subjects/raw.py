"""What a user would write by hand with each HTTP library: one client, kept; bodies read and written with `json`."""

# ruff: noqa: PLC0415 - a subject imports its own library alone: the others are not in its environment

from __future__ import annotations

import json

from subjects.common import AUTHOR, AUTHORIZED, FILES, IN_FLIGHT, in_flight, repeated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from subjects.common import Calls


def httpx_get(url: str) -> Calls:
    """Get a repository."""
    import httpx

    client = httpx.Client(headers=AUTHORIZED)
    return repeated(lambda: client.get(f"{url}/acme/repo").json())


def httpx2_get(url: str) -> Calls:
    """Get a repository."""
    import httpx2

    client = httpx2.Client(headers=AUTHORIZED)
    return repeated(lambda: client.get(f"{url}/acme/repo").json())


def httpx_list(url: str) -> Calls:
    """Get a page of 100 repositories."""
    import httpx

    client = httpx.Client(headers=AUTHORIZED)
    return repeated(lambda: json.loads(client.get(f"{url}/acme/repos", params={"limit": 100}).content))


def httpx_commit(url: str) -> Calls:
    """Post a commit of five files of 200 bytes."""
    import httpx

    client = httpx.Client(headers=AUTHORIZED)

    def post() -> object:
        body = json.dumps({"branch": "main", "message": "Add five files", "author": AUTHOR, "files": FILES})
        headers = {"Content-Type": "application/json"}
        return client.post(f"{url}/acme/repo/commits", content=body, headers=headers).json()

    return repeated(post)


def httpx_mock(_: str) -> Calls:
    """Get a repository from httpx's own mock transport."""
    import httpx
    from answers import REPO, encoded

    body = encoded(REPO)

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "application/json"}, content=body)

    client = httpx.Client(transport=httpx.MockTransport(answer), headers=AUTHORIZED)
    return repeated(lambda: client.get("http://127.0.0.1/api/v1/acme/repo").json())


def requests_get(url: str) -> Calls:
    """Get a repository."""
    import requests

    session = requests.Session()
    session.headers.update(AUTHORIZED)
    return repeated(lambda: session.get(f"{url}/acme/repo").json())


def urllib3_get(url: str) -> Calls:
    """Get a repository."""
    import urllib3

    manager = urllib3.PoolManager(headers=AUTHORIZED)
    return repeated(lambda: manager.request("GET", f"{url}/acme/repo").json())


def aiohttp_get(url: str) -> Calls:
    """Get a repository, 200 times at once."""
    import aiohttp

    async def open_client() -> Callable[[], Awaitable[object]]:
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT), headers=AUTHORIZED)

        async def get() -> object:
            async with session.get(f"{url}/acme/repo") as response:
                return await response.json()

        return get

    return in_flight(open_client)


def httpx_get_at_once(url: str) -> Calls:
    """Get a repository, 200 times at once."""
    import httpx

    async def open_client() -> Callable[[], Awaitable[object]]:
        limits = httpx.Limits(max_connections=IN_FLIGHT)
        client = httpx.AsyncClient(limits=limits, timeout=30, headers=AUTHORIZED)

        async def get() -> object:
            return (await client.get(f"{url}/acme/repo")).json()

        return get

    return in_flight(open_client)
