"""Takes secrets out of messages: before anything is written, and before a live request is compared with a recorded one.

A secret becomes a placeholder such as `REDACTED_TOKEN_1`, the same one wherever that secret appears again. Secret are

- every header but those known to be harmless;
- members of JSON objects that the models mark as secret, or whose names say so, and fields of forms likewise;
- credentials in URLs: user information, parameters whose names say so, and the whole query of a signed URL;
- whatever equals or contains a secret that has been seen, the API key first of all, also in disguise;
- what the user says with `redact=`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from threading import Lock
from typing import Any, Final, TypeAlias, TypeVar, cast
from urllib.parse import quote, unquote

from mesa_core.http import Headers, Request, Response
from mesa_core.secrets import is_open_parameter
from mesa_transports._forks import renew_in_child
from mesa_transports.recorded.bodies import BinaryBody, Body, JsonBody, TextBody, body_of
from mesa_transports.recorded.credentials import credentials, is_secret, is_signature, is_url, properties, secret_of
from mesa_transports.recorded.disguises import BASE64, PLACEHOLDER, URL_SAFE, Disguises, of_base64
from mesa_transports.recorded.interactions import RecordedRequest, RecordedResponse

__all__ = ["PLACEHOLDER", "Redaction", "Redactor"]

Redaction: TypeAlias = str | re.Pattern[str] | Callable[[str], str]
"""A secret by itself, a pattern that secrets fit, or a function from a text to the same text without its secrets."""
T = TypeVar("T")

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
_URL: Final = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]{0,19}:/|(?<![\w/:.-]))/[^\s\"'<>`]*[^\s\"'<>`.,:;!?)\]}]")
_ONE_URL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,19}://[^\s\"'<>`]*")
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_MEMBER: Final = re.compile(rf"{_STRING.pattern}(\s*:\s*){_STRING.pattern}")
_SHORTEST: Final = 8
"""Characters of a secret that is looked for inside of other text; a shorter one must be all of it."""
_NESTED: Final = 5
"""URLs within each other that are looked into."""


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
        self._signed: set[str] = set()
        self._disguises = Disguises()
        self._rules: list[Callable[[str], str]] = []
        for rule in redact:
            if isinstance(rule, str):
                self._disguises.learn(rule, self._placeholder(rule, ""))
            else:
                self._rules.append(self._pattern(rule) if isinstance(rule, re.Pattern) else rule)
        renew_in_child(self)

    def renew(self) -> object:
        """Start anew in a forked child, whose lock another thread of the parent may have held."""
        lock, self._lock = self._lock, Lock()
        return lock, self._disguises.renew()

    def request(self, request: Request) -> RecordedRequest:
        """Return a request without its secrets."""
        self._learn_headers(request.headers)
        return self._settled(
            lambda: RecordedRequest(
                method=request.method.upper(),
                url=self._plain_text(self._url(request.url)),
                headers=self._headers(request.headers, _REQUEST_HEADERS),
                body=self._content(request.content, request.headers) if request.content else None,
            )
        )

    def response(self, response: Response) -> RecordedResponse:
        """Return a response without its secrets."""
        self._learn_headers(response.headers)
        return self._settled(
            lambda: RecordedResponse(
                status=response.status_code,
                headers=self._headers(response.headers, _RESPONSE_HEADERS),
                body=self._content(response.content, response.headers) if response.content else None,
            )
        )

    def text(self, text: str) -> str:
        """Return a text without its secrets."""
        return self._text(text, _NESTED)

    def _settled(self, make: Callable[[], T]) -> T:
        """Make a message again, if secrets were seen in it that may have stood before that place, too."""
        while True:
            known = len(self._placeholders)
            made = make()
            if len(self._placeholders) == known:
                return made

    def _text(self, text: str, nested: int) -> str:
        if text in self._whole:
            return self._whole[text]
        if "/" in text and nested and ("@" in text or "?" in text or "#" in text or "%" in text):
            if _ONE_URL.fullmatch(text):
                text = self._url(text, nested=nested - 1)
            else:
                text = _URL.sub(lambda found: self._url(found[0], nested=nested - 1), text)
        return self._plain_text(text)

    def _plain_text(self, text: str) -> str:
        text = self._disguises.without(text)
        for rule in self._rules:
            text = rule(text)
        return text

    def _learn_headers(self, headers: Headers) -> None:
        for name, value in headers.fields():
            if is_secret(name) and value not in self._seen:
                for credential, is_key in credentials(name, value):
                    what = "API_KEY" if name.lower() == "authorization" else _in_capitals(name)
                    placeholder = self._learn(credential, what)
                    if credential and is_key:
                        self._whole[credential] = placeholder
                self._seen.add(value)

    def _learn(self, secret: str, what: str) -> str:
        """Return the placeholder of a secret, which is known again inside of any text if it is long enough."""
        if not secret or PLACEHOLDER.fullmatch(secret):
            return secret
        known = secret in self._placeholders
        placeholder = self._placeholder(secret, what)
        # A name of the API's own stays that name elsewhere, whatever it was the value of.
        if not known and len(secret) >= _SHORTEST and secret not in properties():
            self._disguises.learn(secret, placeholder)
        return placeholder

    def _placeholder(self, secret: str, what: str) -> str:
        with self._lock:
            if secret not in self._placeholders:
                self._placeholders[secret] = "_".join(filter(None, ("REDACTED", what, str(next(self._number)))))
            return self._placeholders[secret]

    def _pattern(self, pattern: re.Pattern[str]) -> Callable[[str], str]:
        def without(text: str) -> str:
            taken = [match.span() for match in PLACEHOLDER.finditer(text)] if "REDACTED_" in text else []

            def instead(found: re.Match[str]) -> str:
                start, end = found.span()
                if start == end or any(first <= start and end <= last for first, last in taken):
                    return found[0]
                return self._placeholder(found[0], "")

            return pattern.sub(instead, text)

        return without

    def _headers(self, headers: Headers, allowed: frozenset[str]) -> Headers:
        return Headers((name, self.text(value)) for name, value in headers.fields() if name.lower() in allowed)

    def _content(self, content: bytes, headers: Headers) -> Body | None:
        media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        body = body_of(content, media_type)
        if isinstance(body, JsonBody):
            return JsonBody(self._json(body.json))
        if isinstance(body, TextBody):
            return TextBody(self._string(self._members(body.text, media_type)))
        if isinstance(body, BinaryBody):
            text = body.data.decode("latin-1") if not media_type or "json" in media_type else ""
            clean = self._members(text, media_type)
            return BinaryBody(self._disguises.without_bytes(body.data if clean == text else clean.encode("latin-1")))
        return body

    def _members(self, text: str, media_type: str) -> str:
        """Take out the secret members of a form, and of what is JSON by its name but cannot be read as that."""
        if media_type == "application/x-www-form-urlencoded":
            return self._query(text, signed=False, nested=_NESTED)
        if "json" in media_type or (not media_type and text.lstrip()[:1] in {"{", "["}):
            return _STRING.sub(self._spelt_string, _MEMBER.sub(self._spelt_member, text))
        return text

    def _spelt_member(self, member: re.Match[str]) -> str:
        name, colon, spelt = _unescaped(member[1]), member[2], member[3]
        if not spelt or not is_secret(name):
            return member[0]
        return f'"{member[1]}"{colon}{json.dumps(self._secret(name, _unescaped(spelt)))}'

    def _spelt_string(self, string: re.Match[str]) -> str:
        plain = _unescaped(string[1])
        clean = self._string(plain)
        return string[0] if clean == plain else json.dumps(clean)

    def _json(self, value: Any) -> Any:
        if value.__class__ is str:
            return self._string(value)
        if value.__class__ is list:
            return [self._json(each) for each in value]
        if value.__class__ is dict:
            return {self._string(name): self._member(name, each) for name, each in value.items()}
        return value

    def _member(self, name: str, value: Any) -> Any:
        return self._secret(name, value) if is_secret(name) else self._json(value)

    def _secret(self, name: str, value: Any) -> Any:
        """Take out all texts of a secret member; of a URL, what signs it."""
        if value.__class__ is list:
            return [self._secret(name, each) for each in value]
        if value.__class__ is dict:
            members = cast("dict[str, Any]", value)
            return {self._string(inner): self._secret(name, each) for inner, each in members.items()}
        if value.__class__ is not str or not value:
            return value
        if is_url(name, value):
            self._signed.add(_target(value))
            return self.text(self._url(value))
        return self._learn(value, _in_capitals(name))

    def _string(self, text: str) -> str:
        if (self._disguises or self._rules) and BASE64.fullmatch(text):
            text = self._base64(text)
        return self.text(text)

    def _base64(self, text: str) -> str:
        """Look into base64, and spell it as it was spelt if there is a secret in it."""
        data = of_base64(text)
        clean = self._decoded(data)
        if clean == data:
            return text
        letters = "".join(text.split()).rstrip("=")
        spelt = base64.b64encode(clean).decode()
        if "-" in letters or "_" in letters:
            spelt = spelt.translate(URL_SAFE)
        if len(letters) % 4 and "=" not in text:
            spelt = spelt.rstrip("=")
        first, end, _ = text.partition("\r\n" if "\r\n" in text else "\n")
        return "".join(spelt[at : at + len(first)] + end for at in range(0, len(spelt), len(first))) if end else spelt

    def _decoded(self, data: bytes) -> bytes:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return self._disguises.without_bytes(data)
        # What nobody wrote is base64 by its looks alone, and no text that a rule could be for.
        written = "".join(text.split()).isprintable()
        return self.text(text).encode() if written else self._disguises.without_bytes(data)

    def _url(self, url: str, *, nested: int = _NESTED) -> str:
        """Take the user information out of a URL, what its names call secret, and if it is signed, all of its query."""
        target, hash_, fragment = url.partition("#")
        address, mark, query = target.partition("?")
        scheme, colon, rest = address.partition("://")
        authority, slash, path = rest.partition("/") if colon else ("", "", address)
        if "@" in authority:
            authority = self._authority(authority)
        if "%" in path:
            path = "/".join(self._part(part, nested) for part in path.split("/"))
        if query:
            names = [_name(pair.partition("=")[0]) for pair in query.split("&")]
            signed = any(map(is_signature, names)) or _target(url) in self._signed
            query = self._query(query, signed=signed, nested=nested)
        if fragment:
            fragment = self._query(fragment, signed=False, nested=nested)
        return f"{scheme if colon else ''}{colon}{authority}{slash}{path}{mark}{query}{hash_}{fragment}"

    def _authority(self, authority: str) -> str:
        user, _, host = authority.rpartition("@")
        name, _, password = user.partition(":")
        self._learn(secret_of(unquote(name), unquote(password)), "USER")
        return f"REDACTED_USER@{host}"

    def _query(self, query: str, *, signed: bool, nested: int) -> str:
        return "&".join(self._parameter(pair, signed=signed, nested=nested) for pair in query.split("&"))

    def _parameter(self, pair: str, *, signed: bool, nested: int) -> str:
        name, equals, value = pair.partition("=")
        plain = _name(name)
        if is_open_parameter(plain):
            return name + equals + self._part(value, nested)
        if value and is_secret(plain):
            return name + equals + self._learn(unquote(value), _in_capitals(plain))
        if signed and value:  # such as a size: a number that may stand elsewhere, and be no secret
            return name + equals + (value if PLACEHOLDER.fullmatch(value) else f"REDACTED_{_in_capitals(plain)}")
        if signed and name and not equals:
            return self._learn(plain, "SIGNATURE")
        return self._part(name, nested) + equals + self._part(value, nested)

    def _part(self, part: str, nested: int) -> str:
        """Look into a part of a URL, which may be encoded, and another URL."""
        if "%" not in part and "://" not in part:  # then all that can be in it is found in the whole URL
            return part
        plain = unquote(part, errors="surrogateescape")
        clean = self._text(plain, nested)
        return part if clean == plain else quote(clean, safe="", errors="surrogateescape")


def _target(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _name(spelt: str) -> str:
    """Return the name of a parameter as it is meant; in HTML, "&" is spelt "&amp;"."""
    return unquote(spelt).removeprefix("amp;")


def _unescaped(spelt: str) -> str:
    """Return what a string of JSON means, or the same if it means nothing."""
    try:
        return str(json.loads(f'"{spelt}"', strict=False))
    except ValueError:
        return spelt


def _in_capitals(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "VALUE"
