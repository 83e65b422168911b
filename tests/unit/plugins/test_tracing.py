"""Tracing: a log record for each attempt, on the logger `mesa`, without secrets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mesa_core import Call, Plugin, Request, Retry, hookimpl
from mesa_plugins.tracing import Tracing
from mesa_sdk import ConnectError, InvalidRequest, Mesa, MesaError, Response

Client = Callable[..., Mesa]
SECRET = "s3cr3t-Xy"
FIELDS = ("operation", "method", "path", "url", "status", "outcome", "elapsed_ms", "attempt", "request_id")


@pytest.fixture(autouse=True)
def records(caplog: pytest.LogCaptureFixture) -> Iterator[list[logging.LogRecord]]:
    """The records of the logger `mesa`, those with headers left out."""
    found: list[logging.LogRecord] = []

    class Keeps(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record)

    handler, logger = Keeps(), logging.getLogger("mesa")
    logger.addHandler(handler)
    caplog.set_level(logging.INFO, "mesa")
    yield found
    logger.removeHandler(handler)


def fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: getattr(record, f"mesa_{name}") for name in FIELDS}


def test_a_success_is_an_info_record_with_all_its_fields(
    client: Client, good: Response, records: list[logging.LogRecord]
) -> None:
    client(good, took=0.0426).org.get(org="my org")
    (record,) = records
    assert (record.name, record.levelno) == ("mesa", logging.INFO)
    assert fields(record) == {
        "operation": "org.get",
        "method": "GET",
        "path": "/api/v1/my%20org",
        "url": "https://depot.mesa.dev/api/v1/my%20org",
        "status": 200,
        "outcome": "200",
        "elapsed_ms": 42.6,
        "attempt": 1,
        "request_id": "req-1",
    }
    assert record.getMessage() == ("org.get: GET /api/v1/my%20org -> 200 in 42.6 ms, attempt 1, request id req-1")


def test_a_query_is_part_of_the_path_and_shows_no_secret(
    client: Client, good: Response, records: list[logging.LogRecord]
) -> None:
    client(good).request("GET", "/x", query={"limit": 5, "token": SECRET})
    assert fields(records[0])["path"] == "/api/v1/x?limit=5&token=***"


def test_each_attempt_has_one_record_and_failures_are_warnings(
    client: Client, good: Response, records: list[logging.LogRecord]
) -> None:
    client(ConnectError("refused"), Response(503), good, took=1).org.get(org="o")
    seen = [(record.levelno, fields(record)["outcome"], fields(record)["attempt"]) for record in records]
    assert seen == [(logging.WARNING, "ConnectError", 1), (logging.WARNING, "503", 2), (logging.INFO, "200", 3)]
    assert [fields(record)["elapsed_ms"] for record in records] == [1000.0, 1000.0, 1000.0]
    assert (fields(records[0])["status"], fields(records[0])["request_id"]) == (None, "-")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Response(404), "404"),
        (Response(200, {}, b"{"), "200"),
        (Response(302), "302"),
        (LookupError("odd"), "TransportError"),
    ],
)
def test_a_call_that_fails_has_one_record_too(
    client: Client, records: list[logging.LogRecord], answer: Any, outcome: str
) -> None:
    with pytest.raises(MesaError):
        client(answer, retry_config={"strategy": "none"}).org.get(org="o")
    assert [fields(record)["outcome"] for record in records] == [outcome]


def test_an_interrupted_attempt_has_its_record_and_is_no_fault(
    client: Client, records: list[logging.LogRecord]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        client(KeyboardInterrupt()).org.get(org="o")
    assert [(record.levelno, fields(record)["outcome"]) for record in records] == [(logging.INFO, "cancelled")]


def test_an_attempt_that_was_refused_has_its_record(client: Client, records: list[logging.LogRecord]) -> None:
    with pytest.raises(InvalidRequest):
        client().org.get(org="o", request_options={"headers": {"X-Bad": "a\nb"}})
    assert [(record.levelno, fields(record)["outcome"]) for record in records] == [(logging.INFO, "InvalidRequest")]


def test_an_attempt_that_was_interrupted_in_a_hook_has_its_record(
    client: Client, good: Response, records: list[logging.LogRecord]
) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client(good, api_key=interrupted).org.get(org="o")
    assert [fields(record)["outcome"] for record in records] == ["KeyboardInterrupt"]


def test_an_answer_without_sending_and_a_poll_are_attempts_too(
    client: Client, good: Response, records: list[logging.LogRecord]
) -> None:
    class Answers(Plugin):
        def before_request(self, request: Request) -> Response:
            good.from_cache = True
            return good

        def after_response(self, response: Response, call: Call) -> Retry | None:
            return Retry(1) if call.attempt == 1 else None

    client(good, plugins=[Answers()]).org.get(org="o")
    seen = [(fields(record)["outcome"], fields(record)["attempt"]) for record in records]
    assert seen == [("200 from cache", 1), ("200 from cache", 2)]


def test_the_url_is_the_one_that_was_sent(client: Client, good: Response, records: list[logging.LogRecord]) -> None:
    class Moves(Plugin):
        def before_request(self, request: Request) -> None:
            request.url = "http://127.0.0.1:8080/moved"

    client(good, plugins=[Moves()]).org.get(org="o")
    assert (fields(records[0])["url"], fields(records[0])["path"]) == ("http://127.0.0.1:8080/moved", "/moved")


def test_a_record_is_one_line_whatever_a_server_sends(
    client: Client, good: Response, records: list[logging.LogRecord]
) -> None:
    good.headers["X-Request-Id"] = "a\r\nb\x1b[2J"
    client(good).org.get(org="o")
    assert records[0].getMessage().endswith("request id a b [2J")


@pytest.mark.parametrize(
    ("method", "path", "shown"),
    [
        ("GE\nT", "/x", "GE T /api/v1/x"),
        ("GET", "/x\x1b[31m", "GET /api/v1/x [31m"),
        ("G\x85T", "/x", "G T /api/v1/x"),
    ],
)
def test_a_record_is_one_line_whatever_a_plugin_asks_for(
    *, client: Client, good: Response, records: list[logging.LogRecord], method: str, path: str, shown: str
) -> None:
    class Answers(Plugin):
        """Answers itself, so that nobody refuses to send it."""

        def before_request(self, request: Request) -> Response:
            request.method, request.url = method, request.url.replace("/x", path)
            return good

    client(plugins=[Answers()]).request("GET", "/x")
    (record,) = records
    assert record.getMessage().startswith(f"request: {shown} -> 200")
    assert all(value.isprintable() for value in fields(record).values() if isinstance(value, str))


def test_headers_are_a_debug_record_of_their_own_by_allow_list(
    client: Client, good: Response, caplog: pytest.LogCaptureFixture, records: list[logging.LogRecord]
) -> None:
    caplog.set_level(logging.DEBUG, "mesa")
    good.headers["X-Private"] = SECRET
    client(ConnectError("refused"), good, headers={"X-Mine": SECRET}).org.get(org="o")
    assert [record.levelno for record in records] == [logging.WARNING, logging.DEBUG, logging.INFO, logging.DEBUG]
    unanswered, answered = records[1].getMessage(), records[3].getMessage()
    assert unanswered.startswith("org.get: attempt 1 sent Headers({'Accept': 'application/json', 'User-Agent': ")
    assert unanswered.endswith("'X-Mine': '***', 'Authorization': '***'}), got no response")
    assert answered.endswith(", got Headers({'X-Request-Id': 'req-1', 'X-Private': '***'})")


def test_switched_off_it_is_silent(client: Client, good: Response, records: list[logging.LogRecord]) -> None:
    client(good, disable_plugins=["tracing"]).org.get(org="o")
    assert records == []


def test_a_level_that_nobody_listens_to_costs_no_record(
    client: Client, good: Response, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "mesa")
    client(Response(503), good).org.get(org="o")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_no_record_holds_a_secret(client: Client, good: Response, caplog: pytest.LogCaptureFixture) -> None:
    class Signs(Plugin):
        @hookimpl(trylast=True)
        def before_request(self, request: Request) -> None:
            request.url = (
                f"https://user:{SECRET}@bucket.example/o;{SECRET}?X-Sig={SECRET}&limit={SECRET};{SECRET}#{SECRET}"
            )
            request.headers["X-Private"] = SECRET
            request.content = SECRET.encode()

    refused = Response(503, {"Set-Cookie": SECRET}, SECRET.encode())
    caplog.set_level(logging.DEBUG, "mesa")
    with pytest.raises(MesaError):
        client(refused, api_key=SECRET, headers={"Authorization": SECRET}).org.get(org="o")
    signed = client(ConnectError("refused"), refused, good, api_key=SECRET, plugins=[Signs()])
    signed.org.get(org="o")
    assert len(caplog.records) == 14
    for record in caplog.records:
        assert SECRET not in str(vars(record)) + record.getMessage()
    assert "/o;***?X-Sig=***&limit=***&*** ->" in caplog.text


@pytest.mark.parametrize(
    ("status", "level"), [(404, logging.INFO), (409, logging.INFO), (429, logging.WARNING), (500, logging.WARNING)]
)
def test_only_what_may_be_a_fault_is_a_warning(
    client: Client, records: list[logging.LogRecord], status: int, level: int
) -> None:
    with pytest.raises(MesaError):
        client(Response(status), retry_config={"strategy": "none"}).org.get(org="o")
    assert [record.levelno for record in records] == [level]


def test_nothing_is_kept_for_a_call_that_has_ended(client: Client, good: Response) -> None:
    calls: list[Call] = []

    class Keeps(Plugin):
        def before_request(self, request: Request, call: Call) -> None:
            calls.append(call)

    client(good, plugins=[Keeps()]).org.get(org="o")
    assert not [key for key in calls[0].state if isinstance(key, Tracing)]
