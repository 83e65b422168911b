"""What the subjects share. Knows the standard library alone, since it is imported in every environment."""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` would be an import of ours
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    Calls: TypeAlias = Callable[[int], object]
    """Makes so many calls."""

KEY = "mesa_key_0123456789"
AUTHORIZED = {"Authorization": f"Bearer {KEY}"}
AUTHOR = {"name": "Ann", "email": "ann@example.com"}
FILES = [{"path": f"src/file_{number}.txt", "content": "0123456789" * 20} for number in range(5)]
IN_FLIGHT = 200


def repeated(call: Callable[[], object]) -> Calls:
    """Return what calls so often, one after the other. The first time is now: it connects, and fills what is lazy."""

    def calls(count: int) -> None:
        for _ in range(count):
            call()

    call()
    return calls


def in_flight(open_client: Callable[[], Awaitable[Callable[[], Awaitable[object]]]]) -> Calls:
    """Return what calls so often from 200 tasks at once, on a client that is opened once, in the loop that uses it."""
    import asyncio  # noqa: PLC0415 - blocking subjects do without

    runner = asyncio.Runner()
    call = runner.run(open_client())  # type: ignore[arg-type]  # it takes coroutines, which is what these are

    async def several(count: int) -> None:
        left = iter(range(count))

        async def work() -> None:
            for _ in left:
                await call()

        await asyncio.gather(*(work() for _ in range(min(count, IN_FLIGHT))))

    runner.run(several(IN_FLIGHT))
    return lambda count: runner.run(several(count))
