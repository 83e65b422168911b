"""What each mode does with a request, and what becomes of the file."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from mesa_core.errors import ConfigurationError
from mesa_core.http import Headers, Request, Response
from mesa_transports.recorded.bodies import BinaryBody, Body, JsonBody
from mesa_transports.recorded.errors import DamagedRecording, NoRecording
from mesa_transports.recorded.format import FORMAT_VERSION, dump, load, new_header
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse, Recording
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON, matching
from mesa_transports.recorded.tape import Mode, Settings, Tape, open_tape

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
BEFORE = BEGAN - timedelta(days=1)
KEY = "mesa_5KzV0qQ7w1hU2xR"
LATE = "next-key-ABCDEFGHIJ"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def _locks(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesa_transports.recorded.files._COMMON", tmp_path_factory.mktemp("locks"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.json"


def opened(path: Path, mode: str, *, began: datetime = BEGAN, **settings: object) -> Tape:
    return open_tape(path, Mode(mode), Settings(matching(DEFAULT_MATCH_ON), **settings), began)


def request(name: str, key: str = KEY, content: object = None) -> Request:
    body = b"" if content is None else json.dumps(content).encode()
    return Request("GET", f"https://h/{name}", {"Authorization": f"Bearer {key}"}, body)


def recorded(name: str, answer: object, body: Body | None = None) -> Interaction:
    return Interaction(
        request=RecordedRequest(method="GET", url=f"https://h/{name}", headers=Headers()),
        response=RecordedResponse(status=200, headers=Headers(JSON), body=body or JsonBody(answer)),
    )


def begin(path: Path, *interactions: Interaction, began: datetime = BEFORE) -> None:
    path.write_bytes(dump(Recording(header=new_header(began), interactions=interactions)))


def ask(tape: Tape, name: str, *, live: object = "live", **given: object) -> object:
    """Do what a transport does with a request; return the answer."""
    asked, found = tape.look_up(request(name, **given))
    if found is not None:
        return json.loads(found.content)
    assert tape.records, "it must not be sent"
    tape.add(asked, Response(200, JSON, json.dumps(live).encode()))
    return live


def answers(path: Path) -> list[object]:
    return [each.response.body.json for each in load(path).interactions]


class TestReplay:
    def test_answers_from_the_file_and_never_sends_or_writes(self, path):
        begin(path, recorded("a", 1), recorded("a", 2))
        before = path.read_bytes()
        tape = opened(path, "replay")
        assert not tape.records
        assert [ask(tape, "a"), ask(tape, "a")] == [1, 2]
        for name in "ab":
            with pytest.raises(NoRecording, match=f"no recording answers GET /{name}"):
                tape.look_up(request(name))
        tape.save()
        assert path.read_bytes() == before

    def test_an_empty_recording_answers_nothing(self, path):
        begin(path)
        with pytest.raises(NoRecording):
            opened(path, "replay").look_up(request("a"))

    def test_a_missing_file_is_an_error_that_says_what_to_do(self, path):
        with pytest.raises(ConfigurationError, match=rf"{re.escape(str(path))}.*MESA_RECORD=once"):
            opened(path, "replay")

    def test_repeats_as_the_settings_say(self, path):
        begin(path, recorded("a", 1))
        tape = opened(path, "replay", allow_repeats=True)
        assert [ask(tape, "a") for _ in range(3)] == [1, 1, 1]

    def test_what_is_unused_is_known(self, path):
        begin(path, recorded("a", 1), recorded("b", 2))
        tape = opened(path, "replay")
        ask(tape, "b")
        assert tape.unused() == (0,)
        assert tape.interactions() == load(path).interactions

    def test_each_opening_begins_at_the_beginning(self, path):
        begin(path, recorded("a", 1))
        assert [ask(opened(path, "replay"), "a") for _ in range(2)] == [1, 1]


class TestRecord:
    def test_sends_everything_and_writes_the_file_anew(self, path):
        begin(path, recorded("a", 1), recorded("b", 2))
        tape = opened(path, "record")
        assert tape.records
        assert [ask(tape, "a", live=3), ask(tape, "c", live=4)] == [3, 4]
        tape.save()
        assert answers(path) == [3, 4]
        assert (tape.interactions(), tape.unused()) == ((), ())

    def test_mends_one_that_was_changed_by_hand(self, path):
        begin(path, recorded("a", 2))
        path.write_bytes(path.read_bytes().replace(b"200", b"true"))
        tape = opened(path, "record")
        ask(tape, "a", live=1)
        assert answers(path) == [1]

    @pytest.mark.parametrize("content", [b'{"name": "my app"}', b"not JSON", b'{"header": {"format_version": 99}, "i'])
    def test_does_not_replace_what_is_no_recording_or_is_a_newer_one(self, path, content):
        path.write_bytes(content)
        with pytest.raises(DamagedRecording):
            opened(path, "record")
        assert path.read_bytes() == content

    def test_makes_a_file_where_there_is_none(self, path):
        tape = opened(path, "record")
        ask(tape, "a", live=1)
        tape.save()
        assert answers(path) == [1]

    def test_without_a_request_changes_nothing(self, path):
        begin(path, recorded("a", 1))
        before = path.read_bytes()
        opened(path, "record").save()
        assert path.read_bytes() == before

    @pytest.mark.parametrize(("mode", "left"), [("record", []), ("new", [1])])
    def test_a_finished_run_without_a_request_leaves_what_it_recorded(self, path, mode, left):
        begin(path, recorded("a", 1))
        opened(path, mode).save(finished=True)
        assert answers(path) == left

    @pytest.mark.parametrize(("keep", "left"), [(True, [2]), (False, [1])])
    def test_what_is_held_back_is_put_down_when_it_is_settled(self, path, keep, left):
        begin(path, recorded("a", 1))
        tape = opened(path, "record")
        tape.hold_back()
        ask(tape, "a", live=2)
        tape.save()
        assert answers(path) == [1]
        tape.settle(keep=keep)
        tape.save()
        assert answers(path) == left

    @pytest.mark.parametrize("damage", [slice(0), slice(50), slice(-5)])
    def test_mends_a_damaged_recording(self, path, damage):
        begin(path, recorded("a", 2))
        path.write_bytes(path.read_bytes()[: damage.stop])
        tape = opened(path, "record")
        ask(tape, "a", live=1)
        assert answers(path) == [1]


class TestOnce:
    def test_records_if_there_is_no_file(self, path):
        tape = opened(path, "once")
        assert tape.records
        assert [ask(tape, "a", live=each) for each in (1, 2)] == [1, 2]
        tape.save()
        assert answers(path) == [1, 2]

    def test_replays_if_there_is_one(self, path):
        begin(path, recorded("a", 1))
        tape = opened(path, "once")
        assert not tape.records
        assert ask(tape, "a") == 1
        with pytest.raises(NoRecording):
            tape.look_up(request("b"))


class TestNew:
    def test_replays_what_is_known_and_records_the_rest(self, path):
        begin(path, recorded("a", 1), recorded("b", 2))
        tape = opened(path, "new")
        assert [ask(tape, "a", live=3), ask(tape, "a", live=4), ask(tape, "c", live=5)] == [1, 4, 5]
        tape.save()
        assert answers(path) == [1, 2, 4, 5]
        assert tape.unused() == (1,)

    def test_records_all_if_there_is_no_file(self, path):
        tape = opened(path, "new")
        assert [ask(tape, "a", live=each) for each in (1, 2)] == [1, 2]
        tape.save()
        assert answers(path) == [1, 2]

    def test_what_it_recorded_itself_is_no_answer_yet(self, path):
        begin(path)
        tape = opened(path, "new")
        assert [ask(tape, "a", live=each) for each in (1, 2)] == [1, 2]

    @pytest.mark.parametrize(
        ("known", "number"),
        [
            (recorded("a", {"key": "REDACTED_KEY_7"}), 8),
            (recorded("REDACTED_API_KEY_7", 1), 8),
            (recorded("a", "UkVEQUNURURfQVBJX0tFWV83"), 8),
            (recorded("a", "x" * 16 + " UkVEQUNURURfQVBJX0tFWV83"), 8),
            (recorded("a", 1, BinaryBody(b"\xffREDACTED_API_KEY_7\n\xff")), 8),
            (recorded("a", "a REDACTED_URL b"), 1),
        ],
    )
    def test_no_placeholder_of_the_file_is_given_to_another_secret(self, path, known, number):
        begin(path, known)
        tape = opened(path, "new")
        ask(tape, "new", live={"a": KEY})
        tape.save()
        assert load(path).interactions[-1].response.body == JsonBody({"a": f"REDACTED_API_KEY_{number}"})


NEWER = json.dumps({"header": {"format_version": FORMAT_VERSION + 1}}).encode()


@pytest.mark.parametrize(
    ("mode", "content"), [pair for pair in product(Mode, [b"", b"{", b"{}", b"\xff", NEWER]) if pair != ("record", b"")]
)
def test_a_damaged_or_newer_file_is_never_an_empty_one(path, mode, content):
    path.write_bytes(content)
    with pytest.raises(DamagedRecording):
        opened(path, mode)
    assert path.read_bytes() == content


class TestARunThatMeetsItsOwnFile:
    @pytest.mark.parametrize("mode", ["record", "once", "new"])
    def test_adds_to_it(self, path, mode):
        for name, live in (("a", 1), ("b", 2), ("c", 3)):
            tape = opened(path, mode)
            assert ask(tape, name, live=live) == live
            tape.save()
        assert answers(path) == [1, 2, 3]

    def test_may_only_replay_it_in_replay(self, path):
        begin(path, recorded("a", 1), began=BEGAN)
        with pytest.raises(NoRecording):
            opened(path, "replay").look_up(request("b"))

    @pytest.mark.parametrize(("mode", "kept"), [("record", [2]), ("new", [1, 2])])
    def test_is_told_from_another_by_when_it_began(self, path, mode, kept):
        begin(path, recorded("a", 1), began=BEFORE)
        tape = opened(path, mode)
        ask(tape, "b", live=2)
        tape.save()
        assert answers(path) == kept


class TestWhatCannotBeRecorded:
    """One bad interaction is told of, and costs no other."""

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            (lambda text: "no URL" if "bad" in text else text, "request.url: expected a URL; .* given as redact"),
            (lambda text: "\ud800" if "b4d" in text else text, "response.body.*; .* given as redact"),
            (lambda text: None if "b4d" in text else text, "redact: the function .*lambda.* returned NoneType"),
            (lambda text: {}[0] if "b4d" in text else text, "redact: the function .*lambda.* raised KeyError"),
            (lambda text: text.encode() if "bad" in text else text, "redact: .*lambda.* returned bytes"),
        ],
    )
    def test_it_is_an_error_and_the_others_are_saved(self, path, bad, message):
        tape = opened(path, "record", redact=(bad,))
        for name in ("a", "bad", "c"):
            if name == "bad":
                with pytest.raises(ConfigurationError, match=message):
                    ask(tape, name, live="b4d")
            else:
                ask(tape, name, live=name)
        tape.save()
        assert answers(path) == ["a", "c"]

    @pytest.mark.parametrize("status", [0, 99, 1000])
    def test_a_status_that_is_none(self, path, status):
        tape = opened(path, "record")
        asked, _ = tape.look_up(request("a"))
        with pytest.raises(
            ConfigurationError, match=r"x\.json: .*: response\.status: expected a status from 100 to 999"
        ):
            tape.add(asked, Response(status, {}, b""))
        tape.save()
        assert not path.exists()


class TestOtherKeys:
    """In replay a key may be any word, and stand where it is none."""

    @pytest.mark.parametrize("key", ["test", "main", "a-description", "dummy-key"])
    @pytest.mark.parametrize("mode", ["replay", "new"])
    def test_a_word_that_is_the_key_in_replay_stays_a_word(self, path, mode, key):
        content = {"name": key, "text": f"this is {key}", "b64": base64.b64encode(b"x" * 30 + key.encode()).decode()}
        tape = opened(path, "record")
        ask(tape, f"{key}?a={key}", content=content, live=7)
        tape.save()
        assert ask(opened(path, mode), f"{key}?a={key}", content=content, key=key) == 7

    @pytest.mark.parametrize("mode", ["replay", "new"])
    def test_a_secret_beside_it_stays_secret(self, path, mode):
        tape = opened(path, "record", redact=("mine-alone", re.compile("x{3}")))
        ask(tape, "test", content={"name": "test", "secret": "s3cret-of-theirs"}, live=7)
        ask(tape, "test", content=["test", "s3cret-of-theirs", "mine-alone xxx"], live=8)
        tape.save()
        again = opened(path, mode, redact=("mine-alone", re.compile("x{3}")))
        assert ask(again, "test", content={"name": "test", "secret": "s3cret-of-ours"}, key="test") == 7
        assert ask(again, "test", content=["test", "s3cret-of-ours", "mine-alone xxx"], key="test") == 8

    def test_the_key_itself_still_is_any_key(self, path):
        tape = opened(path, "record")
        for number in range(2):
            ask(tape, "a", content={"name": KEY}, live=number)
        tape.save()
        again = opened(path, "replay")
        assert [ask(again, "a", content={"name": "test"}, key="test") for _ in range(2)] == [0, 1]

    def test_a_miss_does_not_show_it(self, path):
        begin(path, recorded("a", 1))
        with pytest.raises(NoRecording) as caught:
            opened(path, "replay").look_up(request("b", "abc-live", {"name": "abc-live"}))
        assert "abc-live" not in str(caught.value)

    def test_what_is_sent_is_recorded_without_it(self, path):
        begin(path, recorded("a", 1))
        tape = opened(path, "new")
        ask(tape, "b", key="abc-live", content={"name": "abc-live"})
        tape.save()
        assert "abc-live" not in path.read_text()


class TestSecrets:
    def test_none_reaches_the_disk_and_all_match_again(self, path):
        tape = opened(path, "record", redact=("a-secret-of-mine", re.compile(r"cus_\d+")))
        content = {"secret": "s", "note": f"{KEY} a-secret-of-mine cus_17"}
        ask(tape, f"o/{KEY}?token=t0ken-of-mine", content=content, live={"key": "created-key", "a": [KEY, "cus_17"]})
        tape.save()
        written = path.read_text()
        for secret in (KEY, "a-secret-of-mine", "cus_17", "t0ken-of-mine", "created-key", '"s"', "Bearer"):
            assert secret not in written
        again = opened(path, "replay", redact=("another-secret", re.compile(r"cus_\d+")))
        content = {"secret": "S", "note": f"{KEY[::-1]} another-secret cus_18"}
        answer = ask(again, f"o/{KEY[::-1]}?token=another-one", key=KEY[::-1], content=content)
        assert set(answer) == {"key", "a"}

    @pytest.mark.parametrize(
        "told",
        [
            {"key": LATE},
            {"content": {"secret": LATE}},
            {"live": {"token": LATE}},
            {"live": {"a": f"https://u:{LATE}@h/"}},
        ],
    )
    def test_one_that_is_told_late_is_taken_out_of_what_was_recorded_before(self, path, told):
        tape = opened(path, "record")
        ask(tape, f"o/{LATE}?a={LATE}", content={LATE: LATE}, live={"a": f"it is {LATE}"})
        assert LATE in path.read_text(), "otherwise this test shows nothing"
        ask(tape, "b", **told)
        tape.save()
        assert LATE not in path.read_text()
        assert len(answers(path)) == 2

    def test_one_that_is_told_by_the_answer_is_taken_out_of_its_request(self, path):
        tape = opened(path, "record")
        ask(tape, f"o/{LATE}", content={"a": LATE}, live={"token": LATE})
        assert LATE not in path.read_text()

    def test_one_that_is_told_late_is_taken_out_of_large_bodies(self, path):
        data = bytes([255]) * 70_000 + LATE.encode()
        tape = opened(path, "record")
        asked, _ = tape.look_up(request("a"))
        tape.add(asked, Response(200, {}, data))
        ask(tape, "b", key=LATE)
        tape.save()
        (file,) = path.with_name("x.files").iterdir()
        assert LATE.encode() not in file.read_bytes()
        assert load(path).interactions[0].response.body.content().startswith(data[:70_000])

    @pytest.mark.parametrize("asks", [["a"], ["a", "b"]])
    def test_a_key_that_is_live_by_now_is_taken_out_of_an_older_run(self, path, asks):
        begin(path, recorded("a", {"note": f"soon it is {LATE}"}))
        tape = opened(path, "new")
        for name in asks:
            ask(tape, name, key=LATE)
        tape.save()
        assert LATE not in path.read_text()
        assert answers(path)[0] == {"note": "soon it is REDACTED_API_KEY_1"}

    def test_an_older_run_without_one_stays_to_the_byte(self, path):
        begin(path, recorded("a", 1))
        before = path.read_bytes()
        tape = opened(path, "new")
        ask(tape, "a")
        tape.save()
        assert path.read_bytes() == before

    def test_what_is_taken_out_late_was_recorded_once(self, path):
        tapes = [opened(path, mode, began=began) for mode, began in (("record", BEGAN), ("new", BEFORE))]
        for number in range(20):
            ask(tapes[0], f"a{number}", live=f"see {LATE}-{number}")
            ask(tapes[1], f"b{number}", live=number)
        ask(tapes[0], "c", key=LATE)
        for each in tapes:
            each.save()
        assert len(answers(path)) == 41
        assert LATE not in path.read_text()

    def test_no_function_of_the_users_is_asked_again(self, path):
        tape = opened(path, "record", redact=(str.swapcase,))
        for number in range(3):
            ask(tape, "a", key=f"{KEY}-{number}", live="Text")
        tape.save()
        assert answers(path) == ["tEXT"] * 3

    def test_a_miss_shows_none(self, path):
        begin(path, recorded("a", 1))
        with pytest.raises(NoRecording) as caught:
            opened(path, "replay").look_up(request(f"o/{KEY}?a={KEY}", content={"secret": "hush-hush", "n": KEY}))
        assert KEY not in str(caught.value)
        assert "hush-hush" not in str(caught.value)
