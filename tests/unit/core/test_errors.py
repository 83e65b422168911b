"""The error tree: which status becomes which exception, what it says, and that it survives a process border."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import mesa_sdk
from mesa_core import AttemptRecord, Headers
from mesa_core import errors as errors_module
from mesa_sdk import (
    APIError,
    BadRequest,
    Conflict,
    ConnectError,
    ConnectionLost,
    EventValidationError,
    Forbidden,
    MergeConflict,
    Mesa,
    MesaError,
    NotAcceptable,
    NotFound,
    PluginError,
    RateLimited,
    RequestTimeout,
    Response,
    ResponseValidationError,
    ServerError,
    TransportError,
    Unauthorized,
)

ONCE = {"strategy": "none"}


@pytest.fixture
def failing(client: Callable[..., Mesa]) -> Callable[[Response], APIError]:
    """Gives the error that a response becomes."""

    def fail(response: Response) -> APIError:
        with pytest.raises(APIError) as caught:
            client(response, retry_config=ONCE).org.get(org="o")
        return caught.value

    return fail


Failing = Callable[[Response], APIError]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, APIError),
        (304, APIError),
        (400, BadRequest),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (406, NotAcceptable),
        (409, Conflict),
        (418, APIError),
        (429, RateLimited),
        (500, ServerError),
        (503, ServerError),
        (599, ServerError),
        (799, ServerError),
    ],
)
def test_each_status_has_its_exception(
    failing: Failing, refusal: Callable[..., Response], status: int, kind: type[APIError]
) -> None:
    error = failing(refusal(status, "SOME_CODE", "What went wrong", X_Request_Id="req-1"))
    assert type(error) is kind
    assert (error.status_code, error.code, error.message) == (status, "SOME_CODE", "What went wrong")
    assert (error.operation, error.request_id) == ("org.get", "req-1")
    assert error.headers["x-request-id"] == "req-1"
    assert [record.status_code for record in error.attempts] == [status]
    assert str(error) == f"{status} SOME_CODE: What went wrong (org.get)"


def test_codes_are_compared_without_regard_to_case(failing: Failing, refusal: Callable[..., Response]) -> None:
    assert failing(refusal(404, "not_found")).code == "NOT_FOUND"
    assert type(failing(refusal(409, "merge_conflict"))) is MergeConflict
    assert type(failing(refusal(400, "MERGE_CONFLICT"))) is BadRequest


def test_details_are_the_envelopes(failing: Failing, answer: Callable[..., Response]) -> None:
    envelope = {"code": "C", "message": "m"}
    assert failing(answer({"error": {**envelope, "details": {"field": "name"}}}, 400)).details == {"field": "name"}
    for details in (None, ["x"], "x", 5):
        assert failing(answer({"error": {**envelope, "details": details}}, 400)).details == {}
    assert failing(answer({"error": envelope}, 400)).details == {}


@pytest.mark.parametrize(
    ("status", "headers", "content", "text"),
    [
        (
            502,
            {"Content-Type": "text/html; charset=utf-8"},
            b"<html>x</html>",
            "502 BAD_GATEWAY: Bad Gateway (no error envelope, 14 bytes of text/html) (org.get)",
        ),
        (404, {}, b"", "404 NOT_FOUND: Not Found (no error envelope, 0 bytes of no content type) (org.get)"),
        (599, {}, b"", "599 HTTP_599: unknown status (no error envelope, 0 bytes of no content type) (org.get)"),
        (
            302,
            {"Location": "https://elsewhere"},
            b"",
            "302 FOUND: Found (no error envelope, 0 bytes of no content type) (org.get)",
        ),
    ],
)
def test_without_an_envelope_the_status_speaks(
    failing: Failing, status: int, headers: dict[str, str], content: bytes, text: str
) -> None:
    assert str(failing(Response(status, headers, content))) == text


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "error",
        {"error": "x"},
        {"error": None},
        {"error": {"code": "X"}},
        {"error": {"message": "x"}},
        {"error": {"code": 5, "message": "x"}},
        {"error": {"code": "X", "message": None}},
        {"detail": "x"},
    ],
)
def test_what_is_no_envelope_is_not_taken_for_one(failing: Failing, answer: Callable[..., Response], data: Any) -> None:
    assert failing(answer(data, 400)).code == "BAD_REQUEST"


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\xfd", b"[" * 100_000])
def test_what_is_no_json_is_no_envelope(failing: Failing, content: bytes) -> None:
    assert failing(Response(500, {"Content-Type": "application/json"}, content)).code == "INTERNAL_SERVER_ERROR"


def test_str_is_one_line_whatever_the_server_says(failing: Failing, refusal: Callable[..., Response]) -> None:
    text = str(failing(refusal(400, "a\nb", "first\r\n  second\N{LINE SEPARATOR}third")))
    assert text == "400 A B: first second third (org.get)"


def test_without_a_request_id_there_is_none(failing: Failing) -> None:
    assert failing(Response(500)).request_id is None


def exceptions() -> Iterator[type[MesaError]]:
    for name in errors_module.__all__:
        kind = getattr(errors_module, name)
        assert issubclass(kind, MesaError)
        yield kind


def instance(kind: type[MesaError]) -> MesaError:
    record = AttemptRecord(503, None, 0.0, 0.1)
    if issubclass(kind, APIError):
        return kind(
            "message",
            status_code=400,
            code="C",
            details={"a": [1]},
            headers=Headers([("A", "1"), ("a", "2")]),
            operation="repos.get",
            attempts=(record,),
        )
    if issubclass(kind, PluginError):
        return kind("message", plugin="p", distribution=None, hook="on_error")
    if issubclass(kind, EventValidationError):
        return kind("message", path="$.x", content=b"{}")
    if issubclass(kind, ResponseValidationError):
        return kind("message", path="$.x", status_code=200, content=b"{}")
    return kind("message", sent=False) if issubclass(kind, TransportError) else kind("message")


@pytest.mark.parametrize("kind", list(exceptions()), ids=lambda kind: kind.__name__)
class TestEveryException:
    def test_pickles_and_copies_with_all_it_says(self, kind: type[MesaError]) -> None:
        error = instance(kind)
        error.attempts += (AttemptRecord(None, "ConnectError: refused", 1.0, 0.2),)
        error.operation = "repos.get"
        error.add_note("raised by a plugin")
        for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
            assert type(twin) is kind
            assert (str(twin), twin.args, vars(twin)) == (str(error), error.args, vars(error))

    def test_is_public_and_says_what_it_is(self, kind: type[MesaError]) -> None:
        assert kind.__name__ in mesa_sdk.__all__
        assert kind.__doc__

    def test_has_the_operation_and_the_attempts_of_its_call(self, kind: type[MesaError]) -> None:
        fresh = kind.__new__(kind)
        assert fresh.operation is None
        assert fresh.attempts == ()


def test_the_tree_is_as_designed() -> None:
    parents = {kind.__name__: kind.__base__.__name__ for kind in exceptions() if kind.__base__}
    assert parents == {
        "MesaError": "Exception",
        **dict.fromkeys(
            [
                "ConfigurationError",
                "PluginError",
                "InvalidRequest",
                "TransportError",
                "ResponseValidationError",
                "EventValidationError",
                "WebhookSignatureError",
                "APIError",
            ],
            "MesaError",
        ),
        **dict.fromkeys(["ConnectError", "RequestTimeout", "ConnectionLost"], "TransportError"),
        **dict.fromkeys(
            ["BadRequest", "Unauthorized", "Forbidden", "NotFound", "NotAcceptable", "Conflict", "RateLimited"],
            "APIError",
        ),
        "ServerError": "APIError",
        "MergeConflict": "Conflict",
    }


def test_transport_errors_tell_whether_the_server_may_have_acted() -> None:
    assert not ConnectError("x").sent
    assert RequestTimeout("x").sent
    assert ConnectionLost("x").sent
