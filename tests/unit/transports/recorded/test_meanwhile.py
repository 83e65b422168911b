"""A writer finds its own part of the file again, though another has cleaned it; and names no body that is gone."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesa_core.errors import TransportError
from mesa_core.http import Request, Response
from mesa_transports.recorded.bodies import INLINE_LIMIT
from mesa_transports.recorded.format import files_of, load
from mesa_transports.recorded.redaction import Redactor
from mesa_transports.recorded.writer import Writer, stamp

pytestmark = pytest.mark.usefixtures("quick")
BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
SECRET = 'hunter2"\n/hunter2'
JSON = {"Content-Type": "application/json"}
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.json"


class Program:
    """What records into a file, with secrets that it alone is told."""

    def __init__(self, path: Path, *, replaces: bool = False, later: int = 0, redact: tuple[str, ...] = ()) -> None:
        seen = stamp(path)
        found = load(path) if seen else None
        self.redactor = Redactor(redact)
        began = BEGAN + timedelta(seconds=later)
        self.writer = Writer(path, began, found, seen, replaces=replaces, redactor=self.redactor)

    def ask(self, name: str, content: object = b"", headers: dict[str, str] = JSON) -> None:
        answer = content if isinstance(content, bytes) else json.dumps(content).encode()
        mark = self.redactor.mark
        asked = self.redactor.request(Request("GET", f"https://h/{name}", {}, b""))
        self.writer.add(self.redactor.interaction(asked, Response(200, headers, answer)), mark)

    def learn(self, secret: str = SECRET) -> None:
        self.ask("told", {"token": secret})
        self.writer.save()


def names(path: Path) -> list[str]:
    """What is on disk, by the last letter of its path."""
    return [each.request.url.partition("?")[0][-1] for each in load(path).interactions]


def everything(path: Path) -> bytes:
    beside = files_of(path)
    return path.read_bytes() + b"".join(each.read_bytes() for each in (beside.iterdir() if beside.exists() else ()))


PLACES: dict[str, Callable[[Program], None]] = {
    "JSON": lambda one: one.ask("a", {"note": [f"it is {SECRET}!", 1], "b": SECRET}),
    "a name in JSON": lambda one: one.ask("a", {SECRET: 1, "b": 2}),
    "base64": lambda one: one.ask("a", {"content": base64.b64encode(f"it is {SECRET}!".encode()).decode()}),
    "a text of lines": lambda one: one.ask("a", f"one\n{SECRET}\nthree\n".encode(), {"Content-Type": "text/plain"}),
    "odd JSON": lambda one: one.ask("a", b'{"a": 1e5, "b": ' + json.dumps(SECRET).encode() + b"}"),
    "bytes": lambda one: one.ask("a", b"\xff\0" + SECRET.encode() + b"\0", BYTES),
    "wide characters": lambda one: one.ask("a", b"\xff" + f"it is {SECRET}".encode("utf-16-le"), BYTES),
    "many bytes": lambda one: one.ask("a", b"\xff" * INLINE_LIMIT + SECRET.encode() + b"\0", BYTES),
    "a URL": lambda one: one.ask("a?q=hunter2%22%0A%2Fhunter2"),
    "a header": lambda one: one.ask("a", {}, {**JSON, "ETag": base64.b64encode(f"it is {SECRET}!".encode()).decode()}),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("later", [0, 1], ids=["of one run", "of two runs"])
class TestCleaned:
    def test_by_another_it_stays_so_and_is_there_once(self, path, place, later):
        one, other = Program(path), Program(path, later=later)
        PLACES[place](one)
        dirty = everything(path)
        other.learn()
        clean = everything(path)
        assert dirty.partition(b'"interactions"')[2] not in clean
        one.ask("b", {})
        one.writer.save()
        assert sorted(names(path)) == ["a", "b", "d"]
        found = next(each for each in load(path).interactions if "/a" in each.request.url)
        assert Redactor([SECRET]).again((found,), 0) == (found,)

    def test_what_a_run_is_to_replace_does_not_come_back(self, path, place, later):
        PLACES[place](Program(path, later=-1))
        one, other = Program(path, replaces=True), Program(path, later=later)
        other.learn()
        one.ask("b", {})
        assert names(path) == ["d", "b"]


class TestManyOfThem:
    def test_those_that_differ_in_their_secrets_alone(self, path):
        one, other = Program(path), Program(path)
        for secret in ("first-secret", "other-secret", "first-secret", "no"):
            one.ask("a", {"note": secret})
        one.writer.save()
        for secret in ("other-secret", "first-secret"):
            other.learn(secret)
        one.ask("b", {})
        one.writer.save()
        assert sorted(names(path)) == list("aaaabdd")
        assert b"-secret" not in everything(path)

    def test_in_whatever_order_they_write(self, path):
        one, other = Program(path), Program(path)
        for number in range(20):
            one.ask("a", {"number": number, "note": f"secret-{number - number % 3}"})
            if not number % 3:
                other.learn(f"secret-{number}")
        one.writer.save()
        other.writer.save()
        assert sorted(names(path)) == ["a"] * 20 + ["d"] * 7
        one.ask("b", {})
        one.writer.save()
        other.ask("c", {})
        other.writer.save()
        assert b'"secret-' not in everything(path)
        assert sorted(names(path)) == ["a"] * 20 + ["b", "c"] + ["d"] * 7

    @pytest.mark.parametrize("text", ["falcon", "ok", "a long one that is none of the others"])
    def test_by_what_another_is_to_redact(self, path, text):
        one, other = Program(path), Program(path, redact=(text,))
        one.ask("a", {"note": f"<{text}>"})
        other.ask("b", {})
        one.ask("c", {})
        one.writer.save()
        assert (sorted(names(path)), text.encode() in everything(path)) == (["a", "b", "c"], False)

    def test_another_answer_is_not_taken_for_it(self, path):
        one, other = Program(path), Program(path)
        one.ask("a", {"note": SECRET, "number": 1})
        other.ask("a", {"note": SECRET, "number": 2})
        path.unlink()
        other.learn()
        one.ask("b", {})
        one.writer.save()
        numbers = [each.response.body.json.get("number") for each in load(path).interactions]
        assert sorted(filter(None, numbers)) == [1, 2]


def large(letter: str) -> bytes:
    return b"\xff" + letter.encode() * INLINE_LIMIT


def remove_all(path: Path) -> None:
    path.unlink()
    remove_beside(path)


def remove_beside(path: Path) -> None:
    for each in files_of(path).iterdir():
        each.unlink()
    files_of(path).rmdir()


def replace(path: Path) -> None:
    Program(path, replaces=True, later=5).ask("r", {})


class TestLargeBodies:
    @pytest.mark.parametrize("remove", [remove_all, remove_beside, replace])
    def test_one_that_is_gone_is_told_once_and_leaves_a_whole_recording(self, path, remove):
        one = Program(path)
        one.ask("a", large("a"), BYTES)
        one.ask("b", {})
        remove(path)
        with pytest.raises(TransportError, match=r"x\.json has lost what was recorded with GET https://h/a -> 200: "):
            one.ask("c", {})
        there = ["r"] if remove is replace else []
        assert names(path) == [*there, "b", "c"]
        for letter in "de":
            one.ask(letter, large(letter), BYTES)
        one.writer.save()
        assert names(path) == [*there, "b", "c", "d", "e"]

    def test_several_are_counted(self, path):
        one = Program(path)
        for letter in "abc":
            one.ask(letter, large(letter), BYTES)
        remove_all(path)
        with pytest.raises(TransportError, match=r"https://h/a -> 200 and 2 more: "):
            one.ask("d", large("d"), BYTES)
        assert names(path) == ["d"]

    def test_those_of_others_stay(self, path):
        one, other = Program(path), Program(path)
        one.ask("a", large("a"), BYTES)
        other.ask("b", large("b"), BYTES)
        one.ask("c", {})
        other.writer.save()
        one.writer.save()
        assert sorted(names(path)) == ["a", "b", "c"]
