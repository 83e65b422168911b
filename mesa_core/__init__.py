"""What a call is: operations, the exchange, plugins, models and errors. Knows no HTTP library and no socket.

Authors of plugins and transports import from here; users import from `mesa_sdk`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesa_core.call import AttemptRecord, Call, Clock, Instead, RawResponse, Retry
from mesa_core.client import AsyncMesa, Mesa
from mesa_core.config import ClientConfig, check_key
from mesa_core.endpoints import Endpoint
from mesa_core.errors import (
    APIError,
    BadRequest,
    ConfigurationError,
    Conflict,
    ConnectError,
    ConnectionLost,
    EventValidationError,
    Forbidden,
    InvalidRequest,
    MergeConflict,
    MesaError,
    NotAcceptable,
    NotFound,
    PluginError,
    RateLimited,
    RequestTimeout,
    ResponseValidationError,
    ServerError,
    TransportError,
    Unauthorized,
    WebhookSignatureError,
)
from mesa_core.hookspecs import Plugin, hookimpl
from mesa_core.http import Headers, Request, Response
from mesa_core.operations import Operation, PagedOperation, PageInfo
from mesa_core.options import (
    DEFAULT_RETRIES,
    Backoff,
    BackoffDict,
    CallOptions,
    RequestOptions,
    RetryConfig,
    RetryConfigDict,
)
from mesa_core.pages import AsyncPage, AsyncPages, Page
from mesa_core.plugins import PluginInfo, Plugins
from mesa_core.secrets import is_secret_header, without_secrets
from mesa_core.suggestions import unknown
from mesa_core.text import one_line
from mesa_core.transport import AsyncTransport, BringsClock, Transport, TransportFactory, TwoWorlds
from mesa_core.version import __version__

if TYPE_CHECKING:
    from mesa_core.resources import ENDPOINTS

__all__ = [
    "DEFAULT_RETRIES",
    "ENDPOINTS",
    "APIError",
    "AsyncMesa",
    "AsyncPage",
    "AsyncPages",
    "AsyncTransport",
    "AttemptRecord",
    "Backoff",
    "BackoffDict",
    "BadRequest",
    "BringsClock",
    "Call",
    "CallOptions",
    "ClientConfig",
    "Clock",
    "ConfigurationError",
    "Conflict",
    "ConnectError",
    "ConnectionLost",
    "Endpoint",
    "EventValidationError",
    "Forbidden",
    "Headers",
    "Instead",
    "InvalidRequest",
    "MergeConflict",
    "Mesa",
    "MesaError",
    "NotAcceptable",
    "NotFound",
    "Operation",
    "Page",
    "PageInfo",
    "PagedOperation",
    "Plugin",
    "PluginError",
    "PluginInfo",
    "Plugins",
    "RateLimited",
    "RawResponse",
    "Request",
    "RequestOptions",
    "RequestTimeout",
    "Response",
    "ResponseValidationError",
    "Retry",
    "RetryConfig",
    "RetryConfigDict",
    "ServerError",
    "Transport",
    "TransportError",
    "TransportFactory",
    "TwoWorlds",
    "Unauthorized",
    "WebhookSignatureError",
    "__version__",
    "check_key",
    "hookimpl",
    "is_secret_header",
    "one_line",
    "unknown",
    "without_secrets",
]


def __getattr__(name: str) -> object:
    """Return `ENDPOINTS`, for which all areas of the API are imported."""
    if name == "ENDPOINTS":
        from mesa_core import resources  # noqa: PLC0415 - as said above

        return resources.ENDPOINTS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
