"""The options that HTTP transports share, checked when a client is built. Knows no HTTP library."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeAlias, TypeGuard, cast
from urllib.parse import urlsplit

from attrs import field, fields, frozen

from mesa_core.errors import ConfigurationError
from mesa_core.secrets import HIDDEN, without_secrets
from mesa_transports._socks import PROXY_SCHEMES

__all__ = ["POOL_SIZE", "Cert", "Options"]

POOL_SIZE: Final = 100
"""Connections at most, in use and kept alive together."""

Cert: TypeAlias = str | tuple[str, str]
"""The path of a certificate that holds its key too, or a pair of paths, certificate and key."""

# Validators see whatever was given, hence `Any`.


def _check_proxy(_: Options, __: object, proxy: Any) -> None:
    if proxy is None:
        return
    if not isinstance(proxy, str):
        raise _wrong("proxy", "a URL", _type(proxy))
    if not _is_proxy_url(proxy):
        raise _wrong("proxy", "a URL such as http://proxy.example:3128", repr(_shown(proxy)))


def _absolute(path: Any) -> Any:
    """Return a path that stays what it is wherever the program goes before it is read; `Any`: it is not checked yet."""
    if isinstance(path, tuple):
        return tuple(_absolute(each) for each in cast("tuple[object, ...]", path))
    return str(Path(path).absolute()) if isinstance(path, str) and path else path


def _check_verify(_: Options, __: object, verify: Any) -> None:
    if isinstance(verify, bool):
        return
    if not isinstance(verify, str):
        raise _wrong("verify", "True, False or the path of a file of CA certificates", _type(verify))
    import ssl  # noqa: PLC0415 - 4 ms that few clients need before their first request

    try:
        ssl.create_default_context(cafile=verify)
    except OSError as error:
        raise _wrong("verify", "a readable file of CA certificates in PEM form", repr(verify)) from error


def _check_cert(_: Options, __: object, cert: Any) -> None:
    if cert is None:
        return
    if not _is_cert(cert):
        raise _wrong("cert", "the path of a certificate or a pair of paths, certificate and key", _type(cert))
    import ssl  # noqa: PLC0415 - as above

    from mesa_transports._tls import load_cert  # noqa: PLC0415 - the same

    try:
        load_cert(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), cert)
    except OSError as error:
        raise _wrong("cert", "a readable certificate and its key in PEM form", repr(cert)) from error


def _check_pool_size(_: Options, __: object, size: Any) -> None:
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise _wrong("pool_size", "a whole number of at least 1", repr(size))


@frozen
class Options:
    """Checked options.

    Raises:
        ConfigurationError: one is not what it must be; the message names it.
    """

    proxy: str | None = field(default=None, validator=_check_proxy, repr=lambda proxy: repr(proxy and _shown(proxy)))
    verify: bool | str = field(default=True, converter=_absolute, validator=_check_verify)
    cert: Cert | None = field(default=None, converter=_absolute, validator=_check_cert)
    pool_size: int = field(default=POOL_SIZE, validator=_check_pool_size)

    def refuse_beside(self, name: str) -> None:
        """Refuse options that a ready-made client, the argument `name`, would not heed."""
        given = [option.name for option in fields(Options) if getattr(self, option.name) != option.default]
        if given:
            raise ConfigurationError(f"{', '.join(given)}: expected to be set on the {name} itself, got both")


def _is_cert(value: object) -> TypeGuard[Cert]:
    if isinstance(value, tuple):
        return [type(part) for part in cast("tuple[object, ...]", value)] == [str, str]
    return isinstance(value, str)


def _is_proxy_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in PROXY_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _shown(proxy: str) -> str:
    return HIDDEN if "@" in proxy else without_secrets(proxy)


def _type(value: object) -> str:
    return type(value).__name__


def _wrong(option: str, expected: str, got: str) -> ConfigurationError:
    return ConfigurationError(f"{option}: expected {expected}, got {got}")
