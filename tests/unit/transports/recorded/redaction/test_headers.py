"""Which header fields a recording keeps, and what is taken out of those."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from disguises import KEY, URL, encoded, holds, written

from mesa_core.http import Headers, Request, Response
from mesa_transports.recorded.redaction import PLACEHOLDER, Redactor


class TestHeaders:
    def test_only_known_ones_are_kept(self):
        fields = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "a",
            "Cookie": "a=b",
            "X-Private": "c",
            "Idempotency-Key": "d",
            "Host": "h",
            "Referer": "https://h",
            "X-Forwarded-For": "127.0.0.1",
        }
        found = Redactor().request(Request("GET", URL, fields))
        assert found.headers == Headers({"Accept": "application/json", "Content-Type": "application/json"})

    def test_those_of_a_response_are_those_that_a_program_acts_on(self):
        kept = {
            "Accept-Ranges": "bytes",
            "Age": "1",
            "Allow": "GET",
            "Cache-Control": "no-store",
            "Content-Range": "bytes 0-1/2",
            "Content-Type": "text/plain",
            "ETag": '"e"',
            "Expires": "0",
            "Last-Modified": "l",
            "Link": '<https://h/o?cursor=a>; rel="next"',
            "Location": "https://h/o",
            "RateLimit": '"default";r=50;t=30',
            "RateLimit-Policy": '"default";q=100;w=60',
            "Retry-After": "1",
            "Vary": "Accept",
            "WWW-Authenticate": 'Bearer realm="depot", error="invalid_token"',
            "X-RateLimit-Remaining": "5",
            "x-ratelimit-limit-requests": "60",
            "X-Rate-Limit-Reset": "1700000000",
            "X-Request-Id": "r",
        }
        gone = {
            "Set-Cookie": "a=b",
            "Date": "now",
            "Server": "s",
            "Content-Length": "1",
            "X-Rate": "1",
            "X-Amz-Signature": "s",
            "Connection": "close",
        }
        assert Redactor().response(Response(200, {**kept, **gone})).headers == Headers(kept)

    def test_a_kept_one_loses_the_secrets_in_it(self, redactor, key):
        fields = {
            "Accept": f"application/json;a={quote(key, safe='')}",
            "Content-Type": f"text/plain; a={encoded(key)}",
        }
        asked = redactor.request(Request("GET", URL, fields))
        assert not holds(written(asked), key)
        found = redactor.response(Response(200, {"ETag": f'"{key}"', "X-Request-Id": key, "Retry-After": "7"}))
        assert not holds(written(found), key)
        assert found.headers["Retry-After"] == "7"

    @pytest.mark.parametrize(
        ("name", "value", "clean"),
        [
            (
                "Location",
                f"https://s/o?X-Amz-Expires=60&X-Amz-Signature={KEY}",
                "https://s/o?X-Amz-Expires=%s&X-Amz-Signature=%s",
            ),
            ("Location", f"/o?page=2&token={KEY}", "/o?page=2&token=%s"),
            ("Location", f"https://u:{KEY}@h/o", "https://%s@h/o"),
            ("Link", f'<https://h/o?cursor=a&sig={KEY}>; rel="next"', '<https://h/o?cursor=a&sig=%s>; rel="next"'),
        ],
    )
    def test_a_url_in_one_loses_what_is_secret_in_it(self, name, value, clean):
        redactor = Redactor()
        found = redactor.response(Response(200, {name: value}))
        assert PLACEHOLDER.sub("%s", found.headers[name]) == clean
        assert KEY not in redactor.text(f"later: {KEY}")

    def test_repeated_ones_stay_repeated(self):
        fields = Headers([("Vary", "a"), ("vary", "b")])
        assert Redactor().response(Response(200, fields)).headers.get_all("Vary") == ["a", "b"]
