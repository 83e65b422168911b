"""Takes secrets out of texts: known ones, those that stand in URLs or after a secret name, and what the user says."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, unquote

from mesa_core.secrets import is_open_parameter
from mesa_transports.recorded.codes import BASE64, URL_SAFE, of_base64
from mesa_transports.recorded.credentials import is_secret, is_signature, is_url, secret_of
from mesa_transports.recorded.disguises import Disguises
from mesa_transports.recorded.known import Known
from mesa_transports.recorded.placeholders import PLACEHOLDER, in_capitals
from mesa_transports.recorded.rules import Rules

__all__ = ["Texts"]

_URL: Final = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]{0,19}:/|(?<![\w/:.-]))/[^\s\"'<>`]*[^\s\"'<>`.,:;!?)\]}]")
_ONE_URL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,19}://[^\s\"'<>`]*")
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_MEMBER: Final = re.compile(rf"(?<!\\){_STRING.pattern}(\s*:\s*){_STRING.pattern}")
_QUOTE: Final = r"\\+[\"']|'|&quot;|&#34;|&#39;|&#x2[27];"
_QUOTED_MEMBER: Final = re.compile(
    rf"(?<!\\)({_QUOTE})([^\"'\\&<>\s]{{1,80}})\1\s*(?::|=&gt;|=>)\s*(\"|{_QUOTE})([^\n]*?)(?<!\\)\3"
)
"""A member as another language spells it, or one of JSON within a text of JSON, or in HTML."""
_PART: Final = re.compile(
    r"(content-disposition:[^\r\n]*?\bname=\"?([^\"\r\n;]+)[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n)(.*?)(?=\r?\n--)",
    re.IGNORECASE | re.DOTALL,
)
"""A field of a form in several parts (RFC 7578)."""
_CREDENTIAL: Final = re.compile(r"\S{8,}")
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_WIDE: Final = re.compile(rb"[^\0\xfe\xff](?:\0[^\0\xfe\xff]){2,}")
"""Characters of UTF-16, of either order, that are Latin."""
_BYTE_ORDERS: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_NESTED: Final = 5
"""URLs within each other that are looked into."""


class Texts:
    """Takes out of a text what `finds` finds, and what else is known to be secret then becomes known.

    Args:
        known: The secrets that were seen.
        finds: Finds those that are to be taken out.
        rules: What else is to be taken out.
    """

    def __init__(self, known: Known, finds: Disguises, rules: Rules) -> None:
        self._known = known
        self._finds = finds
        self._rules = rules

    def text(self, text: str, nested: int = _NESTED) -> str:
        """Return a text without its secrets."""
        key = self._known.of_whole(text)
        if key is not None:
            return key
        if "/" in text and nested and ("@" in text or "?" in text or "#" in text or "%" in text):
            if _ONE_URL.fullmatch(text):
                text = self._url(text, nested=nested - 1)
            else:
                text = _URL.sub(lambda found: self._url(found[0], nested=nested - 1), text)
        return self._plain(text)

    def string(self, text: str) -> str:
        """Return a text that may be base64, or hold JSON, without its secrets."""
        if BASE64.fullmatch(text) and not _SHA.fullmatch(text):
            text = self._base64(text)
        return self.text(self.members(text))

    def url(self, url: str) -> str:
        """Return a URL without its secrets."""
        return self._plain(self._url(url))

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
            self._known.sign(_target(value))
            return self.text(self._url(value))
        return self._known.learn(value, in_capitals(name))

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

    # Members of what is no JSON body.

    def members(self, text: str) -> str:
        """Return a text without the secrets that stand after their names in it."""
        if ":" not in text and "=" not in text:
            return text
        if '"' in text:
            text = _MEMBER.sub(self._member_in_text, text)
        if "'" in text or "\\" in text or "&" in text:
            text = _QUOTED_MEMBER.sub(self._quoted_member, text)
        return text

    def near_json(self, text: str) -> str:
        """Return without secrets what is JSON by its name, but cannot be read as that."""
        return _STRING.sub(self._spelt_string, _MEMBER.sub(self._spelt_member, text))

    def form(self, text: str) -> str:
        """Return a form, which is the query of a URL, without its secrets."""
        return self._query(text, signed=False, nested=_NESTED)

    def parts(self, text: str) -> str:
        """Return a form in several parts without its secret fields."""
        return _PART.sub(lambda part: part[1] + self._named(part[2], part[3]), text)

    def _named(self, name: str, value: str) -> str:
        return self.secret(name, value) if value and is_secret(name) else value

    def _member_in_text(self, member: re.Match[str]) -> str:
        return self._spelt_member(member) if _tells(_unescaped(member[1]), member[3]) else member[0]

    def _spelt_member(self, member: re.Match[str]) -> str:
        name, colon, spelt = _unescaped(member[1]), member[2], member[3]
        if not spelt or not is_secret(name):
            return member[0]
        return f'"{member[1]}"{colon}{json.dumps(self.secret(name, _unescaped(spelt)))}'

    def _quoted_member(self, member: re.Match[str]) -> str:
        name, quote_, spelt = member[2], member[3], member[4]
        if spelt and is_secret(name) and _tells(name, spelt):
            clean = self.secret(name, html.unescape(spelt) if quote_[0] == "&" else _unescaped(spelt))
        else:  # in which there may be members again
            clean = _QUOTED_MEMBER.sub(self._quoted_member, spelt)
        return member[0][: member.start(4) - member.start()] + clean + quote_

    def _spelt_string(self, string: re.Match[str]) -> str:
        plain = _unescaped(string[1])
        clean = self.string(plain)
        return string[0] if clean == plain else json.dumps(clean)

    # Base64.

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

    # URLs.

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
            signed = any(map(is_signature, names)) or self._known.is_signed(_target(url))
            query = self._query(query, signed=signed, nested=nested)
        if fragment:
            fragment = self._query(fragment, signed=False, nested=nested)
        return f"{scheme if colon else ''}{colon}{authority}{slash}{path}{mark}{query}{hash_}{fragment}"

    def _authority(self, authority: str) -> str:
        user, _, host = authority.rpartition("@")
        name, _, password = user.partition(":")
        self._known.learn(secret_of(unquote(name), unquote(password)), "USER")
        return f"REDACTED_USER@{host}"

    def _query(self, query: str, *, signed: bool, nested: int) -> str:
        return "&".join(self._parameter(pair, signed=signed, nested=nested) for pair in query.split("&"))

    def _parameter(self, pair: str, *, signed: bool, nested: int) -> str:
        name, equals, value = pair.partition("=")
        plain = _name(name)
        if is_open_parameter(plain):
            return name + equals + self._part(value, nested)
        if value and is_secret(plain):
            return name + equals + self._known.learn(unquote(value), in_capitals(plain))
        if signed and value:  # such as a size: a number that may stand elsewhere, and be no secret
            return name + equals + (value if PLACEHOLDER.fullmatch(value) else f"REDACTED_{in_capitals(plain)}")
        if signed and name and not equals:
            return self._known.learn(plain, "SIGNATURE")
        return self._part(name, nested) + equals + self._part(value, nested)

    def _part(self, part: str, nested: int) -> str:
        """Look into a part of a URL, which may be encoded, and another URL."""
        if "%" not in part and "://" not in part:  # then all that can be in it is found in the whole URL
            return part
        plain = unquote(part, errors="surrogateescape")
        clean = self.text(plain, nested)
        return part if clean == plain else quote(clean, safe="", errors="surrogateescape")


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


def _target(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _name(spelt: str) -> str:
    """Return the name of a parameter as it is meant; in HTML, "&" is spelt "&amp;"."""
    return unquote(spelt).removeprefix("amp;")


def _tells(name: str, value: str) -> bool:
    """Tell whether a secret name is one in a text, too, where "key" may as well be the key on a keyboard."""
    return name != "key" or bool(_CREDENTIAL.fullmatch(value))


def _unescaped(spelt: str) -> str:
    """Return what a string of JSON means, or the same if it means nothing."""
    try:
        return str(json.loads(f'"{spelt}"', strict=False))
    except ValueError:
        return spelt
