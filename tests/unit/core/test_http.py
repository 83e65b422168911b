"""Messages as plain data, and what of them is shown."""

from __future__ import annotations

import pickle
from email import message_from_string

import pytest

from mesa_core import Headers, Request, Response, without_secrets

SECRET = "s3cr3t-value"


class TestHeaders:
    def test_keep_repeated_fields_of_others(self) -> None:
        repeated = Headers([("Link", "a"), ("X", "1"), ("Link", "b")])
        message = message_from_string("Link: a\nX: 1\nLink: b\n")  # as http.server has them
        for taken in (Headers(repeated), Headers(message)):
            assert taken == repeated
            assert taken.get_all("Link") == ["a", "b"]

    def test_names_are_case_insensitive_and_keep_their_spelling(self) -> None:
        headers = Headers({"Content-Type": "text/plain"})
        assert headers["content-type"] == headers["CONTENT-TYPE"] == "text/plain"
        assert "CONTENT-type" in headers
        assert list(headers) == ["Content-Type"]
        headers["CONTENT-TYPE"] = "text/html"
        assert list(headers.items()) == [("CONTENT-TYPE", "text/html")]

    def test_a_repeated_name_reads_joined_and_is_kept_apart(self) -> None:
        headers = Headers([("Set-Cookie", "a=1"), ("X", "y"), ("set-cookie", "b=2")])
        assert headers["Set-Cookie"] == "a=1, b=2"
        assert headers.get_all("SET-COOKIE") == ["a=1", "b=2"]
        assert list(headers.fields()) == [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X", "y")]
        assert len(headers) == 2

    def test_setting_replaces_and_deleting_removes_every_value(self) -> None:
        headers = Headers([("A", "1"), ("a", "2")])
        headers["A"] = "3"
        assert headers.get_all("a") == ["3"]
        del headers["a"]
        assert dict(headers) == {}
        with pytest.raises(KeyError):
            headers["a"]
        with pytest.raises(KeyError):
            del headers["a"]

    def test_a_missing_name_and_a_name_that_is_no_str(self) -> None:
        headers = Headers({"A": "1"})
        assert headers.get("B") is None
        assert headers.get_all("B") == []
        assert 5 not in headers

    def test_a_copy_is_its_own(self) -> None:
        headers = Headers([("A", "1"), ("A", "2")])
        copy = headers.copy()
        copy.add("A", "3")
        copy["B"] = "4"
        assert headers.get_all("A") == ["1", "2"]
        assert "B" not in headers

    def test_equality_ignores_case_and_counts_values(self) -> None:
        assert Headers({"A": "1"}) == Headers({"a": "1"})
        assert Headers([("A", "1"), ("A", "2")]) != Headers({"A": "1, 2"})
        assert Headers({"A": "1"}) != {"A": "1"}

    def test_are_not_hashable_and_pickle(self) -> None:
        headers = Headers([("A", "1"), ("a", "2")])
        with pytest.raises(TypeError):
            hash(headers)
        assert pickle.loads(pickle.dumps(headers)) == headers

    def test_show_only_values_known_to_be_no_secret(self) -> None:
        shown = repr(Headers({"Authorization": SECRET, "Cookie": SECRET, "X-New": SECRET, "content-TYPE": "a/b"}))
        assert SECRET not in shown
        assert "'content-TYPE': 'a/b'" in shown
        assert "'X-New': '***'" in shown


class TestMessages:
    def test_headers_may_come_as_a_mapping_or_as_pairs(self) -> None:
        assert Request("GET", "http://a/", {"X": "1"}).headers == Request("GET", "http://a/", [("x", "1")]).headers
        headers = Headers()
        assert Response(200, headers).headers is headers

    @pytest.mark.parametrize(
        ("header", "media_type"),
        [
            ("application/json", "application/json"),
            ("Application/JSON; charset=utf-8", "application/json"),
            (" text/plain ;x", "text/plain"),
            ("", ""),
        ],
    )
    def test_media_type_is_without_parameters_in_lower_case(self, header: str, media_type: str) -> None:
        assert Response(200, {"content-type": header}).media_type == media_type

    def test_a_response_without_content_type(self) -> None:
        assert Response(204).media_type == ""

    def test_text_replaces_what_is_no_utf8(self) -> None:
        assert Response(200, {}, "grün".encode() + b"\xff").text == "grün\N{REPLACEMENT CHARACTER}"

    def test_reprs_show_no_secret_and_no_body(self) -> None:
        url = f"https://u:{SECRET}@host/p?X-Signature={SECRET}&limit=5#{SECRET}"
        headers = {"Authorization": f"Bearer {SECRET}"}
        shown = repr(Request("PUT", url, headers, SECRET.encode())) + repr(Response(200, headers, SECRET.encode()))
        assert SECRET not in shown
        assert "limit=5" in shown
        assert f"<{len(SECRET)} bytes>" in shown

    def test_a_request_with_a_malformed_url_can_be_shown(self) -> None:
        assert SECRET not in repr(Request("GET", f"http://[{SECRET}/"))


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "Proxy-Authorization", "WWW-Authenticate", "Cookie", "Set-Cookie", "X-Api-Key"),
        *("Location", "Content-Location", "Link", "Refresh", "Referer", "Content-Disposition", "Baggage", "Tracestate"),
        "X-Whatever-Comes-Next",
    ],
)
def test_a_header_that_may_hold_a_secret_is_hidden(name: str) -> None:
    assert repr(Headers({name.lower(): SECRET})) == f"Headers({{{name.lower()!r}: '***'}})"
    assert SECRET not in repr(Headers({name: SECRET}))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/a/b", "https://host/a/b"),
        ("https://host:8443/a?limit=5&cursor=c", "https://host:8443/a?limit=5&cursor=c"),
        ("https://user:pw@host/a", "https://host/a"),
        ("https://host/a#fragment", "https://host/a"),
        ("https://host/a?sig=abc&sig=def&limit=5", "https://host/a?sig=***&sig=***&limit=5"),
        ("https://host/a?token", "https://host/a?***"),
        ("https://host/a?c2VjcmV0=", "https://host/a?***"),
        ("https://host/a?c2VjcmU==&limit=5", "https://host/a?***&limit=5"),
        ("https://host/a?limit&ref=", "https://host/a?limit=&ref="),
        ("https://host/a?ref=main;sig=s3c", "https://host/a?ref=main&sig=***"),
        ("https://host/a?ref=main;s3c", "https://host/a?ref=main&***"),
        ("https://host/a;sig=s3c/b;s3c", "https://host/a;***/b;***"),
        ("https://host/a?to%0Aken=s3c&ref=a%0Ab", "https://host/a?to%0Aken=***&ref=a%0Ab"),
        ("https://host/a?path=x/y&ref=a%20b", "https://host/a?path=x/y&ref=a+b"),
        ("http://[broken/", "***"),
    ],
)
def test_a_url_is_shown_without_secrets(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_of_a_url_that_leads_elsewhere_no_value_is_shown() -> None:
    shown = without_secrets("https://s3.example/o?path=s3c&limit=5&X-Sig=s3c&s3c&limit", foreign=True)
    assert shown == "https://s3.example/o?path=***&limit=***&X-Sig=***&***&***"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Host/a", "https://host"),
        ("HTTPS://host:443/", "https://host"),
        ("http://host:80", "http://host"),
        ("http://host:443/", "http://host:443"),
        ("https://host:8443/?q", "https://host:8443"),
        ("https://u:p@host/", "https://host"),
        ("https://[::1]:8080/", "https://[::1]:8080"),
    ],
)
def test_a_requests_origin(url: str, origin: str) -> None:
    assert Request("GET", url).origin == origin


def test_a_host_that_libraries_read_differently_is_nobodys_origin() -> None:
    assert Request("GET", "https://evil.example\\@host/").origin != "https://host"
