"""The figure of retries: real calls on a clock of their own, whose attempts are drawn to scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from attrs import frozen
from drawing import WIDTH, Drawing

from mesa_core import AttemptRecord, Request, Response
from mesa_plugins.retries import Retries
from mesa_plugins.testing import FakeClock, Script, answer
from mesa_sdk import ConnectionLost, CreateCommitBody, Mesa, MesaError, RequestTimeout, RetryConfigDict

__all__ = ["draw"]

Server: TypeAlias = Callable[[Request, FakeClock], Response]

DONE: Final = answer({"created_at": "2026-01-02T03:04:05Z", "num_repos": 3})
PATIENT: Final[RetryConfigDict] = {"strategy": "backoff", "backoff": {"max_elapsed_time": 300_000}}
HASTY: Final[RetryConfigDict] = {"strategy": "backoff", "backoff": {"max_elapsed_time": 4_000}}
COMMIT: Final[CreateCommitBody] = {
    "branch": "main",
    "message": "Add README",
    "author": {"name": "Bot", "email": "bot@example.com"},
    "edits": [{"path": "README.md", "content": "# Hello\n"}],
}

LEFT, RIGHT, TOP, LANE = 12, WIDTH - 12, 18, 68
SECONDS = 6  # that the axis shows


@frozen
class Lane:
    """A call that has ended."""

    title: str
    attempts: tuple[AttemptRecord, ...]
    end: str
    """What its caller got."""


def draw() -> str:
    """Return the figure."""
    later = answer(status=429, headers={"Retry-After": "4"})
    return _drawn(
        [
            _lane("A server that is restarted", _get, PATIENT, _after(503), _after(502), _after(DONE)),
            _lane("One that says Retry-After: 4", _get, PATIENT, _after(later), _after(DONE)),
            _lane("One that is silent; timeout_ms=1500", _get, PATIENT, _silent, _silent, _after(DONE)),
            _lane("One that stays down; max_elapsed_time=4000", _get, HASTY, *[_after(503)] * 9),
            _lane("commits.create, and the connection breaks", _commit, PATIENT, _lost, _after(DONE)),
        ]
    )


def _get(client: Mesa) -> tuple[AttemptRecord, ...]:
    return client.raw.org.get(org="acme").attempts


def _commit(client: Mesa) -> tuple[AttemptRecord, ...]:
    return client.raw.commits.create(org="acme", repo="web", body=COMMIT).attempts


def _lane(
    title: str, call: Callable[[Mesa], tuple[AttemptRecord, ...]], retries: RetryConfigDict, *servers: Server
) -> Lane:
    clock = FakeClock()
    script = Script(*(_on(clock, server) for server in servers), clock=clock)
    longest = Retries(jitter=lambda: 1.0)  # the longest waits that there can be, the same ones each time
    with script.client(timeout_ms=1500, retry_config=retries, plugins=[longest], disable_plugins=["retries"]) as client:
        try:
            return Lane(title, call(client), "result")
        except MesaError as error:
            return Lane(title, tuple(error.attempts), type(error).__name__)


def _on(clock: FakeClock, server: Server) -> Callable[[Request], Response]:
    return lambda request: server(request, clock)


def _after(reply: Response | int) -> Server:
    """Answer after 0.4 seconds."""

    def respond(_: Request, clock: FakeClock) -> Response:
        clock.advance(0.4)
        return reply if isinstance(reply, Response) else answer(status=reply)

    return respond


def _silent(request: Request, clock: FakeClock) -> Response:
    clock.advance(request.timeout or 0)
    raise RequestTimeout("no response")


def _lost(_: Request, clock: FakeClock) -> Response:
    clock.advance(0.4)
    raise ConnectionLost("the connection broke")


def _drawn(lanes: list[Lane]) -> str:
    bottom = TOP + LANE * len(lanes)
    drawing = Drawing("Retries of five calls, on a time axis", bottom + 28)
    for second in range(SECONDS + 1):
        drawing.line(_x(second), TOP, _x(second), bottom, "grid")
        drawing.text(_x(second), bottom + 16, f"{second} s", "small soft", anchor="middle" if second else "start")
    for number, lane in enumerate(lanes):
        _draw_lane(drawing, TOP + LANE * number, lane)
    return str(drawing)


def _draw_lane(drawing: Drawing, top: float, lane: Lane) -> None:
    drawing.text(LEFT, top + 12, lane.title, "bold")
    middle, now = top + 36, 0.0
    for attempt in lane.attempts:
        if attempt.wait:
            drawing.line(_x(now), middle, _x(now + attempt.wait), middle, "line dash")
            drawing.text(_x(now + attempt.wait / 2), middle - 5, f"{attempt.wait:g} s", "small soft", anchor="middle")
        now += attempt.wait
        good = attempt.status_code == 200  # noqa: PLR2004 - OK
        width = max(_x(now + attempt.elapsed) - _x(now), 24)
        drawing.box(_x(now), middle - 11, width, 22, "good" if good else "bad")
        label = str(attempt.status_code) if attempt.status_code else _short(attempt.error or "")
        if len(label) * 7 < width:
            drawing.text(_x(now) + width / 2, middle + 4, label, "small on", anchor="middle")
        now += attempt.elapsed
    drawing.text(_x(now) + 8, middle + 4, lane.end if lane.end == "result" else f"raises {lane.end}", "mono")


def _short(error: str) -> str:
    return {"RequestTimeout": "timeout", "ConnectionLost": "lost"}.get(error.partition(":")[0], error)


def _x(second: float) -> float:
    return LEFT + (RIGHT - LEFT) * second / SECONDS
