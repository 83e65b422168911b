"""Authentication: the key as a bearer token, on requests to the server's own origin and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from mesa_core import (
    Call,
    ConfigurationError,
    MesaError,
    Plugin,
    Request,
    Response,
    Retry,
    Unauthorized,
    check_key,
    hookimpl,
)

__all__ = ["Auth"]


@define
class _Keys:
    """The keys of one call."""

    sent: str | None = field(default=None, repr=False)
    """The one that the attempt under way carries; None where it carries none."""
    fresh: str | None = field(default=None, repr=False)
    """The one asked for after a 401, for the attempt that follows."""
    renewed: bool = False
    """Whether there was a 401 after which one was asked for."""


class Auth(Plugin):
    """Adds `Authorization: Bearer …` to requests for the client's server.

    A callable key is asked once for each attempt that carries it. After the first 401 of a call it is asked once more:
    if it gives another key than the one refused, the attempt is repeated at once with that one, without a further
    question; if not, or after a second 401, `Unauthorized` is raised. The server has not carried out what it refused,
    so this holds for every operation. It is no retry of the backoff: it happens under the strategy "none" too, takes
    nothing from `max_attempts` or the allowance of retries, and is bound by `max_elapsed_time` alone.
    """

    @hookimpl(trylast=True)  # after everyone who may change the URL, so that no change can send the key elsewhere
    def before_request(self, request: Request, call: Call) -> Response | None:
        """Set the header."""
        keys: _Keys = call.state.setdefault(self, _Keys())
        fresh, keys.fresh, keys.sent = keys.fresh, None, None
        key = call.config.api_key
        if key is not None and request.origin == call.config.origin:
            keys.sent = (fresh or _asked(key)) if callable(key) else key
            request.headers["Authorization"] = f"Bearer {keys.sent}"
        return None

    def on_error(self, error: MesaError, call: Call) -> Retry | None:
        """Ask for another key when the one sent was refused."""
        keys: _Keys = call.state[self]
        key = call.config.api_key
        if not (isinstance(error, Unauthorized) and callable(key) and keys.sent is not None) or keys.renewed:
            return None
        keys.renewed = True
        fresh = _asked(key)
        if fresh == keys.sent:
            return None
        keys.fresh = fresh
        return Retry()


def _asked(key: Callable[[], str]) -> str:
    try:
        return check_key(key())
    except MesaError:
        raise
    except Exception as error:  # its text may hold what no one should see
        raise ConfigurationError(f"api_key: the callable raised {type(error).__name__}") from error
