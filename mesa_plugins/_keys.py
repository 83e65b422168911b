"""The key of the attempt under way: asked for once, whichever plugin needs it first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from attrs import define

from mesa_core import Call, ConfigurationError, MesaError, check_key

__all__ = ["Keys"]


@define(eq=False, repr=False)
class Keys:
    """The keys of one call."""

    _key: str | None = None
    _attempt: int = 0
    """The attempt whose key that is."""
    _fresh: str | None = None
    """The one asked for after a refusal, for the attempt that follows."""
    _renewed: bool = False

    @classmethod
    def of(cls, call: Call) -> Self:
        """Return those of a call."""
        keys: Self | None = call.state.get(cls)
        if keys is None:
            keys = call.state[cls] = cls()
        return keys

    def current(self, call: Call) -> str | None:
        """Return the key of the attempt under way; None where the client has none.

        Raises:
            ConfigurationError: the callable that was to give it broke, or gave something else.
        """
        if self._attempt != call.attempt:
            key = call.config.api_key
            self._key = (self._fresh or _asked(key)) if callable(key) else key
            self._attempt, self._fresh = call.attempt, None
        return self._key

    def renew(self, call: Call) -> bool:
        """Ask for another key, for the next attempt, and tell whether there is one; raises as `current` does.

        It is asked for once in a call.
        """
        key = call.config.api_key
        if self._renewed or not callable(key):
            return False
        self._renewed = True
        fresh = _asked(key)
        self._fresh = fresh if fresh != self._key else None
        return self._fresh is not None


def _asked(key: Callable[[], str]) -> str:
    try:
        return check_key(key())
    except MesaError:
        raise
    except Exception as error:  # its text may hold what no one should see
        raise ConfigurationError(f"api_key: the callable raised {type(error).__name__}") from error
