"""Path parameters as one segment each, queries, and which hosts are this machine."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesa_core.errors import InvalidRequest
from mesa_core.urls import expand, is_loopback
from mesa_sdk import Mesa


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("main", "main"),
        ("feature/x", "feature%2Fx"),
        ("grün ☃", "gr%C3%BCn%20%E2%98%83"),
        ("100%", "100%25"),
        ("%2F", "%252F"),
        ("a?b#c", "a%3Fb%23c"),
        ("a;b=c&d+e", "a%3Bb%3Dc%26d%2Be"),
        ("...", "..."),
        (".git", ".git"),
        ("a\r\nb", "a%0D%0Ab"),
        ("{org}", "%7Borg%7D"),
        ("~-_.", "~-_."),
    ],
)
def test_a_path_parameter_is_one_segment(value: str, segment: str) -> None:
    assert expand("/{org}/{repo}", {"org": "o", "repo": value}, {}) == f"/o/{segment}"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: text not in {".", ".."}))
def test_any_text_is_one_segment_and_comes_back(value: str) -> None:
    segment = expand("/{a}", {"a": value}, {})[1:]
    assert segment.isascii()
    assert not set(segment) & set("/?#\\ ")
    assert unquote(segment) == value


def test_a_value_that_looks_like_a_placeholder_is_not_filled_in() -> None:
    assert expand("/{org}/{repo}", {"org": "{repo}", "repo": "r"}, {}) == "/%7Brepo%7D/r"


@pytest.mark.parametrize("template", ["/{org}/{repo}?token=s3c", "/{org};s3c", "x?s3c", "/x?token=s3c"])
def test_a_template_that_does_not_fit_is_refused_without_its_secrets(template: str) -> None:
    with pytest.raises(InvalidRequest, match=r"template.*\*\*\*") as caught:
        expand(template, {"repo": "r"}, {})
    assert "s3c" not in str(caught.value)


@pytest.mark.parametrize("value", ["", ".", "..", None, 5, True, b"main", ["main"]])
def test_what_cannot_be_a_segment_is_refused_by_name_before_anything_is_sent(
    client: Callable[..., Mesa], value: Any
) -> None:
    mesa = client()
    with pytest.raises(InvalidRequest, match="repo: expected") as caught:
        mesa.repos.get(org="o", repo=value)
    assert caught.value.field == "repo"
    assert caught.value.operation == "repos.get"
    assert mesa.transport.requests == []


def test_a_lone_surrogate_in_a_path_is_refused(client: Callable[..., Mesa]) -> None:
    mesa = client()
    with pytest.raises(InvalidRequest, match="repo"):
        mesa.repos.get(org="o", repo="\ud800")
    with pytest.raises(InvalidRequest, match="ref"):
        mesa.content.get(org="o", repo="r", ref="\ud800")
    assert mesa.transport.requests == []


@pytest.mark.parametrize(
    ("query", "encoded"),
    [
        ({}, ""),
        ({"cursor": None, "limit": None}, ""),
        ({"limit": 5, "cursor": None}, "?limit=5"),
        ({"path": "a b/c&d=e?#+%", "ref": "grün"}, "?path=a%20b%2Fc%26d%3De%3F%23%2B%25&ref=gr%C3%BCn"),
        ({"path": ""}, "?path="),
    ],
)
def test_a_query_is_encoded_and_none_is_left_out(query: Any, encoded: str) -> None:
    assert expand("/o", {}, query) == f"/o{encoded}"


@pytest.mark.parametrize("value", [True, 1.5, b"x", ["x"]])
def test_a_query_value_of_a_wrong_type_is_refused_by_name(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="limit: expected str or int") as caught:
        expand("/o", {}, {"limit": value})
    assert caught.value.field == "limit"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("depot.localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("notlocalhost", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, loopback: bool) -> None:  # noqa: FBT001
    assert is_loopback(host) is loopback


class Ref(str, enum.Enum):  # noqa: UP042 - the other kind formats as its text
    """What formats as its name, "Ref.MAIN", and is another text."""

    MAIN = "main"
    FEATURE = "feature/x"
    NONE = ""


def test_member_of_an_enumeration_of_texts_is_its_text() -> None:
    query = {"ref": Ref.MAIN, "path": Ref.FEATURE, "cursor": Ref.NONE}
    assert expand("/{org}/{repo}", {"org": Ref.MAIN, "repo": Ref.FEATURE}, query) == (
        "/main/feature%2Fx?ref=main&path=feature%2Fx&cursor="
    )


def test_lone_surrogate_in_the_name_of_a_query_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"query: .*surrogate") as caught:
        expand("/o", {}, {"\ud800": "a"})
    assert str(caught.value).isascii()


def test_percent_of_a_template_stays() -> None:
    assert expand("/100%/%s/{a}", {"a": "b"}, {}) == "/100%/%s/b"


class Lookalike:
    """Equal to a text, and none."""

    def __eq__(self, other: object) -> bool:
        return other == "acme"

    def __hash__(self) -> int:
        return hash("acme")


def test_what_equals_a_text_that_came_before_is_not_taken_for_it() -> None:
    assert expand("/{org}", {"org": "acme"}, {}) == "/acme"
    with pytest.raises(InvalidRequest, match="org: expected str, got Lookalike"):
        expand("/{org}", {"org": Lookalike()}, {})  # type: ignore[dict-item]  # that is the point
