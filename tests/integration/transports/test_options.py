"""Options of transports that are wrong are named, with what was expected."""

from __future__ import annotations

from typing import Any

import pytest
from failing import Make

from mesa_core.errors import ConfigurationError

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"proxy": 8080}, "proxy: expected a URL, got int"),
    (
        {"proxy": "proxy.example:3128"},
        "proxy: expected a URL such as http://proxy.example:3128, got 'proxy.example:3128'",
    ),
    (
        {"proxy": "ftp://x:1"},
        "proxy: expected a URL such as http://proxy.example:3128, got 'ftp://x:1'",
    ),
    ({"proxy": "http://x:port"}, "proxy: expected a URL such as http://proxy.example:3128, got 'http://x:port'"),
    ({"proxy": "me:s3cret@host"}, "proxy: expected a URL such as http://proxy.example:3128, got '***'"),
    ({"verify": 1}, "verify: expected True, False or the path of a file of CA certificates, got int"),
    ({"verify": "/no/ca.pem"}, "verify: expected a readable file of CA certificates in PEM form, got '/no/ca.pem'"),
    ({"verify": __file__}, f"verify: expected a readable file of CA certificates in PEM form, got {__file__!r}"),
    ({"cert": 1}, "cert: expected the path of a certificate or a pair of paths, certificate and key, got int"),
    ({"cert": ("a",)}, "cert: expected the path of a certificate or a pair of paths, certificate and key, got tuple"),
    ({"cert": "/no/c.pem"}, "cert: expected a readable certificate and its key in PEM form, got '/no/c.pem'"),
    ({"pool_size": 0}, "pool_size: expected a whole number of at least 1, got 0"),
    ({"pool_size": True}, "pool_size: expected a whole number of at least 1, got True"),
    ({"pool_size": "4"}, "pool_size: expected a whole number of at least 1, got '4'"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_wrong_option(make: Make, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(**options)
    assert str(caught.value) == message


def test_unknown_option_is_no_argument(make: Make) -> None:
    with pytest.raises(TypeError):
        make(poolsize=1)
