"""Authentication: the key as a bearer token, on requests to the server's own origin and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

from mesa_core import Call, ConfigurationError, MesaError, Plugin, Request, Response, check_key, hookimpl

__all__ = ["Auth"]


class Auth(Plugin):
    """Adds `Authorization: Bearer …` to requests for the client's server."""

    @hookimpl(trylast=True)  # after everyone who may change the URL, so that no change can send the key elsewhere
    def before_request(self, request: Request, call: Call) -> Response | None:
        """Set the header; a callable key is asked for each attempt."""
        key = call.config.api_key
        if key is not None and request.origin == call.config.origin:
            request.headers["Authorization"] = f"Bearer {_asked(key) if callable(key) else key}"
        return None


def _asked(key: Callable[[], str]) -> str:
    try:
        return check_key(key())
    except MesaError:
        raise
    except Exception as error:  # its text may hold what no one should see
        raise ConfigurationError(f"api_key: the callable raised {type(error).__name__}") from error
