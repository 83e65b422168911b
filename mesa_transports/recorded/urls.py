"""Takes secrets out of URLs, out of their parts, and out of forms, which are spelt like a query."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from mesa_core.secrets import is_open_parameter
from mesa_transports.recorded.credentials import is_secret, is_signature, secret_of, telling
from mesa_transports.recorded.known import Known
from mesa_transports.recorded.members import tells
from mesa_transports.recorded.placeholders import PLACEHOLDER, in_capitals

__all__ = ["NESTED", "Urls", "target_of"]

_URL: Final = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]{0,19}:/|(?<![\w/:.-]))/[^\s\"'<>`]*[^\s\"'<>`.,:;!?)\]}]")
_ONE_URL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,19}://[^\s\"'<>`]*")
_USER: Final = re.compile(r"(?<=:)((?:\\*/){2})([^\s/?#<>\"'`@:\\]*):(?!')([^\s/?#<>\"`]*)@")
"""A user with a password, which may hold an apostrophe; JSON may escape the slashes."""
_NAME: Final = r"[\w.%$\[\]-]{1,80}"
_REST: Final = r"(?:[^\s\"'<>`]*[^\s\"'<>`.,:;!?)\]}])?"
_QUERY: Final = re.compile(rf"([?#])({_NAME}={_REST})")
"""The query of a URL without a scheme, or its fragment."""
_FORM: Final = re.compile(rf"(?<![^\s\"'`<>(\[{{|,])({_NAME}={_REST})")
"""What is a form, if it has several fields."""
_SEVERAL: Final = re.compile(rf"(?:&|\\u0026)(?:amp;)?{_NAME}=")
_LATER: Final = re.compile(rf"(;({_NAME})=)([^;]*(?:;(?!{_NAME}=)[^;]*)*)")
"""A parameter after a semicolon, of which some servers take a query to be made, too; or one of a path."""
_ORIGIN: Final = re.compile("[^/]*//[^/]*")
_NESTING: Final = re.compile('[%?"]|://')
NESTED: Final = 5
"""URLs within each other that are looked into."""


class Urls:
    """Takes out the user information, what its names call secret, and if a URL is signed, all of its query.

    Args:
        known: The secrets that were seen.
        part: Returns a part of a URL as it is meant without its secrets, so many URLs deep.
    """

    def __init__(self, known: Known, part: Callable[[str, int], str]) -> None:
        self._known = known
        self._of_part = part

    def in_text(self, text: str, nested: int = NESTED) -> str:
        """Return a text whose URLs, and forms, are without secrets."""
        if not nested:
            return text
        if "@" in text and ("://" in text or ":\\" in text):
            text = _USER.sub(self._user, text)
        if "/" in text and ("@" in text or "?" in text or "#" in text or "%" in text or ";" in text):
            if _ONE_URL.fullmatch(text):
                return self.url(text, nested=nested - 1)
            text = _URL.sub(lambda found: self.url(found[0], nested=nested - 1), text)
        if "=" in text:
            text = self._relative(text, nested - 1)
        return text

    def url(self, url: str, *, nested: int = NESTED) -> str:
        """Return a URL without its secrets."""
        target, hash_, fragment = url.partition("#")
        address, mark, query = target.partition("?")
        scheme, colon, rest = address.partition("://")
        if not colon and address.startswith("//"):
            scheme, colon, rest = "", "//", address[2:]
        authority, slash, path = rest.partition("/") if colon else ("", "", address)
        if "@" in authority and (colon == "://" or ":" in authority.rpartition("@")[0]):
            authority = self._authority(authority)
        if "%" in path:
            path = "/".join(self._part(part, nested) for part in path.split("/"))
        if ";" in path:
            path = "/".join(_LATER.sub(self._later, part) for part in path.split("/"))
        if query:
            names = [_name(pair.partition("=")[0]) for pair in query.split("&")]
            signed = any(map(is_signature, names)) or self._known.is_signed(target_of(url))
            query = self._query(query, signed=signed, nested=nested)
        if fragment:
            route, mark_, parameters = fragment.rpartition("?")
            fragment = route + mark_ + self._query(parameters, signed=False, nested=nested)
        return f"{scheme if colon else ''}{colon}{authority}{slash}{path}{mark}{query}{hash_}{fragment}"

    def form(self, text: str) -> str:
        """Return a form, which is the query of a URL, without its secrets."""
        return self._query(text, signed=False, nested=NESTED)

    def _user(self, user: re.Match[str]) -> str:
        return user[1] + self._authority(f"{user[2]}:{user[3]}@")

    def _authority(self, authority: str) -> str:
        user, _, host = authority.rpartition("@")
        name, _, password = user.partition(":")
        self._known.learn(secret_of(unquote(name), unquote(password)), "USER")
        return f"REDACTED_USER@{host}"

    def _relative(self, text: str, nested: int) -> str:
        """Look into queries and fragments of URLs without a scheme, and into forms."""

        def clean(pairs: str) -> str:
            return self._query(pairs, signed=False, nested=nested, in_text=True)

        if "?" in text or "#" in text:
            text = _QUERY.sub(lambda found: found[1] + clean(found[2]), text)
        if ("&" in text or "\\" in text) and _SEVERAL.search(text):
            text = _FORM.sub(lambda found: clean(found[0]) if _SEVERAL.search(found[0]) else found[0], text)
        return text

    def _query(self, query: str, *, signed: bool, nested: int, in_text: bool = False) -> str:
        if "\\u0026" in query:
            parts = query.split("\\u0026")  # as JSON in HTML has it
            return "\\u0026".join(self._query(part, signed=signed, nested=nested, in_text=in_text) for part in parts)
        return "&".join(
            self._parameter(pair, signed=signed, nested=nested, in_text=in_text) for pair in query.split("&")
        )

    def _parameter(self, pair: str, *, signed: bool, nested: int, in_text: bool) -> str:
        name, equals, value = pair.partition("=")
        plain = _name(name)
        if is_open_parameter(plain):
            return name + equals + self._part(value, nested, is_form=True)
        if value and is_secret(plain) and (not in_text or tells(plain, value)):
            return name + equals + self._secret(plain, value)
        if signed and value:  # such as a size: a number that may stand elsewhere, and be no secret
            return name + equals + (value if PLACEHOLDER.fullmatch(value) else f"REDACTED_{in_capitals(plain)}")
        if signed and name and not equals:
            return self._known.learn(plain, "SIGNATURE")
        if ";" in value:
            value = _LATER.sub(self._later, value)
        return self._part(name, nested) + equals + self._part(value, nested, is_form=True)

    def _secret(self, name: str, value: str) -> str:
        """Take out a value; in a form, "+" means a space."""
        placeholder = self._known.learn(unquote(value), in_capitals(telling(name)))
        if "+" in value:
            self._known.learn_also(unquote_plus(value), placeholder)
        return placeholder

    def _later(self, parameter: re.Match[str]) -> str:
        name, value = _name(parameter[2]), parameter[3]
        return parameter[1] + self._secret(name, value) if value and is_secret(name) else parameter[0]

    def _part(self, part: str, nested: int, *, is_form: bool = False) -> str:
        """Look into a part of a URL, which may be encoded, and another URL."""
        if "%" not in part and "://" not in part and "?" not in part and '"' not in part:
            return part  # for all that can be in it is found in the whole URL
        plain = unquote(part, errors="surrogateescape")
        clean = self._of_part(plain, nested)
        if clean != plain:
            return quote(clean, safe="", errors="surrogateescape")
        if not is_form or "+" not in part:
            return part
        plain = unquote_plus(part, errors="surrogateescape")
        clean = self._of_part(plain, nested)
        return part if clean == plain else quote_plus(clean, errors="surrogateescape")


def target_of(url: str) -> str:
    """Return a URL without its query; its scheme and host are in small letters, as libraries send them."""
    target = url.partition("#")[0].partition("?")[0]
    origin = _ORIGIN.match(target)
    return origin[0].lower() + target[origin.end() :] if origin else target


def _name(spelt: str) -> str:
    """Return the name of a parameter as it is meant; what is before a semicolon is of an "&" as HTML spells it."""
    plain = unquote(spelt)
    return plain.rpartition(";")[2] if ";" in plain else plain
