"""The readers that are made for models read what the detailed converter reads, and refuse what it refuses."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_core.converter import Json, Misshapen, _detailed, structured
from mesa_core.drafts import draft_of, maker_of
from mesa_core.models.content import File
from mesa_core.models.events import PushEvent
from mesa_core.models.repos import Repo, SyncingRepo
from mesa_core.readers import NoReader, reader_of
from mesa_core.resources import ENDPOINTS

UPSTREAM = {
    "uri": "https://git.example.com/r.git",
    "autosync": {"type": "poll", "period": 60, "resolution_strategy": "none"},
    "last_sync_attempt": "2026-01-02T03:04:05Z",
    "last_sync_success": None,
    "last_sync_error": None,
    "has_credential": True,
    "credential_host": "git.example.com",
}
REPO = {
    "id": "1",
    "org": "acme",
    "name": "r",
    "default_branch": "main",
    "head_sha": None,
    "size_bytes": 12.0,
    "created_at": "2026-01-01T00:00:00+02:00",
    "upstream": UPSTREAM,
}
WRONG = [None, True, 0, 1.5, "", "2026-01-01T00:00:00", "text", [], {}, ["a"], {"type": "new"}, {"type": 1}]


def kinds() -> Iterator[Any]:
    for endpoint in ENDPOINTS:
        if isinstance(endpoint.decode, Json):
            yield endpoint.decode.kind
            yield from endpoint.decode.by_status.values()
    yield PushEvent


def test_every_answer_of_the_api_has_a_reader() -> None:
    assert all(callable(reader_of(kind)) for kind in kinds())


def mutations(data: Any) -> Iterator[Any]:
    """Yield the data with one of its parts wrong, missing or added, at any depth."""
    yield from WRONG
    if isinstance(data, dict):
        yield {**data, "unknown": 1}
        for key in data:
            yield {name: value for name, value in data.items() if name != key}
            for part in mutations(data[key]):
                yield {**data, key: part}
    elif isinstance(data, list) and data:
        for part in mutations(data[0]):
            yield [part, *data[1:]]


def outcome(read: Any, data: Any) -> Any:
    try:
        return read(data)
    except Exception:  # noqa: BLE001 - which one is the detailed converter's to say
        return Misshapen


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Repo, REPO),
        (SyncingRepo, {**REPO, "status": "syncing"}),
        *((endpoint.decode.kind, None) for endpoint in ENDPOINTS if isinstance(endpoint.decode, Json)),
    ],
    ids=str,
)
def test_reader_and_detailed_converter_agree_on_whatever_comes(kind: Any, data: Any) -> None:
    for each in mutations(data):
        read = outcome(reader_of(kind), copy.deepcopy(each))
        assert read == outcome(lambda given: _detailed().structure(given, kind), each)


@pytest.mark.parametrize("place", [0, 1, 9])
def test_reader_and_detailed_converter_agree_on_each_of_many(place: int) -> None:
    kind = tuple[Repo, ...]
    for each in mutations(REPO):
        data = [copy.deepcopy(each if at == place else REPO) for at in range(10)]
        assert outcome(reader_of(kind), data) == outcome(lambda given: _detailed().structure(given, kind), data)


def test_each_of_many_is_read_in_whatever_order_its_members_come() -> None:
    turned = dict(reversed(REPO.items()))
    data = json.loads(json.dumps([REPO, turned, {"newer": 1, **turned}] * 4))
    assert reader_of(tuple[Repo, ...])(data) == (reader_of(Repo)(REPO),) * 12


@attrs.frozen
class AllOptional:
    name: str | None = None
    at: datetime | None = None


@pytest.mark.parametrize("count", [0, 1, 12])
def test_a_model_whose_members_may_all_be_missing_is_an_object_all_the_same(count: int) -> None:
    read = reader_of(tuple[AllOptional, ...])
    assert read([{}] * count) == (AllOptional(),) * count
    for wrong in (None, True, 1, 1.5, "name", []):
        assert outcome(reader_of(AllOptional), wrong) is Misshapen
        assert outcome(read, [{}] * count + [wrong]) is Misshapen


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*REPO, *UPSTREAM, "type"]), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({name: st.just(value) | JSON for name, value in REPO.items()}))
def test_reader_and_detailed_converter_agree_on_any_json(data: dict[str, Any]) -> None:
    assert outcome(reader_of(Repo), data) == outcome(lambda given: _detailed().structure(given, Repo), data)


class TestWhatIsRead:
    @pytest.fixture
    def repo(self) -> Any:
        return structured({**REPO, "status": "syncing"}, SyncingRepo)

    def test_is_of_the_model_itself_and_as_if_made_by_hand(self, repo: Any) -> None:
        by_hand = SyncingRepo(**{each.name: getattr(repo, each.name) for each in attrs.fields(SyncingRepo)})
        assert (type(repo), repo, hash(repo), repr(repo)) == (SyncingRepo, by_hand, hash(by_hand), repr(by_hand))

    def test_is_frozen(self, repo: Any) -> None:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            repo.name = "other"
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            del repo.name

    def test_pickles_and_copies(self, repo: Any) -> None:
        assert pickle.loads(pickle.dumps(repo)) == copy.deepcopy(repo) == attrs.evolve(repo) == repo


@attrs.frozen
class Checked:
    number: int = attrs.field(validator=attrs.validators.gt(0))


@attrs.frozen
class Converted:
    number: int = attrs.field(converter=abs)


@attrs.frozen
class Added:
    total: int = attrs.field(init=False)
    number: int

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "total", self.number + 1)


class TestWhatAClassDoesWhenItIsMade:
    def test_is_done_for_a_model_that_is_read(self) -> None:
        with pytest.raises(ValueError, match="number"):
            reader_of(Checked)({"number": 0})
        assert reader_of(Converted)({"number": -2}) == Converted(2)
        assert reader_of(Added)({"number": 2}).total == 3

    def test_is_done_by_a_maker(self) -> None:
        with pytest.raises(ValueError, match="number"):
            maker_of(Checked)(0)
        assert maker_of(Converted)(-2) == Converted(2)

    def test_has_no_draft(self) -> None:
        assert [draft_of(kind) is kind for kind in (Checked, Converted, Added, File)] == [True, True, True, False]


@attrs.frozen
class Listing:
    names: list[str] = attrs.field(factory=list)


@attrs.frozen
class Empty:
    pass


def test_a_type_that_no_model_has_is_the_converters() -> None:
    for kind in (Listing, Empty, tuple[Empty, ...], tuple[str, int], Mapping[int, str], str | int, bytes):
        with pytest.raises(NoReader):
            reader_of(kind)
    assert structured({"names": ["a"]}, Listing) == Listing(["a"])
    assert structured({"newer": 1}, Empty) == Empty()
    with pytest.raises(Misshapen, match="expected an object, got an array"):
        structured([], Empty)
    with pytest.raises(Misshapen, match=r"\$\.names"):
        structured({"names": [1]}, Listing)
