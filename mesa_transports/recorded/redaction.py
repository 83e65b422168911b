"""Takes secrets out of messages: before anything is written, and before a live request is compared with a recorded one.

A secret becomes a placeholder such as `REDACTED_TOKEN_1`, the same one wherever that secret appears again. Secret are

- every header but those known to be harmless;
- members of JSON objects that the models mark as secret, or whose names say so, and fields of forms likewise;
- credentials in URLs: user information, parameters whose names say so, and the whole query of a signed URL;
- whatever equals or contains a secret that has been seen, the API key first of all, also in disguise;
- what the user says with `redact=`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, Final, TypeVar, cast

import attrs

from mesa_core.http import Headers, Request, Response
from mesa_core.strict import Mismatch
from mesa_transports._forks import renew_in_child
from mesa_transports.recorded.bodies import BinaryBody, Body, FileBody, JsonBody, TextBody, body_of
from mesa_transports.recorded.credentials import credentials, is_secret
from mesa_transports.recorded.disguises import SHORTEST
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse
from mesa_transports.recorded.known import Known
from mesa_transports.recorded.placeholders import PLACEHOLDER, in_capitals
from mesa_transports.recorded.rules import Redaction, Rules
from mesa_transports.recorded.texts import Texts

__all__ = ["PLACEHOLDER", "Redaction", "Redactor"]

T = TypeVar("T")

_NUMBERS: Final = (int, float)
_REQUEST_HEADERS: Final = re.compile("accept|content-type", re.IGNORECASE)
_RESPONSE_HEADERS: Final = re.compile(
    "accept-ranges|age|allow|cache-control|content-range|content-type|etag|expires|last-modified|link|location"
    "|(?:x-)?rate-?limit(?:-.*)?|retry-after|vary|www-authenticate|x-request-id",
    re.IGNORECASE,
)
"""Those that a program could act on. Framing and the date say something of one connection and one moment alone."""


class Redactor:
    """Takes secrets out of messages, and knows those again that it has seen. Safe to share among threads."""

    def __init__(self, redact: Sequence[Redaction] = (), *, taken: Iterable[str] = ()) -> None:
        """Make one that also removes what `redact` says, and gives no placeholder that is `taken` to a new secret."""
        self._known = Known(taken)
        self._rules = Rules(redact, self._known)
        self._messages = _Messages(Texts(self._known, self._known.disguises, self._rules))
        self._seen: set[str] = set()
        renew_in_child(self)

    def renew(self) -> object:
        """Start anew in a forked child, whose lock another thread of the parent may have held."""
        return self._known.renew()

    @property
    def mark(self) -> int:
        """How much can be found by now: what was redacted at a lower mark may still hold what was learnt since."""
        return self._known.mark

    def told(self) -> frozenset[tuple[str, str]]:
        """Return what messages have told to be secret, with its placeholders; not what `redact` says."""
        return frozenset(pair for pair in self._known.told() if not pair[1].startswith("REDACTED_TEXT_"))

    def take_over(self, told: Iterable[tuple[str, str]]) -> None:
        """Look for what others were told, too."""
        for secret, placeholder in told:
            self._known.take_over(secret, placeholder)

    def request(self, request: Request) -> RecordedRequest:
        """Return a request without its secrets; raises `ConfigurationError` for a function of the user's that fails."""
        self._learn_headers(request.headers)
        return self._settled(lambda: self._messages.request(request))

    def but_for_keys(self, request: Request) -> RecordedRequest:
        """Return a request without its secrets, its live key taken for a text like others; raises as `request` does.

        In replay that key may be a word such as "test", which is no secret where else it stands.
        """
        known = self._known.without_keys()
        return _Messages(Texts(known, known.disguises, self._rules)).request(request)

    def response(self, response: Response) -> RecordedResponse:
        """Return a response without its secrets; raises as `request` does."""
        self._learn_headers(response.headers)
        return self._settled(lambda: self._messages.response(response))

    def text(self, text: str) -> str:
        """Return a text without its secrets."""
        return self._messages.texts.text(text)

    def interaction(self, asked: RecordedRequest, response: Response) -> Interaction:
        """Return a request with its response: without those secrets, too, that were not known when it was asked."""
        answered = self.response(response)
        return Interaction(request=self._without_rules(0).again(asked), response=answered)

    def again(self, interactions: tuple[Interaction, ...], mark: int) -> tuple[Interaction, ...]:
        """Return interactions that were redacted at a mark without the secrets that were learnt since.

        What the user says with `redact=` was taken out of them when they were recorded, and is not asked again. A live
        key that is a word such as "test" was no secret in what others have recorded with another one.
        """
        if mark == self.mark:
            return interactions
        later = self._without_rules(mark)
        return tuple(later.interaction(each) for each in interactions)

    def _without_rules(self, mark: int) -> _Messages:
        return _Messages(Texts(self._known, self._known.since(mark), Rules((), self._known), shortest_key=SHORTEST))

    def _settled(self, make: Callable[[], T]) -> T:
        """Make a message again, if secrets were seen in it that may have stood before that place, too."""
        while True:
            given = self._known.given
            made = make()
            if self._known.given == given:
                return made

    def _learn_headers(self, headers: Headers) -> None:
        for name, value in headers.fields():
            if is_secret(name) and value not in self._seen:
                what = "API_KEY" if name.lower() == "authorization" else in_capitals(name)
                for credential, is_key in credentials(name, value):
                    (self._known.learn_key if is_key else self._known.learn)(credential, what)
                self._seen.add(value)


@attrs.frozen
class _Messages:
    """Goes through messages, and takes secrets out of all their texts."""

    texts: Texts

    def request(self, request: Request) -> RecordedRequest:
        headers = request.headers
        return RecordedRequest(
            method=request.method.upper(),
            url=self.texts.url(request.url),
            headers=self._headers(headers, _REQUEST_HEADERS),
            body=self._content(request.content, headers, exactly=False),
        )

    def response(self, response: Response) -> RecordedResponse:
        headers = response.headers
        return RecordedResponse(
            status=response.status_code,
            headers=self._headers(headers, _RESPONSE_HEADERS),
            body=self._content(response.content, headers, exactly=True),
        )

    def interaction(self, interaction: Interaction) -> Interaction:
        """Go through a recorded one; return that one itself, if there are no secrets in it."""
        request, response = interaction.request, interaction.response
        headers, body = self._headers(response.headers), self._body(response.body, _media_type(response.headers))
        answered = attrs.evolve(response, headers=headers, body=body)
        clean = attrs.evolve(interaction, request=self.again(request), response=answered)
        return interaction if clean == interaction else clean

    def again(self, request: RecordedRequest) -> RecordedRequest:
        """Go through a recorded request."""
        headers, body = self._headers(request.headers), self._body(request.body, _media_type(request.headers))
        return attrs.evolve(request, url=self.texts.url(request.url), headers=headers, body=body)

    def _headers(self, headers: Headers, allowed: re.Pattern[str] | None = None) -> Headers:
        return Headers(
            (name, self.texts.text(value))
            for name, value in headers.fields()
            if allowed is None or allowed.fullmatch(name)
        )

    def _content(self, content: bytes, headers: Headers, *, exactly: bool) -> Body | None:
        media_type = _media_type(headers)
        body = body_of(content, media_type, exactly=exactly)
        clean = self._body(body, media_type)
        if exactly and not isinstance(body, JsonBody):
            # What holds a secret does not come out to the byte in any case, and as JSON it stays JSON without it.
            meant = body_of(content, media_type)
            plain = self._body(meant, media_type)
            return plain if clean != body or plain != meant else clean
        return clean

    def _body(self, body: Body | None, media_type: str) -> Body | None:
        if isinstance(body, JsonBody):
            return JsonBody(self._json(body.json), body.spelling)
        if isinstance(body, TextBody):
            return TextBody(self.texts.string(self._members(body.text, media_type)))
        if isinstance(body, BinaryBody):
            return BinaryBody(self._data(body.data, media_type))
        return self._beside(body, media_type) if body else None

    def _beside(self, body: FileBody, media_type: str) -> Body:
        try:
            data = body.content()
        except Mismatch:  # it was removed or damaged since it was read, as who loads it will be told
            return body
        clean = self._data(data, media_type)
        return body if clean == data else BinaryBody(clean)

    def _data(self, data: bytes, media_type: str) -> bytes:
        text = data.decode("latin-1")
        clean = self.texts.members(self._members(text, media_type))
        return self.texts.data(data if clean == text else clean.encode("latin-1"))

    def _members(self, text: str, media_type: str) -> str:
        """Take out the secret members of a form, and of what is JSON by its name but cannot be read as that."""
        if media_type == "application/x-www-form-urlencoded":
            return self.texts.form(text)
        if media_type == "multipart/form-data":
            return self.texts.parts(text)
        if "json" in media_type or (not media_type and text.lstrip()[:1] in {"{", "["}):
            return self.texts.near_json(text)
        return text

    def _json(self, value: Any) -> Any:
        if value.__class__ is str:
            return self.texts.string(value)
        if value.__class__ is list:
            return [self._json(each) for each in value]
        if value.__class__ is dict:
            made = {self.texts.string(name): self._member(name, each) for name, each in value.items()}
            return made if len(made) == len(value) else self._each_once(value, self._member)
        return self.texts.number(value) if value.__class__ in _NUMBERS else value

    def _member(self, name: str, value: Any) -> Any:
        return self._secret(name, value) if is_secret(name) else self._json(value)

    def _secret(self, name: str, value: Any) -> Any:
        """Take out all texts of a secret member."""
        if value.__class__ is list:
            return [self._secret(name, each) for each in value]
        if value.__class__ is dict:
            members = cast("dict[str, Any]", value)
            made = {self.texts.string(inner): self._secret(name, each) for inner, each in members.items()}
            return (
                made
                if len(made) == len(members)
                else self._each_once(members, lambda _, each: self._secret(name, each))
            )
        return self.texts.secret(name, value) if value.__class__ is str and value else value

    def _each_once(self, members: dict[str, Any], clean: Callable[[str, Any], Any]) -> dict[str, Any]:
        """Return an object some of whose names are equal without their secrets: the later ones get numbers."""
        made: dict[str, Any] = {}
        for name, value in members.items():
            plain = distinct = self.texts.string(name)
            for number in count(2):
                if distinct not in made:
                    break
                distinct = f"{plain} ({number})"
            made[distinct] = clean(name, value)
        return made


def _media_type(headers: Headers) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()
