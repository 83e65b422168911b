"""Who a git client is: Basic authentication, with any user name and an API key as the password."""

from __future__ import annotations

from typing import Final

from werkzeug.datastructures import Authorization

from mesa_transports.local.call import Call
from mesa_transports.local.keys import Caller, Keys
from mesa_transports.local.names import is_name
from mesa_transports.local.refusals import NotFound, Unauthorized

__all__ = ["CHALLENGE", "admit", "caller_of", "identify", "let_in"]

CHALLENGE: Final = 'Basic realm="local Depot", charset="UTF-8"'


def admit(call: Call, scope: str) -> None:
    """Refuse a caller without a key, or whose key does not reach the organization or the operation."""
    let_in(call, identify(call), scope)


def identify(call: Call) -> Caller:
    """Return the caller; raises as `caller_of` does."""
    return caller_of(call.services.keys, call.request.headers.get("Authorization", ""))


def let_in(call: Call, caller: Caller, scope: str) -> None:
    """Refuse a caller whose key does not reach the organization or the operation."""
    if not is_name(call.org):
        raise NotFound("Organization not found")
    caller.require(call.org, scope)
    call.services.organizations.ensure(call.org)


def caller_of(keys: Keys, authorization: str) -> Caller:
    """Return the caller of an Authorization header.

    Raises:
        Unauthorized: it holds no key, an unknown one, or one that is no longer in force.
    """
    credentials = Authorization.from_header(authorization)
    if credentials is None or credentials.type != "basic" or not credentials.password:
        raise _unauthorized("expected Basic authentication: any user name, and an API key as the password")
    try:
        return keys.caller_of(credentials.password)
    except Unauthorized as refusal:
        raise _unauthorized(refusal.message) from None


def _unauthorized(message: str) -> Unauthorized:
    return Unauthorized(message, headers={"WWW-Authenticate": CHALLENGE})
