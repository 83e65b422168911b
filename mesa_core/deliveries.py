"""Deliveries of webhooks: whether one is genuine, and what it tells.

A delivery is signed as `X-Depot-Signature: t=<unix>,sha256=<hex>`, where the second is the HMAC-SHA256 of
`"<t>.<raw body>"` under the webhook's secret. Headers are not signed, so the event's kind is the body's own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Any, Final, cast

from attrs import frozen

from mesa_core.converter import Misshapen, structured
from mesa_core.errors import EventValidationError, InvalidRequest, WebhookSignatureError
from mesa_core.http import Headers, HeaderTypes
from mesa_core.models.events import Event, PushEvent, UnknownEvent

__all__ = ["SIGNATURE_HEADER", "TOLERANCE", "verify_delivery"]

SIGNATURE_HEADER: Final = "X-Depot-Signature"
TOLERANCE: Final = 300
"""Seconds between signing and receiving, by default."""
_TIME: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_KINDS: Final[dict[str, Any]] = {"push": PushEvent}  # `Any`: models


def verify_delivery(
    body: bytes, headers: HeaderTypes, *, secret: str | Sequence[str], now: float, tolerance: float = TOLERANCE
) -> Event:
    """Return what a delivery tells, when one of the secrets signed it, `tolerance` seconds from `now` at most.

    Args:
        body: The body as it came, to the byte.
        headers: All headers of the request; their case does not count.
        secret: The webhook's secret, or several, as while one takes another's place.
        now: Seconds since the epoch.
        tolerance: Seconds that its time may be off, in either direction.

    Raises:
        WebhookSignatureError: it is not signed, not by one of the secrets, or not just now.
        EventValidationError: it is genuine, and does not have the documented shape.
        InvalidRequest: `body`, `secret` or `tolerance` is not what it must be; `field` says which.
    """
    if not isinstance(cast("object", body), bytes | bytearray | memoryview):
        came = type(body).__name__
        raise InvalidRequest(f"body: expected the bytes as they came, got {came}", field="body")
    secrets = _secrets(secret)
    if tolerance.__class__ not in {int, float} or not tolerance >= 0:
        raise InvalidRequest(f"tolerance: expected seconds, 0 or more, got {tolerance!r}", field="tolerance")
    raw = bytes(body)
    signature = _signature(Headers(headers))
    if not _is_signed(raw, signature, secrets):
        raise WebhookSignatureError(f"{SIGNATURE_HEADER}: no secret of the {len(secrets)} given signs this body so")
    off = now - signature.time
    if abs(off) > tolerance:
        when = "ago" if off > 0 else "from now"
        raise WebhookSignatureError(f"{SIGNATURE_HEADER}: signed {abs(off):.0f} s {when}, more than {tolerance:g} s")
    return _event(raw)


@frozen
class _Signature:
    time: int
    digests: tuple[bytes, ...]


def _secrets(given: str | Sequence[str]) -> list[bytes]:
    secrets = cast("Sequence[object]", [given] if isinstance(given, str) else given)
    if secrets.__class__ not in {list, tuple} or not secrets:
        raise InvalidRequest(f"secret: expected a str or a list of them, got {_kind(secrets)}", field="secret")
    return [_secret(each) for each in secrets]


def _secret(given: object) -> bytes:
    if not isinstance(given, str) or not given:
        raise InvalidRequest(f"secret: expected a str that is not empty, got {_kind(given)}", field="secret")
    try:
        return str.__str__(given).encode()  # of a member of an enumeration, its value
    except UnicodeEncodeError:
        raise InvalidRequest("secret: it has half of a surrogate pair, which is no character", field="secret") from None


def _kind(value: object) -> str:
    return f"an empty {type(value).__name__}" if value in ("", [], ()) else type(value).__name__


def _signature(headers: Headers) -> _Signature:
    value = headers.get(SIGNATURE_HEADER)
    if value is None:
        raise WebhookSignatureError(f"{SIGNATURE_HEADER}: the header is missing")
    times: list[str] = []
    digests: list[bytes] = []
    for part in value.split(","):
        name, _, text = part.strip().partition("=")
        if name == "t":
            times.append(text)
        elif name == "sha256" and _DIGEST.fullmatch(text):
            digests.append(text.encode())
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or not digests:
        raise WebhookSignatureError(f"{SIGNATURE_HEADER}: expected t=<seconds>,sha256=<64 hex digits>")
    return _Signature(int(times[0]), tuple(digests))


def _is_signed(body: bytes, signature: _Signature, secrets: Sequence[bytes]) -> bool:
    """Compare all with all, each in constant time, so that the time taken tells nothing of what did not fit."""
    signed = b"%d.%b" % (signature.time, body)
    fits = False
    for secret in secrets:
        expected = hmac.new(secret, signed, hashlib.sha256).hexdigest().encode()
        for digest in signature.digests:
            fits |= hmac.compare_digest(expected, digest)
    return fits


def _event(body: bytes) -> Event:
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EventValidationError(f"$: expected JSON: {error}", path="$", content=body) from error
    kind = cast("dict[str, object]", data).get("event") if isinstance(data, dict) else None
    if not isinstance(kind, str):
        raise EventValidationError("$.event: expected the name of an event", path="$.event", content=body)
    if kind not in _KINDS:
        return UnknownEvent(event=kind, raw=cast("dict[str, Any]", data))
    try:
        event: Event = structured(data, _KINDS[kind])
    except Misshapen as error:
        raise EventValidationError(str(error), path=error.faults[0][0], content=body) from error
    return event
