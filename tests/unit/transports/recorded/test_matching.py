"""Requests match by what they mean."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_core.errors import ConfigurationError
from mesa_core.http import Headers, Request
from mesa_transports.recorded.bodies import INLINE_LIMIT, BinaryBody, FileBody, TextBody, body_of
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON, Matcher, Matching, matching

RULES = Matching(DEFAULT_MATCH_ON)
HOST = "https://depot.mesa.dev"


def request(
    url: str = f"{HOST}/api/v1/o/r",
    content: bytes = b"",
    *,
    method: str = "GET",
    accept: str | None = None,
    media_type: str = "application/json",
) -> RecordedRequest:
    headers = Headers({} if accept is None else {"Accept": accept})
    return RecordedRequest(method=method, url=url, headers=headers, body=body_of(content, media_type))


def match(asked: RecordedRequest, recorded: RecordedRequest, rules: Matching = RULES) -> bool:
    """Tell whether requests match; and hold that everything which compares them is of one mind."""
    found = rules.key(recorded) in list(rules.keys(asked))
    assert (rules.distances(asked, [recorded]) == [0]) == found
    assert (not list(rules.differences(asked, recorded))) == found
    return found


def test_method():
    assert match(request(method="PUT"), request(method="PUT"))
    assert not match(request(method="PUT"), request(method="POST"))


class TestPath:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("/api/v1/o/r/branches/a%2Fb", "/api/v1/o/r/branches/a%2fb"),
            ("/api/v1/o/r/branches/%C3%A4", "/api/v1/o/r/branches/%c3%a4"),
            ("/api/v1/o/r/branches/%C3%A4", "/api/v1/o/r/branches/ä"),
            ("/api/v1/o/%7Er", "/api/v1/o/~r"),
            ("/api/v1/o/%61%2D%5F%2e%30", "/api/v1/o/a-_.0"),
            ("/api/v1/o/%25/r", "/api/v1/o/%25/r"),
            ("/api/v1/o/r", "/base/api/v1/o/r"),
            ("/api/v1/o/r", "/a/b%20c/api/v1/o/r"),
            ("/api/v1/o/r", "/api/v1/o/r#fragment"),
            ("/api/v1/o/r", "/o/r"),
            ("/api/v1", "/x/api/v1"),
            ("/api/v1beta/api/v1/o/r", "/api/v1/o/r"),
        ],
    )
    def test_by_what_it_means(self, one, other):
        assert match(request(HOST + one), request(HOST + other))
        assert match(request(HOST + other), request("http://localhost:8080" + one))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("/api/v1/o/r", "/api/v1/o/R"),
            ("/api/v1/o/r", "/api/v1/o/r/"),
            ("/api/v1/o/r", "/api/v2/o/r"),
            ("/api/v1/o/r", "/api/v1beta/o/r"),
            ("/api/v1/o/r%252F", "/api/v1/o/r%2F"),
            ("/api/v1/o/r/branches/a%2Fb", "/api/v1/o/r/branches/a/b"),
            ("/api/v1/o%2Fr", "/api/v1/o/r"),
            ("/depot/o/r", "/api/v1/o/r"),
            ("/api/v1/o/r+s", "/api/v1/o/r%20s"),
            ("/api/v1/o/%FF", "/api/v1/o/%FE"),
            ("/api/v1/one/x/api/v1/y", "/api/v1/two/x/api/v1/y"),
            ("/api/v1/o/r1/branches/api/v1/x", "/api/v1/o/r2/branches/api%2Fv1/x"),
            ("/api/v1/o//r", "/api/v1/o/r"),
        ],
    )
    def test_not_by_more(self, one, other):
        assert not match(request(HOST + one), request(HOST + other))
        assert not match(request(HOST + other), request(HOST + one))

    def test_the_host_does_not_count_unless_it_is_asked_for(self):
        asked, recorded = request("https://a.example/x"), request("http://b.example:81/x")
        assert match(asked, recorded)
        assert not match(asked, recorded, Matching((*DEFAULT_MATCH_ON, "host")))
        assert match(asked, request("https://A.EXAMPLE:443/x"), Matching((*DEFAULT_MATCH_ON, "host")))


class TestQuery:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("a=1&b=2", "b=2&a=1"),
            ("a=x%20y", "a=x+y"),
            ("a=%2F", "a=/"),
            ("%61=1", "a=1"),
            ("a=", "a"),
            ("", "&"),
            ("a=1&a=2&b=", "b&a=1&a=2"),
            ("a=%c3%a4", "a=ä"),
            ("a=b?c", "a=b%3Fc"),
            ("token=REDACTED_TOKEN_1", "token=REDACTED_TOKEN_12"),
        ],
    )
    def test_by_what_it_means(self, one, other):
        assert match(request(f"{HOST}/x?{one}"), request(f"{HOST}/x?{other}"))
        assert match(request(f"{HOST}/x?{other}"), request(f"{HOST}/x?{one}#fragment"))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("a=1", ""),
            ("a=", ""),
            ("a=1", "a=2"),
            ("a=1", "A=1"),
            ("a=1&a=2", "a=2"),
            ("a=1&a=2", "a=1"),
            ("a=1&a=1", "a=1"),
            ("a=1&b=2", "a=2&b=1"),
            ("a=%2B", "a=+"),
            ("a=%FF", "a=%FE"),
            ("a=1;b=2", "a=1&b=2"),
            ("a=12", "a=12.0"),
        ],
    )
    def test_not_by_more(self, one, other):
        assert not match(request(f"{HOST}/x?{one}"), request(f"{HOST}/x?{other}"))
        assert not match(request(f"{HOST}/x?{other}"), request(f"{HOST}/x?{one}"))


class TestBody:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (b'{"a": 1, "b": [1, 2]}', b'{"b":[1,2],"a":1}'),
            (b'{"a": {"c": 1, "b": 2}}', b'\n{"a": {"b": 2,\t"c": 1}} '),
            (b"12.0", b"12"),
            (b"[1e2, -0.0]", b"[100, 0]"),
            (b"0.1", b"1e-1"),
            ('"ä"'.encode(), b'"\\u00e4"'),
            (b'"\\/"', b'"/"'),
            (b"", b""),
            (b"null", b" null"),
            (b'{"token": "REDACTED_TOKEN_1"}', b'{"token": "REDACTED_TOKEN_9"}'),
        ],
    )
    def test_json_by_what_it_means(self, one, other):
        assert match(request(content=one), request(content=other))
        assert match(request(content=other), request(content=one))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (b"12", b'"12"'),
            (b"12", b"12.5"),
            (b"1", b"true"),
            (b"0", b"false"),
            (b"[0]", b"[false]"),
            (b'{"a": 1.0}', b'{"a": true}'),
            (b"0", b"null"),
            (b"null", b""),
            (b'""', b""),
            (b"{}", b"[]"),
            (b'{"a": null}', b"{}"),
            (b"[1, 2]", b"[2, 1]"),
            (b'{"a": 1}', b'{"A": 1}'),
            (b'"a"', b'"a "'),
            (b"9007199254740993", b"9007199254740992"),
            (b"[[]]", b"[]"),
        ],
    )
    def test_json_not_by_more(self, one, other):
        assert not match(request(content=one), request(content=other))
        assert not match(request(content=other), request(content=one))

    @pytest.mark.parametrize("content", [b"plain", b"\xff\0", b"{", b'{"a":1,"a":1}', b"x" * (INLINE_LIMIT + 1)])
    def test_of_other_kinds_byte_by_byte(self, content):
        assert match(request(content=content, media_type="text/plain"), request(content=content))
        assert not match(request(content=content), request(content=content + b" "))
        assert not match(request(content=content), request())

    def test_a_json_text_is_no_plain_text(self):
        assert not match(request(content=b'"a"'), request(content=b'"a"', media_type="text/plain"))

    def test_one_in_a_file_by_its_hash(self):
        data = bytes(INLINE_LIMIT + 1)
        inline = RecordedRequest(method="PUT", url=HOST, headers=Headers(), body=BinaryBody(data))
        name = hashlib.sha256(data).hexdigest()
        beside = RecordedRequest(
            method="PUT", url=HOST, headers=Headers(), body=FileBody(Path(f"{name}.bin"), len(data))
        )
        assert match(inline, beside)  # though there is no such file to be read
        other = RecordedRequest(method="PUT", url=HOST, headers=Headers(), body=BinaryBody(data[:-1] + b"\1"))
        assert not match(other, beside)

    @pytest.mark.parametrize("size", [0, INLINE_LIMIT - 20, INLINE_LIMIT - 22, INLINE_LIMIT])
    @pytest.mark.parametrize(
        "spell",
        [
            str.encode,
            lambda text: text.encode("utf-16-le"),
            lambda text: text.encode("utf-16-be"),
            lambda text: b"Authorization: Basic " + base64.b64encode(text.encode()),
        ],
        ids=["text", "utf-16-le", "utf-16-be", "base64"],
    )
    def test_placeholders_are_alike_in_large_bodies_and_small(self, tmp_path, size, spell):
        def body(placeholder: str) -> BinaryBody:
            return BinaryBody(b"\xff" * size + b"\xfe" + spell(f"user:{placeholder}") + b"\xff")

        def put(content: BinaryBody | FileBody) -> RecordedRequest:
            return RecordedRequest(method="PUT", url=HOST, headers=Headers(), body=content)

        recorded, asked = body("REDACTED_SECRET"), body("REDACTED_SECRET__")
        path = tmp_path / f"{hashlib.sha256(recorded.data).hexdigest()}.bin"
        path.write_bytes(recorded.data)
        for each in (recorded, FileBody(path, len(recorded.data))):
            assert match(put(asked), put(each))
            assert not match(put(body("another")), put(each))
            assert not match(put(BinaryBody(asked.data + b"!")), put(each))

    def test_placeholders_are_alike_in_base64_within_base64(self):
        def asked(placeholder: str) -> RecordedRequest:
            inner = base64.b64encode(f"user:{placeholder}".encode()).decode()
            content = base64.b64encode(f"machine h\nAuthorization: Basic {inner}\n".encode()).decode()
            return request(content=json.dumps({"content": content}).encode())

        assert match(asked("REDACTED_SECRET"), asked("REDACTED_SECRET_"))
        assert match(asked("REDACTED_SECRET__"), asked("REDACTED_SECRET"))
        assert not match(asked("REDACTED_SECRET"), asked("main"))

    @pytest.mark.parametrize("number", [2, 1000])
    def test_placeholders_are_alike_in_every_form(self, number):
        for make in (TextBody, lambda text: BinaryBody(b"\xff" + text.encode())):
            one, other = (
                RecordedRequest(method="PUT", url=HOST, headers=Headers(), body=make(f"a REDACTED_KEY_{each}, b"))
                for each in (1, number)
            )
            assert match(one, other)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([1.0, 0.0, -0.0, 2.5])
    | st.sampled_from(["1", "a", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def meaning(value: object) -> object:
    """JSON's meaning, said in another way: with types, and without order in objects."""
    if isinstance(value, dict):
        return ("object", frozenset((name, meaning(inner)) for name, inner in value.items()))
    if isinstance(value, list):
        return ("array", tuple(map(meaning, value)))
    if isinstance(value, bool) or value is None:
        return ("word", str(value))
    return ("text" if isinstance(value, str) else "number", value)


@settings(max_examples=300, deadline=None)
@given(one=JSON, other=JSON)
def test_json_matches_if_and_only_if_it_means_the_same(one, other):
    asked, recorded = (request(content=json.dumps(each).encode()) for each in (one, other))
    assert match(asked, recorded) == (meaning(one) == meaning(other))
    shuffled = json.dumps(one, sort_keys=True, indent=3).encode()
    assert match(asked, request(content=shuffled))


class TestAccept:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("application/json", "APPLICATION/JSON"),
            ("application/json, text/plain", "text/plain,application/json"),
            ("application/json;q=0.9, text/plain", "text/plain ; q=1.0 , application/json; q=0.90"),
            ("a/b;q=1", "a/b"),
            ("a/b;q=1.000", "a/b;q=1"),
            ("a/b, c/d;q=0", "a/b"),
            ("a/b;q=0.5, c/d;q=0.4", "a/b, c/d;q=0.1"),
            ("a/b, a/b", "a/b"),
            ("a/b;v=1", "a/b; v=1"),
            ("*/*", None),
            ("", None),
            (",", "*/*"),
            ("a/b;q=high", "a/b"),
            ("a/b;q=nan", "a/b;q=7"),
        ],
    )
    def test_by_what_it_means(self, one, other):
        assert match(request(accept=one), request(accept=other))
        assert match(request(accept=other), request(accept=one))

    @pytest.mark.parametrize(
        ("asked", "recorded"),
        [
            ("a/b", "c/d"),
            ("a/b, c/d", "a/b"),
            ("a/b, c/d;q=0.5", "a/b;q=0.5, c/d"),
            ("a/b, c/d", "a/b, c/d;q=0.5"),
            ("a/b;v=1", "a/b;v=2"),
            ("a/b;v=1", "a/b"),
            (None, "a/b"),
        ],
    )
    def test_not_by_more(self, asked, recorded):
        assert not match(request(accept=asked), request(accept=recorded))

    def test_what_was_recorded_for_any_media_type_answers_each(self):
        assert match(request(accept="a/b"), request(accept="*/*"))
        assert match(request(accept="a/b"), request())
        assert not match(request(accept="*/*"), request(accept="a/b"))


class TestMatchOn:
    @pytest.mark.parametrize("name", [*DEFAULT_MATCH_ON, "host"])
    def test_each_name_is_what_decides(self, name):
        asked = request("https://a/api/v1/x?q=1", b"1", method="PUT", accept="a/b")
        others = {
            "method": request("https://a/api/v1/x?q=1", b"1", method="GET", accept="a/b"),
            "path": request("https://a/api/v1/y?q=1", b"1", method="PUT", accept="a/b"),
            "query": request("https://a/api/v1/x?q=2", b"1", method="PUT", accept="a/b"),
            "body": request("https://a/api/v1/x?q=1", b"2", method="PUT", accept="a/b"),
            "accept": request("https://a/api/v1/x?q=1", b"1", method="PUT", accept="c/d"),
            "host": request("https://b/api/v1/x?q=1", b"1", method="PUT", accept="a/b"),
        }
        rules = matching([name])
        assert [other for other, recorded in others.items() if not match(asked, recorded, rules)] == [name]
        rest = matching([other for other in others if other != name])
        assert match(asked, others[name], rest)

    def test_a_function_is_asked(self):
        seen = []

        def same_length(asked: Request, recorded: Request) -> bool:
            seen.append((asked, recorded))
            return len(asked.content) == len(recorded.content)

        rules = matching(same_length)
        assert isinstance(rules, Matcher)
        test = rules.test(request(content=b"[1]"))
        assert test(request(HOST, b"[2]"))
        assert not test(request(HOST, b"[22]"))
        assert seen[0] == (Request("GET", f"{HOST}/api/v1/o/r", {}, b"[1]"), Request("GET", HOST, {}, b"[2]"))

    @pytest.mark.parametrize("answer", [1, "yes", [0]])
    def test_a_function_may_say_yes_in_its_own_way(self, answer):
        assert matching(lambda asked, recorded: answer).test(request())(request()) is True

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ("path", "expected names of"),
            ((), "expected names of"),
            ([], "expected names of"),
            (None, "expected names of"),
            (7, "expected names of"),
            ({"path"}, "expected names of"),
            ({"path": 1}, "expected names of"),
            (["paht"], "did you mean 'path'"),
            (["path", "headers"], "unknown field 'headers'"),
            ([None], "unknown field"),
            ([["path"]], "unknown field"),
            (b"path", "unknown field"),
        ],
    )
    def test_anything_else_is_an_error(self, wrong, message):
        with pytest.raises(ConfigurationError, match=f"^match_on: .*{message}"):
            matching(wrong)


class TestDifferences:
    @pytest.mark.parametrize(
        ("asked", "recorded", "told"),
        [
            ({"method": "PUT"}, {}, ["method: recorded 'GET', asked for 'PUT'"]),
            ({"url": f"{HOST}/a%20b"}, {"url": f"{HOST}/c"}, ["path: recorded '/c', asked for '/a b'"]),
            ({"url": f"{HOST}/?a=1"}, {"url": f"{HOST}/?a=2"}, ["query.a: recorded '2', asked for '1'"]),
            ({"url": f"{HOST}/?a=1"}, {"url": f"{HOST}/"}, ["query.a: recorded nothing, asked for '1'"]),
            ({"url": f"{HOST}/"}, {"url": f"{HOST}/?a="}, ["query.a: recorded '', asked for nothing"]),
            ({"url": f"{HOST}/?a=1&a=2"}, {"url": f"{HOST}/?a=2"}, ['query.a: recorded \'2\', asked for ["1", "2"]']),
            (
                {"url": f"{HOST}/?a=1&a=2"},
                {"url": f"{HOST}/?a=1&a=3"},
                ["query.a[1]: recorded '3', asked for '2'"],
            ),
            ({"accept": "a/b"}, {"accept": "c/d, e/f"}, ["accept: recorded 'c/d, e/f', asked for 'a/b'"]),
            ({"content": b"1"}, {}, ["body: recorded none, asked for '1'"]),
            ({"content": b"1"}, {"content": b"true"}, ["body: recorded true, asked for 1"]),
            (
                {"content": b'{"a": [1, {"b": "x"}], "c": 12.0}'},
                {"content": b'{"c": 12, "a": [1, {"b": "y"}, null], "d": {}}'},
                [
                    "body.a[1].b: recorded 'y', asked for 'x'",
                    "body.a[2]: recorded none, asked for nothing",
                    "body.d: recorded {}, asked for nothing",
                ],
            ),
            (
                {"content": b'{"a": 0, "token": "REDACTED_TOKEN_1"}'},
                {"content": b'{"a": 1, "token": "REDACTED_TOKEN_2"}'},
                ["body.a: recorded 1, asked for 0"],
            ),
            (
                {"content": b"one\n"},
                {"content": b"two"},
                ["body: recorded 3 bytes, b'two', asked for 4 bytes, b'one\\n'"],
            ),
        ],
    )
    def test_each_is_told_at_its_place(self, asked, recorded, told):
        assert list(RULES.differences(request(**asked), request(**recorded))) == told

    def test_long_values_are_cut(self):
        (told,) = RULES.differences(request(content=b'"%s"' % (b"x" * 5000)), request(content=b'"y"'))
        assert len(told) < 200

    def test_large_bodies_are_told_by_their_hashes(self):
        contents = [bytes([each]) * (INLINE_LIMIT + 1) for each in (0xFE, 0xFF)]
        (told,) = RULES.differences(*(request(content=each) for each in contents))
        assert told.count(f"{INLINE_LIMIT + 1} bytes with the sha256") == 2


def test_a_message_that_was_matched_is_not_the_recording():
    recorded = request(content=b"[1]")
    recorded.message().headers["X"] = "1"
    assert recorded.headers == Headers()
    answer = RecordedResponse(status=200, headers=Headers())
    answer.message().headers["X"] = "1"
    assert Interaction(request=recorded, response=answer).response.headers == Headers()
