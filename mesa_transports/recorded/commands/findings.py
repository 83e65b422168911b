"""What one interaction says that today's contract does not: in its request, its answer, or its error."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
from attrs import frozen

from mesa_core.bodies import body_faults
from mesa_core.converter import Json, Misshapen, structured
from mesa_core.endpoints import Endpoint
from mesa_core.errors import ResponseValidationError
from mesa_core.faults import Fault
from mesa_transports.recorded.bodies import Body, JsonBody, TextBody, body_of
from mesa_transports.recorded.commands.operations import endpoint_of, is_signed
from mesa_transports.recorded.commands.strangers import is_redacted, strangers
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse

__all__ = ["findings"]

_STEP: Final = re.compile(r"""\.(\w+)|\[(\d+|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\]""")
_IN_ENVELOPES: Final = frozenset({400, 401, 403, 404, 406, 409, 500})
"""The statuses that the contract has an envelope for; with others, a proxy may have answered."""


@frozen(kw_only=True)
class _Error:
    code: str
    message: str
    details: Mapping[str, Any] | None = None


@frozen(kw_only=True)
class _Envelope:
    error: _Error


def findings(interaction: Interaction) -> Iterator[str]:
    """Yield what is stale or wrong, a sentence each: operation, JSON path, and what is wrong there."""
    request = interaction.request
    endpoint = endpoint_of(interaction)
    if endpoint is not None:
        for path, what in _in_request(request, endpoint):
            yield f"{endpoint.name} request: {path}: {what}"
        for path, what in _in_response(_as_json(interaction.response), endpoint):
            yield f"{endpoint.name}: {path}: {what}"
    elif not is_signed(request):
        yield f"no operation takes {request.method} {urlsplit(request.url).path}"


def _in_request(request: RecordedRequest, endpoint: Endpoint[Any]) -> Iterator[Fault]:
    body, kind = request.body, endpoint.body
    if kind is None:
        if body is not None:
            yield "$", f"expected no body, got {_described(body, request.headers.get('Content-Type'))}"
    elif isinstance(body, JsonBody):
        faults = [("$" + path.removeprefix("body"), what) for path, what in body_faults(body.json, kind)]
        # A body may have our spelling in a program, but none in a recording: there it is the wire's.
        yield from _of_no_secret(body.json, faults or strangers(body.json, kind))
    else:
        yield "$", f"expected JSON, got {_described(body, request.headers.get('Content-Type'))}"


def _as_json(response: RecordedResponse) -> RecordedResponse:
    """Return an answer with its JSON as JSON, however that was spelt."""
    body = response.body
    if isinstance(body, TextBody):
        body = body_of(body.content(), response.message().media_type)
    return attrs.evolve(response, body=body)


def _in_response(response: RecordedResponse, endpoint: Endpoint[Any]) -> Iterator[Fault]:
    if response.status >= HTTPStatus.BAD_REQUEST:
        return _in_error(response)
    if response.status in range(200, 300):
        return _in_answer(response, endpoint)
    return iter([("$", f"expected an answer or an error, got the status {response.status}")])


def _in_answer(response: RecordedResponse, endpoint: Endpoint[Any]) -> Iterator[Fault]:
    decode = endpoint.decode
    data = response.body.json if isinstance(response.body, JsonBody) else None
    try:
        decode(response.message())
    except ResponseValidationError as error:
        shape = error.__cause__
        faults = shape.faults if isinstance(shape, Misshapen) else [(error.path, _sentence(error))]
        yield from _of_no_secret(data, faults)
    if isinstance(decode, Json):
        yield from strangers(data, decode.by_status.get(response.status, decode.kind))


def _sentence(error: ResponseValidationError) -> str:
    return error.message.removeprefix(f"{error.path}: ")


def _in_error(response: RecordedResponse) -> Iterator[Fault]:
    if isinstance(response.body, JsonBody):
        data = response.body.json
        try:
            structured(data, _Envelope)
        except Misshapen as error:
            yield from _of_no_secret(data, error.faults)
        yield from strangers(data, _Envelope)
    elif response.status in _IN_ENVELOPES:
        yield "$", f"expected an error as JSON, got {_described(response.body, response.headers.get('Content-Type'))}"


def _of_no_secret(data: Any, faults: Iterable[Fault]) -> Iterator[Fault]:
    """Pass over faults in what stands for a secret."""
    return ((path, what) for path, what in faults if not is_redacted(_at(data, path)))


def _at(data: Any, path: str) -> Any:
    """Return what stands at a JSON path; None where nothing does."""
    for name, index in _STEP.findall(path):
        try:
            data = data[name or ast.literal_eval(index)]
        except (LookupError, TypeError):
            return None
    return data


def _described(body: Body | None, media_type: str | None) -> str:
    return "none" if body is None else f"{len(body.content())} bytes of {media_type or 'no content type'}"
