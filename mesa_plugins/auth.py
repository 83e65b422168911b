"""Authentication: the key as a bearer token, on requests to the server's own origin and nowhere else."""

from __future__ import annotations

from mesa_core import Call, MesaError, Plugin, Request, Response, Retry, Unauthorized, hookimpl
from mesa_plugins._keys import Keys

__all__ = ["Auth"]


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
        key = call.config.api_key
        if key is not None and call.config.is_own(request.url):
            if not isinstance(key, str):
                key = Keys.of(call).current(call)
            request.headers["Authorization"] = f"Bearer {key}"
            call.state[self] = call.attempt
        return None

    def on_error(self, error: MesaError, call: Call) -> Retry | None:
        """Ask for another key when the one sent was refused."""
        refused = isinstance(error, Unauthorized) and call.state.get(self) == call.attempt
        return Retry() if refused and Keys.of(call).renew(call) else None
