"""Takes secrets out of what is no JSON body, but holds members: JSON in texts, what looks like it, forms in parts."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from mesa_transports.recorded.credentials import is_secret

__all__ = ["Members", "tells"]

_STRING: Final = r'"((?:[^"\\]|\\.)*+)"'
_ANY_STRING: Final = re.compile(rf"(?<!\\){_STRING}")
_MEMBER: Final = re.compile(rf"(?<!\\){_STRING}(\s*:\s*){_STRING}")
_QUOTE: Final = r"\\+[\"']|'|&quot;|&#34;|&#39;|&#x2[27];"
_COLON: Final = r"\s*(?::|=&gt;|=>)\s*"
_QUOTED_MEMBER: Final = re.compile(
    rf"(?<!\\)({_QUOTE})([^\"'\\&<>\s]{{1,80}})\1{_COLON}(\"|{_QUOTE})([^\n]*?)(?<!\\)\3"
)
"""A member as another language spells it, or one of JSON within a text of JSON, or in HTML."""
_BEGIN: Final = re.compile(r"(?::|=&gt;|=>)\s*(?=[\[{])")
"""Before an array or an object that is a member."""
_LONGEST_NAME: Final = 200
_NAME: Final = re.compile(rf"(?<!\\)(?:\"((?:[^\"\\]|\\.)++)\"|({_QUOTE})([^\"'\\&<>\s]{{1,80}})\2)\s*\Z")
"""The name of one, at the end of a text."""
_NAMES: Final = re.compile(_COLON)
_PART: Final = re.compile(
    r"(content-disposition:(?:[^\r\n]|\r?\n[ \t]){0,1000}?\bname=[\"']?([^\"'\r\n;]+)[^\r\n]*\r?\n"
    r"(?:[^\r\n]+\r?\n)*\r?\n)(.*?)(?=\r?\n--)",
    re.IGNORECASE | re.DOTALL,
)
"""A field of a form in several parts (RFC 7578)."""
_CREDENTIAL: Final = re.compile(r"\S{8,}")


class Members:
    """Takes out what stands after secret names.

    Args:
        secret: Returns what stands for the value of a secret name.
        string: Returns a text without its secrets.
    """

    def __init__(self, secret: Callable[[str, str], str], string: Callable[[str], str]) -> None:
        self._secret = secret
        self._string = string

    def in_text(self, text: str) -> str:
        """Return a text without the secrets that stand after their names in it."""
        if ":" not in text and "=" not in text:
            return text
        if '"' in text:
            text = _MEMBER.sub(self._member_in_text, text)
        if "'" in text or "\\" in text or "&" in text:
            text = _QUOTED_MEMBER.sub(self._quoted_member, text)
        if "[" in text or "{" in text:
            text = self._below(text)
        return text

    def near_json(self, text: str) -> str:
        """Return without secrets what is JSON by its name, but cannot be read as that."""
        return _ANY_STRING.sub(self._spelt_string, _MEMBER.sub(self._spelt_member, text))

    def in_parts(self, text: str) -> str:
        """Return a form in several parts without its secret fields."""
        return _PART.sub(lambda part: part[1] + self._named(part[2], part[3]), text)

    def _named(self, name: str, value: str) -> str:
        return self._secret(name, value) if value and is_secret(name) else value

    def _member_in_text(self, member: re.Match[str]) -> str:
        return self._spelt_member(member) if tells(_unescaped(member[1]), member[3]) else member[0]

    def _spelt_member(self, member: re.Match[str]) -> str:
        name, colon, spelt = _unescaped(member[1]), member[2], member[3]
        if not spelt or not is_secret(name):
            return member[0]
        return f'"{member[1]}"{colon}{json.dumps(self._secret(name, _unescaped(spelt)))}'

    def _quoted_member(self, member: re.Match[str]) -> str:
        name, quote, spelt = member[2], member[3], member[4]
        if spelt and is_secret(name) and tells(name, spelt):
            clean = self._secret(name, _plain(quote, spelt))
        else:  # in which there may be members again
            clean = _QUOTED_MEMBER.sub(self._quoted_member, spelt)
        return member[0][: member.start(4) - member.start()] + clean + quote

    def _spelt_string(self, string: re.Match[str]) -> str:
        plain = _unescaped(string[1])
        clean = self._string(plain)
        return string[0] if clean == plain else json.dumps(clean)

    def _below(self, text: str) -> str:
        """Take out all texts of the arrays and objects that have a secret name."""
        pieces: list[str] = []
        done = at = 0
        while begin := _BEGIN.search(text, at):
            at = begin.end()
            named = _NAME.search(text[max(0, begin.start() - _LONGEST_NAME) : begin.start()])
            name = (named[3] or _unescaped(named[1])) if named else ""
            if not is_secret(name):
                continue
            strings, at = _strings(text, at, (named and named[2]) or '"')
            for start, end, quote in strings:
                plain = _plain(quote, text[start:end])
                if plain and tells(name, plain):
                    clean = self._secret(name, plain)
                    if clean != plain:
                        pieces += (text[done:start], json.dumps(clean)[1:-1])
                        done = end
        return "".join([*pieces, text[done:]])


def _strings(text: str, at: int, quote: str) -> tuple[list[tuple[int, int, str]], int]:
    """Return where the strings of an array or object stand and how they are quoted, names excepted; and its end."""
    token, inside = _token(quote), list[str]()
    strings: list[tuple[int, int, str]] = []
    while found := token.match(text, at):
        at = found.end()
        bracket = found["bracket"]
        if bracket in {"[", "{"}:
            inside.append(bracket)
        elif bracket:
            inside.pop()
            if not inside:
                break
        elif (string := found.lastgroup) in {"string", "other"} and not (inside[-1] == "{" and _NAMES.match(text, at)):
            start, end = found.span(string)
            strings.append((start, end, "'" if string == "other" else quote))
    return strings, at


@lru_cache(maxsize=64)
def _token(quote: str) -> re.Pattern[str]:
    if quote in {'"', "'"}:  # of which one language has both
        strings = r'"(?P<string>(?:[^"\\]|\\.)*+)"|' + r"'(?P<other>(?:[^'\\]|\\.)*+)'"
        rest = r"[^\s,:\[\]{}\"']+"
    else:
        spelt = re.escape(quote)
        strings = rf"{spelt}(?P<string>[^\n]*?)(?<!\\){spelt}"
        rest = rf"(?:(?!{spelt})[^\s,:\[\]{{}}])+"
    return re.compile(rf"[\s,:]+|(?P<bracket>[\[\]{{}}])|{strings}|{rest}")


def _plain(quote: str, spelt: str) -> str:
    return html.unescape(spelt) if quote[0] == "&" else _unescaped(spelt)


def tells(name: str, value: str) -> bool:
    """Tell whether a secret name is one in a text, too, where "key" may as well be the key on a keyboard."""
    return name != "key" or bool(_CREDENTIAL.fullmatch(value))


def _unescaped(spelt: str) -> str:
    """Return what a string of JSON means, or the same if it means nothing."""
    try:
        return str(json.loads(f'"{spelt}"', strict=False))
    except ValueError:
        return spelt
