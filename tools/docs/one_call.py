"""The figure of one call's way through: what a real call did, in the order in which it did it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from attrs import frozen
from drawing import WIDTH, Drawing

from mesa_core import Request, Response
from mesa_plugins.retries import Retries
from mesa_plugins.testing import FakeClock, Script, answer

__all__ = ["draw"]

REPO: Final = {
    "id": "repo_1",
    "org": "acme",
    "name": "web",
    "default_branch": "main",
    "head_sha": None,
    "size_bytes": 0,
    "created_at": "2026-01-02T03:04:05Z",
    "upstream": None,
}
PROGRAM, EXCHANGE, PLUGINS, DRIVER = 50, 172, 300, WIDTH - 50  # where the lifelines are
TOP, ROW = 58, 34


@frozen
class Step:
    """An arrow of the figure."""

    start: float
    end: float
    text: str
    below: str = ""


class _Clock(FakeClock):
    """Notes waits among the hooks."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self._log = log

    def sleep(self, seconds: float, /) -> None:
        self._log.append(f"wait.{seconds:g} s")
        super().sleep(seconds)


def draw() -> str:
    """Return the figure."""
    steps = list(_steps(_run()))
    bottom = TOP + ROW * len(steps) + 6
    drawing = Drawing("One call's way through: client.repos.get, whose first attempt ends in 503", bottom + 4)
    for x, name, what in (
        (PROGRAM, "Your code", "calls a method"),
        (EXCHANGE, "Exchange", "decides, no I/O"),
        (PLUGINS, "Plugins", "decide, no I/O"),
        (DRIVER, "Driver", "waits, sends"),
    ):
        drawing.box(x - 48, 4, 96, 40)
        drawing.text(x, 20, name, "bold", anchor="middle")
        drawing.text(x, 36, what, "small soft", anchor="middle")
        drawing.line(x, 44, x, bottom, "grid")
    for number, step in enumerate(steps):
        y = TOP + ROW * number + 16
        drawing.arrow(step.start, step.end, y)
        middle = (step.start + step.end) / 2
        drawing.text(middle, y - 5, step.text, "small bold", anchor="middle")
        drawing.text(middle, y + 12, step.below, "small soft", anchor="middle")
    return str(drawing)


def _run() -> list[str]:
    """Carry a call out, and return what happened as "who.what"."""
    script = Script()
    log = script.hooks.calls
    script.clock = _Clock(log)

    def reply(response: Response) -> Response:
        log.append(f"answer.{response.status_code}")
        return response

    def busy(_: Request) -> Response:
        return reply(answer(status=503))

    def found(_: Request) -> Response:
        return reply(answer(REPO))

    script.continue_with(busy, found)
    longest = Retries(jitter=lambda: 1.0)
    with script.client(plugins=[longest], disable_plugins=["retries"]) as client:
        client.repos.get(org="acme", repo="web")
    return log


def _steps(log: list[str]) -> Iterator[Step]:
    yield Step(PROGRAM, EXCHANGE, "Operation", "repos.get")
    for what, group in groupby(log, key=_what):
        who = [event.partition(".")[0].lower() for event in group]
        if who == ["answer"]:
            yield Step(EXCHANGE, DRIVER, "Attempt", "a Request")
            yield Step(DRIVER, EXCHANGE, f"Response {what}")
        elif who == ["wait"]:
            yield Step(PLUGINS, EXCHANGE, "Retry", "says retries")
            yield Step(EXCHANGE, DRIVER, f"Wait {what}")
        else:
            yield Step(EXCHANGE, PLUGINS, what, ", ".join(who))
    yield Step(EXCHANGE, PROGRAM, "Repo", "or an exception")


def _what(event: str) -> str:
    return event.partition(".")[2]
