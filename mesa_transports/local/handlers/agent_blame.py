"""AI attribution. The Depot cannot know it, so every answer is empty and none is invented."""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Response

from mesa_transports.local.call import Call, json_response
from mesa_transports.local.git import refs

__all__ = ["get", "get_analytics", "refresh_analytics"]

_PERIODS: Final = ("24h", "1w", "1m", "all")
_NOTHING_KNOWN: Final = {"total_lines": 0, "ai_lines": 0, "human_lines": 0, "ai_percentage": 0}


def get(call: Call) -> Response:
    """Answer `agent_blame.get`: no line is attributed to anyone."""
    git = call.open()
    for name in ("base", "head"):
        refs.resolve(git, call.query.required(name), name)
    return json_response({"attributions": {}, "stats": _NOTHING_KNOWN})


def get_analytics(call: Call) -> Response:
    """Answer `agent_blame.get_analytics`."""
    call.query.choice("period", _PERIODS)
    return _no_analytics(call)


def refresh_analytics(call: Call) -> Response:
    """Answer `agent_blame.refresh_analytics`."""
    return _no_analytics(call)


def _no_analytics(call: Call) -> Response:
    call.open()
    return json_response({"analytics": None, "status": "none"})
