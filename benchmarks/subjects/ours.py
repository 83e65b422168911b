"""This checkout, as its readme uses it."""

# ruff: noqa: PLC0415 - what a subject does not need, it does not import

from __future__ import annotations

from subjects.common import AUTHOR, FILES, IN_FLIGHT, KEY, in_flight, repeated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mesa_core import Request, Response
    from subjects.common import Calls


def get(url: str, transport: str) -> Calls:
    """Get a repository."""
    from mesa_sdk import Mesa

    client = Mesa(api_key=KEY, server_url=url, transport=transport)
    return repeated(lambda: client.repos.get(org="acme", repo="repo"))


def get_with_plugins(url: str, count: str) -> Calls:
    """Get a repository, with so many plugins more that each do a little in three hooks."""
    from mesa_sdk import Mesa
    from subjects.plugins import Counting

    client = Mesa(api_key=KEY, server_url=url, plugins=[Counting() for _ in range(int(count))])
    return repeated(lambda: client.repos.get(org="acme", repo="repo"))


def page(url: str, transport: str) -> Calls:
    """Get a page of 100 repositories."""
    from mesa_sdk import Mesa

    client = Mesa(api_key=KEY, server_url=url, transport=transport)
    return repeated(lambda: client.repos.list(org="acme", limit=100))


def pages(url: str, count: str) -> Calls:
    """Iterate so many pages of 100, as one call."""
    from mesa_sdk import Mesa

    client = Mesa(api_key=KEY, server_url=url)

    def every() -> None:
        seen = sum(1 for _ in client.repos.list(org=f"pages-{count}", limit=100))
        if seen != 100 * int(count):
            raise RuntimeError(f"{seen} repositories came")

    client.repos.get(org="acme", repo="repo")
    return lambda times: [every() for _ in range(times)]


def commit(url: str, transport: str) -> Calls:
    """Post a commit of five files of 200 bytes."""
    from mesa_sdk import Mesa

    client = Mesa(api_key=KEY, server_url=url, transport=transport)
    return repeated(
        lambda: client.commits.create(
            org="acme",
            repo="repo",
            body={"branch": "main", "message": "Add five files", "author": AUTHOR, "files": FILES},  # type: ignore[typeddict-item]  # of the same shape
        )
    )


def in_process(_: str) -> Calls:
    """Get a repository from a transport that answers at once."""
    from answers import REPO, encoded

    from mesa_core import Response
    from mesa_sdk import Mesa

    body = encoded(REPO)

    class AtOnce:
        """Answers without sending."""

        def send(self, request: Request, /) -> Response:
            """Return the repository."""
            return Response(200, {"Content-Type": "application/json"}, body)

        def close(self) -> None:
            """Hold nothing."""

    client = Mesa(api_key=KEY, server_url="http://127.0.0.1/api/v1", transport=AtOnce())
    return repeated(lambda: client.repos.get(org="acme", repo="repo"))


def get_at_once(url: str, transport: str) -> Calls:
    """Get a repository, 200 times at once."""
    from mesa_sdk import AsyncMesa

    async def open_client() -> Callable[[], Awaitable[object]]:
        client = AsyncMesa(api_key=KEY, server_url=url, transport=transport, transport_options={"pool_size": IN_FLIGHT})
        return lambda: client.repos.get(org="acme", repo="repo")

    return in_flight(open_client)
