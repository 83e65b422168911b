"""Tells secrets by where they stand: by the names of members, parameters and headers."""

from __future__ import annotations

import base64
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, Final, get_args, get_origin, get_type_hints

import mesa_core.models
from mesa_core.secrets import SECRET
from mesa_core.wire import wire_name

__all__ = [
    "credentials",
    "credentials_of",
    "is_secret",
    "is_signature",
    "is_url",
    "properties",
    "secret_members",
    "secret_of",
    "telling",
]

_SECRET_NAME: Final = re.compile(
    r"(?:.*[_.-])?(?:tokens?|secrets?|passw(?:or)?d|passphrase|pwd|signature|sig|api-?key|credentials?|authorization|auth|cookie)"
    r"|.*(?:access|refresh|id|auth|client|bearer|session)(?:token|secret)"
    r"|.*(?:api|access|private|secret|signing|auth)[_-]?key(?:[_-]?id)?|key",
    re.IGNORECASE,
)
_IN_CAMEL_CASE: Final = re.compile(r".*[a-z0-9](?:Token|Secret|Password|Passphrase)s?")
_SIGNATURE: Final = re.compile(r"(?:.*[_.-])?(?:signature|sig)", re.IGNORECASE)
_STEP: Final = re.compile(r"[^\[\]]+")
_WITH_SCHEME: Final = re.compile(r"(?:bearer|basic|token|apikey)\s+\S.*", re.IGNORECASE | re.DOTALL)
_NO_PASSWORDS: Final = frozenset({"", "x-oauth-basic"})
"""What stands for a password where the user name is the token."""


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Tell whether what has this name is a secret."""
    if name in secret_members() or name in properties():
        return name in secret_members()
    if "[" in name:  # as forms name what is an array or an object
        return any(map(is_secret, _STEP.findall(name)))
    return bool(_SECRET_NAME.fullmatch(name) or _IN_CAMEL_CASE.fullmatch(name))


def telling(name: str) -> str:
    """Return the part of a secret name that tells: of `user[password]`, the last."""
    return next(filter(is_secret, _STEP.findall(name)), name) if "[" in name else name


@lru_cache(maxsize=4096)
def is_signature(name: str) -> bool:
    """Tell whether a parameter of this name signs the URL that it stands in."""
    return bool(_SIGNATURE.fullmatch(name))


def is_url(name: str, value: str) -> bool:
    """Tell whether a secret member is a URL, which is secret for what signs it alone."""
    return name.lower().endswith(("url", "uri")) and (value.startswith("/") or "://" in value)


@cache
def properties() -> frozenset[str]:
    """Return all names that the models' and bodies' fields have on the wire."""
    return frozenset(wire for wire, _ in _fields())


@cache
def secret_members() -> frozenset[str]:
    """Return those of the fields that are marked as secret."""
    return frozenset(wire for wire, hint in _fields() if SECRET in _marks(hint))


def _fields() -> Iterator[tuple[str, Any]]:  # `Any`: there is no type for type hints
    for kind in _models():
        for name, hint in get_type_hints(kind, include_extras=True).items():
            yield wire_name(kind, name), hint


def _models() -> Iterator[type]:
    for found in pkgutil.iter_modules(mesa_core.models.__path__, f"{mesa_core.models.__name__}."):
        module = importlib.import_module(found.name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == found.name:
                yield kind


def _marks(hint: Any) -> tuple[Any, ...]:
    inner = get_args(hint)[0] if get_origin(hint) is not None and not hasattr(hint, "__metadata__") else hint
    return (*getattr(hint, "__metadata__", ()), *getattr(inner, "__metadata__", ()))


def credentials(name: str, value: str) -> Iterator[tuple[str, bool]]:
    """Yield what is secret in a header, and whether it is a key by itself, not a part of something."""
    if name.lower().endswith("cookie"):
        pairs = value.partition(";")[:1] if name.lower().startswith("set-") else value.split(";")
        yield from ((pair.partition("=")[2].strip().strip('"'), False) for pair in pairs)
        return
    scheme, _, rest = value.strip().partition(" ")
    yield rest.strip() or scheme, True
    if scheme.lower() == "basic":
        yield from _of_basic(rest)
    for parameter in rest.split(","):
        part, _, secret = parameter.strip().partition("=")
        if secret and is_secret(part):
            yield secret.strip('"'), False


def credentials_of(name: str, value: str) -> Iterator[str]:
    """Yield what is secret in the value of a secret member, and may stand elsewhere without the rest of it."""
    plain = value.strip()
    if plain != value:
        yield plain
    if name.lower().endswith(("authorization", "cookie")) or _WITH_SCHEME.fullmatch(plain):
        yield from (credential for credential, _ in credentials(name, plain))


def _of_basic(credential: str) -> Iterator[tuple[str, bool]]:
    """Yield what is secret in the credential of Basic authentication (RFC 7617)."""
    try:
        user, _, password = base64.b64decode(credential).decode().partition(":")
    except ValueError:
        return
    yield secret_of(user, password), True


def secret_of(user: str, password: str) -> str:
    """Return the password, or the user name where that is the secret."""
    return user if password in _NO_PASSWORDS else password
