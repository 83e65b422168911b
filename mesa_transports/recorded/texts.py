"""Takes secrets out of texts: known ones, those that stand in URLs or after a secret name, and what the user says."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Final

from mesa_transports.recorded.codes import BASE64, URL_SAFE, of_base64
from mesa_transports.recorded.credentials import credentials_of, is_url, telling
from mesa_transports.recorded.disguises import Disguises
from mesa_transports.recorded.known import Known
from mesa_transports.recorded.members import Members
from mesa_transports.recorded.placeholders import in_capitals
from mesa_transports.recorded.rules import Rules
from mesa_transports.recorded.urls import NESTED, Urls, target_of

__all__ = ["Texts"]

_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_WIDE: Final = re.compile(rb"[^\0\xfe\xff](?:\0[^\0\xfe\xff]){2,}")
"""Characters of UTF-16, of either order, that are Latin."""
_BYTE_ORDERS: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class Texts:
    """Takes out of a text what `finds` finds, and what else is known to be secret then becomes known.

    Args:
        known: The secrets that were seen.
        finds: Finds those that are to be taken out.
        rules: What else is to be taken out.
        shortest_key: Characters of a live key that is taken out where it is all of a text.
    """

    def __init__(self, known: Known, finds: Disguises, rules: Rules, shortest_key: int = 0) -> None:
        self._known = known
        self._finds = finds
        self._rules = rules
        self._shortest_key = shortest_key
        members = Members(self.secret, self.string)
        self._urls = Urls(known, lambda part, nested: self.text(members.in_text(part), nested))
        self.members, self.near_json, self.parts = members.in_text, members.near_json, members.in_parts
        self.form = self._urls.form

    def text(self, text: str, nested: int = NESTED) -> str:
        """Return a text without its secrets."""
        key = self._known.of_whole(text) if len(text) >= self._shortest_key else None
        if key is not None:
            return key
        return self._plain(self._urls.in_text(text, nested))

    def string(self, text: str) -> str:
        """Return a text that may be base64, or hold JSON, without its secrets."""
        if BASE64.fullmatch(text) and not _SHA.fullmatch(text):
            text = self._base64(text)
        return self.text(self.members(text))

    def url(self, url: str) -> str:
        """Return a URL without its secrets."""
        return self._plain(self._urls.url(url))

    def data(self, data: bytes) -> bytes:
        """Return bytes without their secrets."""
        return self._finds.without_bytes(self._by_rules(data))

    def number(self, number: float) -> float:
        """Return a number, or 0 for one that is a secret: so it is a number still."""
        spelt = json.dumps(number)
        return 0 if self._known.is_known(spelt) or (self._rules and self._rules.without(spelt) != spelt) else number

    def secret(self, name: str, value: str) -> str:
        """Take out the value of a secret member; of a URL, what signs it."""
        if is_url(name, value):
            self._known.sign(target_of(value))
            return self.text(self._urls.url(value))
        placeholder = self._known.learn(value, in_capitals(telling(name)))
        for credential in credentials_of(name, value):
            self._known.learn_also(credential, placeholder)
        return placeholder

    def _plain(self, text: str) -> str:
        return self._rules.without(self._finds.without(text))

    def _by_rules(self, data: bytes) -> bytes:
        if not self._rules:
            return data
        for encoding in _encodings(data):
            text = data.decode(encoding)
            clean = self._rules.without(text)
            if clean != text:
                data = clean.encode(encoding, "replace")
        return _WIDE.sub(self._wide, data) if b"\0" in data else data

    def _wide(self, run: re.Match[bytes]) -> bytes:
        text = run[0][::2].decode("latin-1")
        clean = self._rules.without(text)
        return run[0] if clean == text else b"\0".join(bytes([each]) for each in clean.encode("latin-1", "replace"))

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
            return self.data(data)
        clean = self.text(self.members(text)).encode()
        return self.data(clean) if "\0" in text else clean  # which may be UTF-16


def _encodings(data: bytes) -> Iterator[str]:
    """Yield how bytes can be read; a character each, if they are no text, of which a part may be some."""
    for encoding in (_BYTE_ORDERS.get(data[:2]), "utf-8"):
        if encoding and _is_in(encoding, data):
            yield encoding
            if encoding == "utf-8":
                return
    yield "latin-1"


def _is_in(encoding: str, data: bytes) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
