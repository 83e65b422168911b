"""Secrets in URLs: in their users, queries and fragments, and in the URLs within them."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest
from disguises import KEY, encoded, holds, request, response, written

from mesa_transports.recorded.redaction import Redactor


class TestUrls:
    @pytest.mark.parametrize(
        "url",
        [
            f"https://user:{KEY}@h/o/r",
            f"https://{KEY}@h/o/r",
            f"https://{KEY}:@h",
            f"https://{KEY}:x-oauth-basic@h/o/r",
            f"https://a@b:{KEY}@h/o/r",
            f"ssh+git://user:{KEY}@h:22/o",
            f"https://h/o?token={KEY}",
            f"https://h/o?a=1&access_token={KEY}#x",
            f"https://h/o?a=1;sig={KEY}&sig={KEY}",
            f"https://h/o#access_token={KEY}&state=1",
            f"https://h/o?X-Amz-Algorithm=A&X-Amz-Credential={KEY}%2F2026%2Fus&X-Amz-Signature=0af",
            f"https://h/o?x-amz-credential=a&X-Amz-Security-Token={KEY}&X-Amz-Signature=0af",
            f"https://h/o?X-Amz-Signature={KEY}",
            f"https://h/o?X-Goog-Signature={KEY}",
            f"https://h/o?AWSAccessKeyId={KEY}&Expires=1&Signature=2",
            f"https://h/o?Policy={KEY}&Signature=2&Key-Pair-Id=3",
            f"https://h/o?sv=1&se=2&sig={KEY}",
            f"https://h/o?next={quote('https://u:' + KEY + '@h/', safe='')}",
            f"https://h/o?next=https://u:{KEY}@h/",
            f"https://h/o?next={quote('https://h/?token=' + KEY, safe='')}&b=1",
            f"https://h/o?n={quote('https://h/?n=' + quote('https://h/?token=' + KEY, safe=''), safe='')}",
            f"https://h/proxy/{quote('https://u:' + KEY + '@h/', safe='')}/x",
            f"https://h/o?to%6ben={KEY}",
            f"https://h/o?token=%6d{KEY[1:]}",
            f"https://[::1?token={KEY}",
            f"https://[u:{KEY}@h",
            f"HTTPS://U:{KEY}@H/",
            f"https://h?token={KEY}",
            f"https://u:{KEY}@h?b=1@c",
        ],
    )
    def test_what_a_url_holds(self, url):
        redactor = Redactor()
        texts = [
            url,
            f"see <{url}>.",
            f"see ({url}), or {url}; {url}",
            f'<a href="{html.escape(url)}">',
            f"a\n{url}\nb",
        ]
        found = [
            redactor.request(request(url)),
            redactor.response(response({"a": url, "b": texts, url: 1, "uri": url})),
            *(redactor.response(response(text.encode(), "text/html")) for text in texts),
        ]
        if "X-Amz-Credential" not in url and "Policy" not in url:  # what a secret is a part of is none by itself
            found.append(redactor.response(response({"later": f"/{KEY}/"})))
        assert not holds(written(*found), KEY)

    @pytest.mark.parametrize("url", [f"/o?token={KEY}", f"/lfs/x?size=1&amp;signature={KEY}", f"/#access_token={KEY}"])
    def test_what_a_relative_url_holds(self, url):
        found = Redactor().response(response({"next": url, "text": f'<a href="{url}">'}))
        assert KEY not in written(found)

    @pytest.mark.parametrize(
        "url",
        [
            f"?access_token={KEY}",
            f"?page=2&access_token={KEY}",
            f"#access_token={KEY}&state=1",
            f"repos/x?access_token={KEY}",
            f"repos?page=2&token={KEY}",
            f"example.com/api?access_token={KEY}",
            f"//user:{KEY}@h/x",
            f"/p;token={KEY}/x?a=b",
            f"https://h/x;a=b;sig={KEY}",
            f"https://h/p?a=1;token={KEY}",
            f"https://h/p?a=1;token={KEY};b=2",
            f"https://h/#/route?token={KEY}",
            f"https://h/?user[password]={KEY}",
            f"https://h/?user%5Bpassword%5D={KEY}&a=1",
            f"https://h/?token[]={KEY}&token[]=another",
            f"https://h/?credentials[0][user]={KEY}",
            f"https://h/login?next=/i?token={KEY}",
            f"https://user:pa'{KEY}@h/x",
            f"https://h/?q={quote(json.dumps({'token': KEY}))}",
            f"https://h/?q={quote_plus(json.dumps({'a': {'token': KEY}}))}",
        ],
    )
    @pytest.mark.parametrize("form", [str, "see {}.".format, "<{}>; rel=next".format, "({})".format])
    def test_what_one_holds_that_is_spelt_in_another_way(self, url, form):
        redactor = Redactor()
        text = form(url)
        found = [
            redactor.response(response({"next": text, text: [text]}, Location=text, Link=text)),
            redactor.response(response(text.encode(), "text/plain")),
        ]
        if "pa'" not in url:  # of which it is a part
            found.append(redactor.response(response(f"later: {KEY}".encode(), "text/plain")))
        if "://" in url:
            found.append(Redactor().request(request(url)))
        assert not holds(written(*found), KEY)

    @pytest.mark.parametrize(
        "text",
        [
            f'<a href="https://h/?a=1&#38;token={KEY}">',
            f'<a href="https://h/?a=1&amp;token={KEY}">',
            f'"https://h/?a=1\\u0026token={KEY}"',
            f'x {{"url":"https:\\/\\/user:{KEY}@github.com\\/x"}}',
            f"grant_type=x&client_secret={KEY}",
            f"body: grant_type=x&client_secret={KEY}, sent",
            f'the form "a=1&user[password]={KEY}&b=2" is wrong',
            f"a=1&amp;client_secret={KEY}",
            f"cloning https://user:pa'{KEY}@github.com/x",
        ],
    )
    def test_in_a_text(self, text):
        for found in (
            Redactor().response(response(text.encode(), "text/plain")),
            Redactor().response(response({"message": text})),
            Redactor().request(request(content={"content": encoded(text)})),
        ):
            assert not holds(written(found), KEY)
            assert holds(written(found), "REDACTED_")

    @pytest.mark.parametrize(
        "text",
        [
            "a&key=b",
            "x=1&key=b",
            "?",
            "is it so?token",
            "a=1&b=2",
            "what?a=b, c#d=e",
            "see //h/x; it's me@h",
            "{'https://h':'me@h.org'}",
            "//TODO@me",
            "https://h/a;v=1/b;v=2?c=d;e",
            "tokens[0]=1",
            "f(a?b:c, d=e&f)",
        ],
    )
    def test_what_is_none_stays(self, text):
        assert Redactor().text(text) == text

    def test_a_placeholder_says_no_more_of_a_name_than_tells(self):
        found = Redactor().request(request(f"https://h/?{KEY}[password]={KEY}1&token[{KEY}]={KEY}2"))
        assert found.url == f"https://h/?{KEY}[password]=REDACTED_PASSWORD_1&token[{KEY}]=REDACTED_TOKEN_2"

    @pytest.mark.parametrize("place", ["a query", "a form"])
    def test_a_plus_may_be_a_space_or_none(self, place):
        redactor = Redactor()
        query = "password=correct+horse+battery&token=ab+cd/ef%3D%3D"
        if place == "a query":
            redactor.request(request(f"https://h/o?{query}"))
        else:
            redactor.request(request(content=query.encode(), media_type="application/x-www-form-urlencoded"))
        for text in ("correct horse battery", "correct+horse+battery"):
            assert redactor.text(f"bad: {text}") == "bad: REDACTED_PASSWORD_1"
        for text in ("ab+cd/ef==", "ab cd/ef=="):
            assert redactor.text(f"bad: {text}") == "bad: REDACTED_TOKEN_2"

    def test_what_signs_a_marked_url_is_taken_out_whatever_the_letters_of_its_host(self):
        redactor = Redactor()
        redactor.response(response({"upload_url": f"HTTPS://Storage.Example/x?k={KEY}"}))
        assert redactor.request(request(f"https://storage.example/x?k={KEY}")).url == (
            "https://storage.example/x?k=REDACTED_K"
        )

    @pytest.mark.parametrize("name", ["upload_url", "download_url"])
    @pytest.mark.parametrize(
        ("url", "clean"),
        [
            (f"https://s/b?{KEY}", "https://s/b?REDACTED_SIGNATURE_1"),
            (f"https://s/b?x={KEY}&path=a", "https://s/b?x=REDACTED_X&path=a"),
            (f"https://s/b?size=1&signature={KEY}", "https://s/b?size=REDACTED_SIZE&signature=REDACTED_SIGNATURE_1"),
            (f"https://u:{KEY}@s/b", "https://REDACTED_USER@s/b"),
            (f"/b?x={KEY}", "/b?x=REDACTED_X"),
            ("https://s/b", "https://s/b"),
            (None, None),
        ],
    )
    def test_a_marked_url_loses_what_signs_it_alone(self, name, url, clean):
        assert Redactor().response(response({"lfs": [{name: url, "size": 1}]})).body.json["lfs"][0] == {
            name: clean,
            "size": 1,
        }

    def test_what_signs_a_marked_url_is_taken_out_when_it_is_used(self):
        redactor = Redactor()
        url = f"https://s/b?x={KEY}&y=2"
        found = [redactor.response(response({"upload_url": url})), redactor.request(request(url))]
        assert KEY not in written(*found)
        assert found[0].body.json["upload_url"] == found[1].url

    @pytest.mark.parametrize(
        "url",
        [
            "https://depot.mesa.dev/api/v1/o/r/content?path=a%2Fb%20c&ref=main&depth=0",
            "https://h/api/v1/o?cursor=abc%3D%3D&limit=10",
            "https://h/o?a=1&b=&c&=d&&e=%zz#top",
            "https://h/o/r?q=a+b&q=c",
            "https://h:8080/",
            "https://h/a%20b/%E2%82%AC/%ff",
            "git@github.com:o/r.git",
            "mailto:somebody@example.org",
            "https://h/u@example.org/x?mail=a@b.c",
            "http://[::1]:80/x",
            "//h/x?y=z",
            "https://",
            "://",
            "/",
            "?",
            "#",
        ],
    )
    def test_one_without_a_secret_stays(self, url):
        redactor = Redactor()
        redactor.request(request(Authorization=f"Bearer {KEY}"))
        assert redactor.request(request(url)).url == url
        for text in (url, f"see {url}.", f"[{url}]({url})"):
            assert redactor.text(text) == text

    def test_two_pages_of_one_list_stay_two(self):
        redactor = Redactor()
        urls = [redactor.request(request(f"https://h/o?page={number}&token={KEY}")).url for number in (1, 2)]
        assert urls == [f"https://h/o?page={number}&token=REDACTED_TOKEN_1" for number in (1, 2)]

    def test_urls_within_urls_come_to_an_end(self):
        url = "http://a/?u=" * 3000 + f"x{KEY}"
        redactor = Redactor([KEY])
        assert KEY not in redactor.text(url)

    @pytest.mark.parametrize(
        "text",
        [
            "a" * 200_000,
            "a/" * 50_000 + "?",
            "/?" * 50_000,
            "://" * 50_000 + "@",
            "%25" * 50_000,
            "a=b&" * 50_000,
            "?a=" * 50_000,
            "?a=b;" * 50_000,
            "://a:b " * 50_000,
            ";a=" * 50_000 + "/",
        ],
    )
    def test_long_texts_take_no_time(self, text):
        started = datetime.now(UTC)
        assert Redactor([KEY]).text(f"{text}@?%#") == f"{text}@?%#"
        assert (datetime.now(UTC) - started).total_seconds() < 2
