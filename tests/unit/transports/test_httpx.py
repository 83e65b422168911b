"""URLs for httpx and httpx2, of which most need not be parsed: the same ones, and the same errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mesa_transports._httpx import _USUAL_URL
from mesa_transports.httpx import HttpxTransport
from mesa_transports.httpx2 import Httpx2Transport

LIBRARIES = [HttpxTransport.HTTP_LIBRARY, Httpx2Transport.HTTP_LIBRARY]
BASE = "https://depot.mesa.dev/api/v1"

ORIGINS = st.sampled_from(
    [
        *(
            "https://depot.mesa.dev",
            "http://127.0.0.1:8080",
            "http://a:80",
            "https://a:443",
            "https://a:0",
            "https://a:65536",
        ),
        *(
            "HTTP://A.example",
            "https://user:pass@a",
            "https://[::1]:8",
            "http://1.2.3.999",
            "http://a..b",
            "https://-a",
            "ftp://a",
        ),
        *("https://b\xfccher.example", "//a", "", "http://", "http://a:"),
    ]
)
PIECES = st.text("abz09AZ-._~%/?#=&+;:@!$'()*, \"<>[]\\^`{|}\xfc", max_size=12)
QUOTED = st.sampled_from(
    ["%20", "%2F", "%2f", "%2E%2E", "%C3%BC", "%zz", "%2", "..", ".", "/./", "/../", "//", "?a=b&c=d", "a/b"]
)


def told(url: Any) -> tuple[object, ...]:
    return (str(url), url.raw_scheme, url.raw_host, url.port, url.raw_path, url.userinfo, url.fragment, url)


def made_by(make: Any, text: str) -> object:
    try:
        return told(make(text))
    except Exception as error:  # noqa: BLE001 - which, is what is compared
        return repr(error)


@pytest.mark.parametrize("library", LIBRARIES)
@given(origin=ORIGINS, pieces=st.lists(PIECES | QUOTED, max_size=5))
@example(origin="https://depot.mesa.dev", pieces=["/api/v1/acme/app/commits?limit=100&cursor=a%2Fb%3D"])
@example(origin="https://depot.mesa.dev", pieces=["/a?"])
@example(origin="https://depot.mesa.dev", pieces=["/a/.."])
@example(origin="https://depot.mesa.dev", pieces=["/%2E%2E/a"])
@example(origin="https://depot.mesa.dev", pieces=["/", "a" * (1 << 16)])
def test_url_is_what_the_library_makes_of_it(library: Any, origin: str, pieces: list[str]) -> None:
    text = origin + "".join(pieces)
    assert made_by(library.parsed, text) == made_by(library.url, text)


@pytest.mark.parametrize("library", LIBRARIES)
@given(text=st.from_regex(_USUAL_URL, fullmatch=True))
def test_usual_url_is_what_the_library_makes_of_it(library: Any, text: str) -> None:
    assert made_by(library.parsed, text) == made_by(library.url, text)


@pytest.mark.parametrize("library", LIBRARIES)
def test_usual_url_is_not_parsed_anew_and_none_is_kept(library: Any) -> None:
    library.parsed(f"{BASE}/acme/app")
    before = library.origin.cache_info()
    for number in range(1000):
        library.parsed(f"{BASE}/acme/app-{number}?cursor=s3c%2Fret{number}&limit=100")
    after = library.origin.cache_info()
    assert (after.misses, after.currsize) == (before.misses, before.currsize)
