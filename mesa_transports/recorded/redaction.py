"""Takes secrets out of messages: before anything is written, and before a live request is compared with a recorded one.

A secret becomes a placeholder such as `REDACTED_TOKEN_1`, the same one wherever that secret appears again. Secret are

- every header but those known to be harmless;
- members of JSON objects that the models mark as secret, or whose names say so;
- credentials in URLs: user information, and the query of a signed URL;
- whatever equals or contains a secret that has been seen, the API key first of all, also as base64 or percent-encoded;
- what the user says with `redact=`.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import count
from threading import Lock
from typing import Any, Final, TypeAlias, cast, get_args, get_origin, get_type_hints
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import mesa_core.models
from mesa_core.http import Headers, Request, Response
from mesa_core.secrets import SECRET, is_open_parameter
from mesa_core.wire import wire_name
from mesa_transports.recorded.bodies import BinaryBody, Body, JsonBody, TextBody, body_of
from mesa_transports.recorded.interactions import RecordedRequest, RecordedResponse

__all__ = ["PLACEHOLDER", "Redaction", "Redactor", "secret_members"]

Redaction: TypeAlias = str | re.Pattern[str] | Callable[[str], str]
"""A secret by itself, a pattern that secrets fit, or a function from a text to the same text without its secrets."""
PLACEHOLDER: Final = re.compile(r"REDACTED_[A-Z0-9_]+")

_REQUEST_HEADERS: Final = frozenset({"accept", "content-type"})
_RESPONSE_HEADERS: Final = frozenset(
    {
        "accept-ranges",
        "age",
        "allow",
        "cache-control",
        "content-range",
        "content-type",
        "etag",
        "expires",
        "last-modified",
        "retry-after",
        "vary",
        "x-request-id",
    }
)
"""Those that a program could act on. Framing and the date say something of one connection and one moment alone."""
_SECRET_NAME: Final = re.compile(
    r"(?:.*[_.-])?(?:tokens?|secrets?|passw(?:or)?d|pwd|signature|sig|api-?key|credentials?|authorization|auth|cookie)"
    r"|.*(?:access|refresh|id|auth|client|bearer|session)(?:token|secret)"
    r"|.*(?:api|access|private|secret|signing|auth)[_-]?key(?:[_-]?id)?|key",
    re.IGNORECASE,
)
_URL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>]+")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/\r\n]{16,}={0,2}\s*")
_SHORTEST: Final = 8
"""Characters of a secret that is looked for inside of other text; a shorter one must be all of it."""


def _models() -> Iterator[type]:
    for found in pkgutil.iter_modules(mesa_core.models.__path__, f"{mesa_core.models.__name__}."):
        module = importlib.import_module(found.name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == found.name:
                yield kind


@cache
def secret_members() -> frozenset[str]:
    """Return the names that the models' and bodies' secret fields have on the wire."""
    return frozenset(
        wire_name(kind, name)
        for kind in _models()
        for name, hint in get_type_hints(kind, include_extras=True).items()
        if SECRET in _marks(hint)
    )


def _marks(hint: Any) -> tuple[Any, ...]:
    inner = get_args(hint)[0] if get_origin(hint) is not None and not hasattr(hint, "__metadata__") else hint
    return (*getattr(hint, "__metadata__", ()), *getattr(inner, "__metadata__", ()))


class Redactor:
    """Takes secrets out of messages, and knows those again that it has seen. Safe to share among threads."""

    def __init__(self, redact: Sequence[Redaction] = (), *, taken: Iterable[str] = ()) -> None:
        """Make one that also removes what `redact` says, and gives no placeholder that is `taken` to a new secret."""
        self._lock = Lock()
        numbers = (int(number) for each in taken if (number := each.rpartition("_")[2]).isdecimal())
        self._number = count(max(numbers, default=0) + 1)
        self._placeholders: dict[str, str] = {}
        self._whole: dict[str, str] = {}
        self._seen: set[str] = set()
        self._inside: tuple[tuple[str, str], ...] = ()
        self._rules: list[Callable[[str], str]] = []
        for rule in redact:
            if isinstance(rule, str):
                self._know(rule, self._placeholder(rule, ""))
            else:
                self._rules.append(self._pattern(rule) if isinstance(rule, re.Pattern) else rule)

    def request(self, request: Request) -> RecordedRequest:
        """Return a request without its secrets."""
        self._learn_headers(request.headers)
        body = body_of(request.content, request.headers.get("Content-Type", "").partition(";")[0].strip().lower())
        return RecordedRequest(
            method=request.method.upper(),
            url=self.text(self._url(request.url)),
            headers=self._headers(request.headers, _REQUEST_HEADERS),
            body=self._body(body),
        )

    def response(self, response: Response) -> RecordedResponse:
        """Return a response without its secrets."""
        return RecordedResponse(
            status=response.status_code,
            headers=self._headers(response.headers, _RESPONSE_HEADERS),
            body=self._body(body_of(response.content, response.media_type)),
        )

    def text(self, text: str) -> str:
        """Return a text without its secrets."""
        if text in self._whole:
            return self._whole[text]
        if "://" in text:
            text = _URL.sub(lambda found: self._url(found[0]), text)
        for secret, placeholder in self._inside:
            if secret in text:
                text = text.replace(secret, placeholder)
        for rule in self._rules:
            text = rule(text)
        return text

    def _learn_headers(self, headers: Headers) -> None:
        for name, value in headers.fields():
            if value not in self._seen and _SECRET_NAME.fullmatch(name):
                self._seen.add(value)
                for credential in (value.split(None, 1)[-1:] or [""])[0], *_of_basic(value):
                    placeholder = self._learn(credential, "API_KEY")
                    if credential and name.lower() == "authorization":
                        self._whole[credential] = placeholder

    def _learn(self, secret: str, what: str) -> str:
        """Return the placeholder of a secret, which is known again inside of any text if it is long enough."""
        if not secret or PLACEHOLDER.fullmatch(secret):
            return secret
        known = secret in self._placeholders
        placeholder = self._placeholder(secret, what)
        if not known and len(secret) >= _SHORTEST:
            self._know(secret, placeholder)
        return placeholder

    def _placeholder(self, secret: str, what: str) -> str:
        with self._lock:
            if secret not in self._placeholders:
                self._placeholders[secret] = "_".join(filter(None, ("REDACTED", what, str(next(self._number)))))
            return self._placeholders[secret]

    def _know(self, secret: str, placeholder: str) -> None:
        with self._lock:
            pairs = {(form, placeholder) for form in (secret, quote(secret, safe=""), quote(secret))}
            # The longest first: one may be a part of another.
            self._inside = tuple(sorted({*self._inside, *pairs}, key=lambda pair: (-len(pair[0]), pair)))

    def _pattern(self, pattern: re.Pattern[str]) -> Callable[[str], str]:
        return lambda text: pattern.sub(lambda found: self._placeholder(found[0], "") if found[0] else "", text)

    def _headers(self, headers: Headers, allowed: frozenset[str]) -> Headers:
        return Headers((name, self.text(value)) for name, value in headers.fields() if name.lower() in allowed)

    def _body(self, body: Body | None) -> Body | None:
        if isinstance(body, JsonBody):
            return JsonBody(self._json(body.json))
        if isinstance(body, TextBody):
            return TextBody(self.text(body.text))
        return BinaryBody(self._bytes(body.data)) if isinstance(body, BinaryBody) else body

    def _json(self, value: Any) -> Any:
        if value.__class__ is str:
            return self._string(value)
        if value.__class__ is list:
            return [self._json(each) for each in value]
        if value.__class__ is dict:
            return {self.text(name): self._member(name, each) for name, each in value.items()}
        return value

    def _member(self, name: str, value: Any) -> Any:
        return self._secret(name, value) if _is_secret(name) else self._json(value)

    def _secret(self, name: str, value: Any) -> Any:
        """Take out all texts of a secret member; of a signed URL, what signs it."""
        if value.__class__ is list:
            return [self._secret(name, each) for each in value]
        if value.__class__ is dict:
            members = cast("dict[str, Any]", value)
            return {self.text(inner): self._secret(name, each) for inner, each in members.items()}
        if value.__class__ is not str or not value:
            return value
        if value.startswith(("http://", "https://")):
            return self.text(self._url(value, signed=True))
        return self._learn(value, _in_capitals(name))

    def _string(self, text: str) -> str:
        clean = self.text(text)
        if clean is text and self._inside and len(text) >= _SHORTEST and _BASE64.fullmatch(text):
            return self._base64(text)
        return clean

    def _base64(self, text: str) -> str:
        try:
            data = base64.b64decode(text)
        except binascii.Error:
            return text
        clean = self._bytes(data)
        return text if clean == data else base64.b64encode(clean).decode()

    def _bytes(self, data: bytes) -> bytes:
        for secret, placeholder in self._inside:
            data = data.replace(secret.encode(), placeholder.encode())
        return data

    def _url(self, url: str, *, signed: bool = False) -> str:
        """Take the user information out of a URL, and every value of its query that signs it or could."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return url
        host, query = parts.netloc, parts.query
        if "@" in host:
            user, _, host = host.rpartition("@")
            self._learn(unquote(user.rpartition(":")[2]), "USER")
            host = f"REDACTED_USER@{host}"
        if query:
            pairs = [pair.partition("=") for pair in query.split("&")]
            if signed or any(_SECRET_NAME.fullmatch(unquote(name)) for name, _, _ in pairs):
                query = "&".join(self._parameter(*pair) for pair in pairs)
        if (host, query) == (parts.netloc, parts.query):
            return url
        return urlunsplit((parts.scheme, host, parts.path, query, parts.fragment))

    def _parameter(self, name: str, equals: str, value: str) -> str:
        plain, what = unquote(name), _in_capitals(name)
        if not value or is_open_parameter(plain):
            return name + equals + value
        if _SECRET_NAME.fullmatch(plain):
            return name + equals + self._learn(unquote(value), what)
        return f"{name}{equals}REDACTED_{what}"  # such as a size: a number that may stand elsewhere, and be no secret


def _of_basic(value: str) -> Iterator[str]:
    """Yield user and password of Basic authentication (RFC 7617)."""
    scheme, _, credential = value.partition(" ")
    if scheme.lower() == "basic":
        try:
            yield from base64.b64decode(credential).decode().split(":", 1)
        except ValueError:
            return


def _is_secret(name: str) -> bool:
    return name in secret_members() or bool(_SECRET_NAME.fullmatch(name))


def _in_capitals(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", unquote(name).upper()).strip("_") or "VALUE"
