"""The file: what is written is what is read, and what was damaged is an error that says where."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesa_core.errors import ConfigurationError
from mesa_core.http import Headers, Request, Response
from mesa_core.version import CONTRACT_VERSION, __version__
from mesa_transports.recorded.bodies import DEEPEST, BinaryBody, FileBody, JsonBody, TextBody, body_of
from mesa_transports.recorded.errors import DamagedRecording
from mesa_transports.recorded.format import FORMAT_VERSION, dump, files_of, load, new_header, parse
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse, Recording

BEGUN = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
BLOB = bytes(range(256)) * 300
NAME = hashlib.sha256(BLOB).hexdigest() + ".bin"
CONTRACT = Path(__file__).parents[4] / "docs" / "contract" / "openapi.yaml"


def interaction(**changes: Any) -> Interaction:
    request = {"method": "GET", "url": "https://h/api/v1/o/r", "headers": Headers(), "body": None}
    response = {"status": 200, "headers": Headers(), "body": None}
    return Interaction(
        request=RecordedRequest(**{name: changes.get(f"request_{name}", value) for name, value in request.items()}),
        response=RecordedResponse(**{name: changes.get(name, value) for name, value in response.items()}),
        recorded_at=changes.get("recorded_at"),
    )


def recording(*interactions: Interaction) -> Recording:
    return Recording(header=new_header(BEGUN), interactions=interactions)


def through_a_file(*interactions: Interaction) -> tuple[Interaction, ...]:
    return parse(dump(recording(*interactions)), Path("x.json")).interactions


WHOLE = [
    interaction(
        request_method="POST",
        request_url="https://h/api/v1/o/r?a=1",
        request_headers=Headers({"Accept": "application/json"}),
        request_body=JsonBody({"name": "ä", "n": [1, 2.5, None, True]}),
        status=201,
        headers=Headers([("Vary", "A"), ("Vary", "B"), ("Content-Type", "text/plain")]),
        body=TextBody("one\ntwo\n"),
        recorded_at=BEGUN + timedelta(days=1),
    ),
    interaction(body=BinaryBody(b"\0\xff")),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good file with every form of a body in it."""
    path = tmp_path / "x.json"
    files_of(path).mkdir()
    (files_of(path) / NAME).write_bytes(BLOB)
    path.write_bytes(dump(recording(*WHOLE, interaction(body=FileBody(Path(NAME), len(BLOB))))))
    return path


def damaged(path: Path) -> DamagedRecording:
    with pytest.raises(DamagedRecording) as caught:
        load(path)
    assert caught.value.path == str(path)
    assert str(caught.value).startswith(f"{path}: ")
    return caught.value


class TestForm:
    def test_everything_comes_back(self, path):
        loaded = load(path)
        assert loaded.header == new_header(BEGUN)
        assert list(loaded.interactions[:2]) == WHOLE
        assert loaded.interactions[2].response.message().content == BLOB

    def test_it_is_indented_by_two_and_readable(self):
        assert dump(recording(WHOLE[0])).decode().splitlines()[:12] == [
            "{",
            '  "header": {',
            f'    "format_version": {FORMAT_VERSION},',
            f'    "sdk_version": "{__version__}",',
            f'    "contract_version": "{CONTRACT_VERSION}",',
            '    "recorded_at": "2026-01-02T03:04:05.000678Z"',
            "  },",
            '  "interactions": [',
            "    {",
            '      "recorded_at": "2026-01-03T03:04:05.000678Z",',
            '      "request": {',
            '        "method": "POST",',
        ]

    def test_writing_what_was_read_changes_no_byte(self, path):
        assert dump(load(path)) == path.read_bytes()

    def test_headers_stand_in_one_order(self):
        fields = [("b", "1"), ("A", "2"), ("c", "3")]
        one, other = (interaction(headers=Headers(each)) for each in (fields, fields[::-1]))
        assert dump(recording(one)) == dump(recording(other))

    def test_the_moment_of_an_interaction_stands_there_only_if_it_is_another(self):
        assert b"recorded_at" not in dump(recording(interaction(recorded_at=BEGUN))).partition(b"interactions")[2]

    def test_no_header_field_is_lost_that_is_no_character(self):
        given = interaction(headers=Headers({"ETag": "\udcff"}))
        assert through_a_file(given) == (given,)

    def test_the_contract_is_the_one_that_the_sdk_names(self):
        assert yaml.safe_load(CONTRACT.read_text())["info"]["version"] == CONTRACT_VERSION


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**40, max_value=10**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
TYPES = st.sampled_from(
    [None, "application/json", "application/problem+json; charset=utf-8", "text/plain", "application/octet-stream", ";"]
)


def same(one: object, other: object) -> bool:
    """Equal in value and type, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)  # which tells -0.0 from 0.0


def replayed(content: bytes, media_type: str | None) -> bytes:
    response = Response(200, {} if media_type is None else {"Content-Type": media_type}, content)
    (found,) = through_a_file(interaction(body=body_of(content, response.media_type)))
    return found.response.message().content


class TestRoundTrip:
    @settings(max_examples=200, deadline=None)
    @given(content=st.binary() | st.text().map(str.encode), media_type=TYPES)
    @example(content="\ufeff{}".encode(), media_type="application/json")
    @example(content=b'{"a":1,"a":2}', media_type="application/json")
    @example(content=b'"\\ud800"', media_type="application/json")
    @example(content=b"[1e999]", media_type="application/json")
    @example(content=b"[NaN]", media_type="application/json")
    @example(content=b"[" * 100_000 + b"]" * 100_000, media_type="application/json")
    @example(content=b"[" * 700 + b"]" * 700, media_type="application/json")
    @example(content=b"9" * 5000, media_type="application/json")
    @example(content=b"a\r\nb\rc\n\n\x00", media_type="text/plain")
    @example(content="\u2028 \x85 \x0b \x7f".encode(), media_type="text/plain")
    @example(content=b"\xed\xa0\x80", media_type="text/plain")
    def test_of_any_bytes(self, content, media_type):
        found = replayed(content, media_type)
        if found != content:  # then it was JSON, and is written anew
            assert same(json.loads(found), json.loads(content))

    @settings(max_examples=200, deadline=None)
    @given(value=JSON)
    @example(value=[-0.0, 1.0, 1, 1e22, 5e-324, 2**53 + 1, "\u2028", "\r\n", "\0", "/", "</script>"])
    @example(value={"": {"": [[], {}, ""]}})
    @example(value=None)
    @example(value=False)
    def test_of_any_json(self, value):
        assert same(json.loads(replayed(json.dumps(value).encode(), "application/json")), value)

    @settings(max_examples=100, deadline=None)
    @given(fields=st.lists(st.tuples(st.text(min_size=1), st.text(st.characters()))))
    def test_of_any_headers(self, fields):
        given = interaction(headers=Headers(fields))
        (found,) = through_a_file(given)
        assert found.response.headers == given.response.headers

    def test_of_deep_json(self):
        deep: Any = 1
        for _ in range(DEEPEST):
            deep = [deep]
        content = json.dumps(deep).encode()
        assert body_of(content, "") == JsonBody(deep)
        for levels in (0, 1, 2, 800):
            deeper = b"[" * levels + content + b"]" * levels
            assert json.loads(replayed(deeper, "application/json")) == json.loads(deeper)


def paths_in(value: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield steps
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths_in(inner, (*steps, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths_in(inner, (*steps, index))


def changed(document: Any, steps: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    document = copy.deepcopy(document)
    inner = document
    for step in steps[:-1]:
        inner = inner[step]
    change(inner, steps[-1])
    return document


def set_to(value: Any) -> Callable[[Any, Any], None]:
    return lambda inner, last: inner.__setitem__(last, value)


def named(steps: tuple[Any, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".") or "$"


TEMPLATE = json.loads(dump(recording(*WHOLE, interaction(body=FileBody(Path(NAME), len(BLOB))))))


def place_of(steps: tuple[Any, ...]) -> str:
    """The place at which a fault in a field is told: of a body or headers, their own."""
    for whole in ("body", "headers"):
        if whole in steps:
            return named(steps[: steps.index(whole) + 1])
    return "header.format_version" if steps == ("header",) else named(steps)


WRONG = [None, True, 3.5, -1, "\0", [], [1], {"x": 1}]
RIGHT = {
    "contract_version": ["\0"],
    "sdk_version": ["\0"],
    "recorded_at": [None],
    "interactions": [[], [1]],
    "json": WRONG,
    "text": ["\0", []],
    "Accept": ["\0"],
    "Content-Type": ["\0"],
    "Vary": ["\0"],
}
FIELDS = [steps for steps in paths_in(TEMPLATE) if steps and not {"json", "text", "Vary"} & {*steps[:-1]}]
WRONG_TYPES = [
    pytest.param(steps, wrong, id=f"{named(steps)} {wrong!r}")
    for steps in FIELDS
    for wrong in WRONG
    if wrong not in RIGHT.get(steps[-1], []) or (steps == ("header", "recorded_at") and wrong is None)
    if not (isinstance(wrong, dict) and steps[-1] in {"header", "request", "response", "headers", 0, 1, 2})
]
NEEDED = [
    steps
    for steps in FIELDS
    if isinstance(steps[-1], str) and steps[-1] not in {"body", "Accept", "Content-Type", "Vary"}
    if steps[-1] != "recorded_at" or steps[0] == "header"
]
OBJECTS = {"header", "request", "response", "body", 0, 1, 2}


class TestDamage:
    @pytest.mark.parametrize(("steps", "wrong"), WRONG_TYPES)
    def test_a_value_of_another_type_is_an_error_at_its_place(self, path, steps, wrong):
        path.write_text(json.dumps(changed(TEMPLATE, steps, set_to(wrong))))
        assert damaged(path).place == place_of(steps)

    @pytest.mark.parametrize("steps", NEEDED, ids=named)
    def test_a_missing_member_is_an_error_at_its_place(self, path, steps):
        path.write_text(json.dumps(changed(TEMPLATE, steps, lambda inner, last: inner.pop(last))))
        assert damaged(path).place == place_of(steps)

    @pytest.mark.parametrize("steps", [(), *(each for each in FIELDS if each[-1] in OBJECTS)], ids=named)
    def test_an_unknown_member_is_an_error_at_its_place(self, path, steps):
        within = changed([TEMPLATE], (0, *steps, "recorded"), set_to(1))[0]
        path.write_text(json.dumps(within))
        assert damaged(path).place == named(steps)

    def test_a_file_that_ends_early_is_an_error(self, path):
        content = path.read_bytes()
        for size in [*range(0, len(content) - 2, 7), len(content) - 2]:
            path.write_bytes(content[:size])
            assert damaged(path).place == "$"

    @pytest.mark.parametrize(
        ("content", "place"),
        [
            (b"", "$"),
            (b"\n", "$"),
            (b"null", "header.format_version"),
            (b"[]", "header.format_version"),
            (b"{}", "header.format_version"),
            (b'{"header": null}', "header.format_version"),
            (b'{"header": {"format_version": true}}', "header.format_version"),
            (b'{"header": {"format_version": 0}}', "header.format_version"),
            (b'{"header": {"format_version": "1"}}', "header.format_version"),
            (b'{"log": {"version": "1.2", "entries": []}}', "header.format_version"),
            (b"interactions: []\nversion: 1\n", "$"),
            (b"[" * 100_000, "$"),
            (b'{"a": ' * 100_000, "$"),
        ],
    )
    def test_what_is_no_recording_is_an_error(self, path, content, place):
        path.write_bytes(content)
        assert damaged(path).place == place

    @pytest.mark.parametrize(
        "change",
        [
            lambda content: b"\xef\xbb\xbf" + content,
            lambda content: content.decode().encode("utf-16"),
            lambda content: content.decode().encode("latin-1"),
            lambda content: content.replace(b"2.5", b"NaN"),
            lambda content: content.replace(b"2.5", b"-Infinity"),
            lambda content: content.replace(b"2.5", b"1e999"),
            lambda content: content.replace(b"2.5", b"9" * 5000),
            lambda content: content.replace(b'"n":', b'"name":'),
            lambda content: content.replace(b'"status": 201', b'"status": 201, "status": 200'),
            lambda content: content + content,
            lambda content: content.replace(b"two", b"tw\x00o"),
            lambda content: content.replace(b",", b"", 1),
        ],
    )
    def test_what_is_no_json_of_one_meaning_is_an_error(self, path, change):
        content = path.read_bytes()
        path.write_bytes(change(content))
        assert path.read_bytes() != content
        assert damaged(path).place == "$"

    @pytest.mark.parametrize(
        ("steps", "wrong"),
        [
            (("interactions", 0, "request", "body", "json"), "\ud800"),
            (("interactions", 0, "request", "body", "json", "name"), "\udfff"),
            (("interactions", 0, "response", "body", "text"), ["a", "\ud83d"]),
            (("interactions", 1, "response", "body", "base64"), "AP8"),
            (("interactions", 1, "response", "body", "base64"), "AP8=\n"),
            (("interactions", 1, "response", "body", "base64"), "ÄP8="),
            (("interactions", 2, "response", "body", "file"), "../x.json"),
            (("interactions", 2, "response", "body", "file"), NAME.upper()),
            (("interactions", 2, "response", "body", "file"), NAME.removesuffix(".bin")),
            (("interactions", 2, "response", "body", "file"), f"/{NAME}"),
            (("interactions", 2, "response", "body", "file"), "0" * 64 + ".bin"),
            (("interactions", 2, "response", "body", "size"), len(BLOB) + 1),
            (("interactions", 2, "response", "body", "size"), -1),
            (("interactions", 0, "request", "body"), {}),
            (("interactions", 0, "request", "body"), {"json": 1, "text": ""}),
        ],
    )
    def test_a_body_that_no_bytes_stand_for_is_an_error_at_its_place(self, path, steps, wrong):
        path.write_text(json.dumps(changed(TEMPLATE, steps, set_to(wrong))))
        assert damaged(path).place == named(steps[:4])

    def test_a_surrogate_pair_is_a_character(self, path):
        path.write_text(json.dumps(changed(TEMPLATE, ("interactions", 0, "request", "body"), set_to({"json": "😀"}))))
        assert b"\\ud83d" in path.read_bytes()
        assert load(path).interactions[0].request.body == JsonBody("😀")

    def test_json_too_deep_to_walk_through_is_an_error_at_its_place(self, path):
        deep: Any = 1
        for _ in range(DEEPEST + 1):
            deep = {"a": deep}
        path.write_text(json.dumps(changed(TEMPLATE, ("interactions", 0, "request", "body"), set_to({"json": deep}))))
        assert damaged(path).place == "interactions[0].request.body"

    @pytest.mark.parametrize(
        ("member", "wrong"),
        [
            ("method", ""),
            ("method", "get"),
            ("method", "GET /"),
            ("url", ""),
            ("url", "/api/v1/o/r"),
            ("url", "https://"),
            ("url", "https://h/a b"),
            ("url", "https://[::1/a"),
            ("url", "https://h]/a"),
            ("url", "https://h\u2100/a"),
            ("url", "https://h/\ud800"),
        ],
    )
    def test_a_request_that_nobody_could_make_is_an_error_at_its_place(self, path, member, wrong):
        steps = ("interactions", 1, "request", member)
        path.write_text(json.dumps(changed(TEMPLATE, steps, set_to(wrong))))
        assert damaged(path).place == named(steps)

    @pytest.mark.parametrize("wrong", [0, 99, 1000, -200, 10**30])
    def test_a_status_that_is_none_is_an_error_at_its_place(self, path, wrong):
        steps = ("interactions", 1, "response", "status")
        path.write_text(json.dumps(changed(TEMPLATE, steps, set_to(wrong))))
        assert damaged(path).place == named(steps)

    @pytest.mark.parametrize("moment", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01"])
    def test_a_moment_that_is_none_is_an_error_at_its_place(self, path, moment):
        for steps in (("header", "recorded_at"), ("interactions", 0, "recorded_at")):
            path.write_text(json.dumps(changed(TEMPLATE, steps, set_to(moment))))
            assert damaged(path).place == named(steps)

    @pytest.mark.parametrize("version", [FORMAT_VERSION + 1, 10**9])
    def test_a_newer_file_is_an_error_that_says_so_whatever_else_is_in_it(self, path, version):
        path.write_text(json.dumps({"header": {"format_version": version, "new": 1}, "pages": []}))
        error = damaged(path)
        assert error.place == "header.format_version"
        assert "a newer mesa-sdk wrote this" in str(error)

    @pytest.mark.parametrize("name", ["a directory", "not readable"])
    def test_what_cannot_be_read_is_an_error(self, tmp_path, name):
        path = tmp_path / "x.json"
        if name == "a directory":
            path.mkdir()
        else:
            path.symlink_to(path)  # in a circle
        assert damaged(path).place == "$"

    def test_a_missing_file_is_no_damage(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "x.json")

    def test_it_is_an_error_of_configuration(self):
        assert issubclass(DamagedRecording, ConfigurationError)

    def test_a_misspelt_member_is_told_kindly(self, path):
        path.write_text(
            json.dumps(changed(TEMPLATE, ("interactions", 0), lambda inner, last: inner[last].update(reqest=1)))
        )
        assert "did you mean 'request'" in str(damaged(path))


class TestFilesBeside:
    @pytest.mark.parametrize(
        "change",
        [
            lambda file: file.unlink(),
            lambda file: file.write_bytes(b""),
            lambda file: file.write_bytes(BLOB + b"\0"),
            lambda file: file.write_bytes(BLOB[:-1]),
            lambda file: file.write_bytes(b"\1" + BLOB[1:]),
            lambda file: (file.unlink(), file.mkdir()),
            lambda file: file.rename(file.with_suffix(".txt")),
        ],
    )
    def test_one_that_is_not_what_its_name_says_is_an_error_at_its_place(self, path, change):
        change(files_of(path) / NAME)
        error = damaged(path)
        assert error.place == "interactions[2].response.body"
        assert NAME[:20] in str(error)

    def test_one_that_is_damaged_later_is_noticed_when_it_is_read(self, path):
        body = load(path).interactions[2].response.body
        (files_of(path) / NAME).write_bytes(BLOB[:-1])
        with pytest.raises(TypeError, match="sha256"):
            body.content()

    def test_a_request_can_have_one(self, path):
        steps = ("interactions", 1, "request", "body")
        body = {"file": NAME, "size": len(BLOB)}
        path.write_text(json.dumps(changed(TEMPLATE, steps, set_to(body))))
        assert load(path).interactions[1].request.message() == Request("GET", "https://h/api/v1/o/r", {}, BLOB)
        (files_of(path) / NAME).unlink()
        assert damaged(path).place == named(steps)

    def test_a_file_that_another_process_replaces_while_it_is_read_is_read_again(self, path, monkeypatch):
        good = dump(recording(WHOLE[1]))
        reads = iter([path.read_bytes(), good, good])
        (files_of(path) / NAME).unlink()
        monkeypatch.setattr(Path, "read_bytes", lambda _: next(reads))
        assert load(path).interactions == (WHOLE[1],)
