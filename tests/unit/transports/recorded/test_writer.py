"""What is recorded gets on disk, whole, once, and beside what others record meanwhile."""

from __future__ import annotations

import errno
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path

import pytest

from mesa_core.errors import TransportError
from mesa_core.http import Headers
from mesa_transports.recorded import files
from mesa_transports.recorded import writer as module
from mesa_transports.recorded.bodies import INLINE_LIMIT, BinaryBody, Body, FileBody, JsonBody
from mesa_transports.recorded.errors import DamagedRecording
from mesa_transports.recorded.format import dump, files_of, load, new_header
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse, Recording
from mesa_transports.recorded.writer import Writer, stamp

pytestmark = pytest.mark.usefixtures("quick")
BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
BEFORE = BEGAN - timedelta(days=1)
FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recordings" / "x.json"


def interaction(name: str, body: Body | None = None) -> Interaction:
    return Interaction(
        request=RecordedRequest(method="GET", url=f"https://h/{name}", headers=Headers()),
        response=RecordedResponse(status=200, headers=Headers(), body=body or JsonBody(name)),
    )


def writer(path: Path, *, replaces: bool = True, began: datetime = BEGAN) -> Writer:
    """What a client has that opens the file now."""
    seen = stamp(path)
    return Writer(path, began, load(path) if seen else None, seen, replaces=replaces)


def names(path: Path) -> list[str]:
    """The names of what is on disk, after it was held against every check of a reader."""
    return [each.request.url.rpartition("/")[2] for each in load(path).interactions]


def begin(path: Path, *given: str) -> None:
    """Put a recording there that was made before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dump(Recording(header=new_header(BEFORE), interactions=tuple(map(interaction, given)))))


class TestSaving:
    @pytest.mark.parametrize("number", [0, 1, 2, 15, 16, 17, 18, 33, 100])
    def test_everything_is_on_disk_after_it_in_order(self, path, number):
        made = writer(path)
        for each in range(number):
            made.add(interaction(str(each)))
        made.save()
        assert not number or names(path) == [str(each) for each in range(number)]
        assert path.exists() == (number > 0)

    def test_the_first_is_on_disk_at_once(self, path):
        writer(path).add(interaction("a"))
        assert names(path) == ["a"]

    @pytest.mark.parametrize("there", [0, 200])
    def test_what_is_written_grows_with_what_is_recorded_and_not_with_its_square(self, path, monkeypatch, there):
        begin(path, *(f"old{each}" for each in range(there)))
        sizes = []
        monkeypatch.setattr(
            module, "write", lambda path, content: (sizes.append(len(content)), path.write_bytes(content))
        )
        made = writer(path, replaces=False)
        for each in range(600):
            made.add(interaction(str(each)))
        made.save()
        assert len(names(path)) == there + 600
        assert sum(sizes) < 20 * path.stat().st_size

    def test_little_is_lost_with_a_process_that_is_killed(self, path):
        made = writer(path)
        for each in range(201):
            made.add(interaction(str(each)))
            if each % 20 == 0:
                assert len(names(path)) > each * 15 / 16

    def test_saving_what_is_saved_writes_nothing(self, path, monkeypatch):
        made = writer(path)
        made.add(interaction("a"))
        monkeypatch.setattr(module, "write", lambda *_: pytest.fail("written"))
        made.save()
        made.save()

    def test_the_header_is_of_the_run_that_wrote_the_file_first(self, path):
        begin(path, "old")
        added = writer(path, replaces=False)
        added.add(interaction("a"))
        assert load(path).header.recorded_at == BEFORE
        assert [each.recorded_at for each in load(path).interactions] == [None, BEGAN]
        writer(path, replaces=True).add(interaction("b"))
        assert load(path).header.recorded_at == BEGAN
        assert [each.recorded_at for each in load(path).interactions] == [None]


class TestModes:
    def test_recording_replaces_what_was_there(self, path):
        begin(path, "x", "y")
        made = writer(path, replaces=True)
        assert names(path) == ["x", "y"]  # until there is something else
        made.add(interaction("a"))
        assert names(path) == ["a"]

    def test_adding_keeps_what_was_there(self, path):
        begin(path, "x", "y")
        made = writer(path, replaces=False)
        made.add(interaction("x"))
        made.add(interaction("a"))
        made.save()
        assert names(path) == ["x", "y", "x", "a"]

    def test_recording_keeps_what_others_added_after_it_began(self, path):
        begin(path, "x", "x")
        made = writer(path, replaces=True)
        writer(path, replaces=False).add(interaction("x"))
        made.add(interaction("a"))
        assert names(path) == ["x", "a"]

    def test_a_file_that_was_removed_stays_so(self, path):
        begin(path, "x")
        made = writer(path, replaces=False)
        made.add(interaction("a"))
        path.unlink()
        made.add(interaction("b"))
        made.save()
        assert names(path) == ["a", "b"]

    def test_a_file_that_was_broken_meanwhile_is_not_overwritten(self, path):
        begin(path, "x")
        made = writer(path, replaces=False)
        path.write_bytes(b"<<<<<<< mine")
        with pytest.raises(DamagedRecording):
            made.add(interaction("a"))
        assert path.read_bytes() == b"<<<<<<< mine"
        begin(path, "x", "y")
        made.save()
        assert names(path) == ["x", "y", "a"]


ORDERS = ["".join("b" if place in chosen else "a" for place in range(6)) for chosen in combinations(range(6), 3)]


class TestTwoWriters:
    @pytest.mark.parametrize("order", ORDERS)
    @pytest.mark.parametrize("replaces", [(True, True), (True, False), (False, False)])
    @pytest.mark.parametrize("there", [[], ["x", "y", "x"]])
    def test_both_are_on_disk_in_whatever_order_they_write(self, path, order, replaces, there):
        if there:
            begin(path, *there)
        writers = {name: writer(path, replaces=each) for name, each in zip("ab", replaces, strict=True)}
        for place, name in enumerate(order):
            writers[name].add(interaction(f"{name}{place}"))
        for each in writers.values():
            each.save()
        found = names(path)
        kept = [] if any(replaces) else there
        assert Counter(found) == Counter([*kept, *(f"{name}{place}" for place, name in enumerate(order))])
        for name in "ab":
            own = [each for each in found if each.startswith(name)]
            assert own == sorted(own, key=lambda each: int(each[1:]))

    @pytest.mark.parametrize("order", ORDERS)
    @pytest.mark.parametrize("began", [BEGAN, BEGAN + timedelta(seconds=1)])
    def test_what_both_record_alike_is_there_for_each(self, path, order, began):
        writers = {"a": writer(path), "b": writer(path, began=began)}
        for name in order:
            writers[name].add(interaction("same"))
        for each in writers.values():
            each.save()
        assert names(path) == ["same"] * 6

    @pytest.mark.parametrize("number", [20, 40])
    def test_many_unsaved_ones_of_both(self, path, number):
        one, other = writer(path), writer(path, began=BEGAN + timedelta(seconds=1))
        for each in range(number):
            one.add(interaction(f"a{each}"))
            other.add(interaction(f"b{each}"))
        other.save()
        one.save()
        assert Counter(names(path)) == Counter(f"{name}{each}" for name in "ab" for each in range(number))

    def test_when_each_interaction_was_recorded_is_kept(self, path):
        later = BEGAN + timedelta(hours=1)
        one, other = writer(path), writer(path, began=later)
        for made, name in ((one, "a"), (other, "b"), (one, "c"), (other, "d")):
            made.add(interaction(name))
        found = load(path)
        moments = {each.request.url[-1]: each.recorded_at or found.header.recorded_at for each in found.interactions}
        assert moments == {"a": BEGAN, "b": later, "c": BEGAN, "d": later}


def large(byte: int) -> BinaryBody:
    return BinaryBody(bytes([byte]) * (INLINE_LIMIT + 1))


def beside(path: Path) -> list[str]:
    return sorted(each.name for each in files_of(path).iterdir()) if files_of(path).exists() else []


def named(bodies: Iterable[BinaryBody]) -> list[str]:
    return sorted(f"{hashlib.sha256(each.data).hexdigest()}.bin" for each in bodies)


class TestFilesBeside:
    def test_a_large_binary_body_is_a_file_named_by_its_hash(self, path):
        made = writer(path)
        made.add(interaction("a", large(0xFF)))
        assert beside(path) == named([large(0xFF)])
        body = load(path).interactions[0].response.body
        assert isinstance(body, FileBody)
        assert body.content() == large(0xFF).data

    @pytest.mark.parametrize(("size", "apart"), [(INLINE_LIMIT, False), (INLINE_LIMIT + 1, True)])
    def test_from_the_limit_on(self, path, size, apart):
        writer(path).add(interaction("a", BinaryBody(b"\xff" * size)))
        assert bool(beside(path)) == apart
        assert load(path).interactions[0].response.message().content == b"\xff" * size

    def test_a_request_can_have_one(self, path):
        given = interaction("a")
        request = RecordedRequest(method="PUT", url="https://h/a", headers=Headers(), body=large(0xFE))
        writer(path).add(Interaction(request=request, response=given.response))
        assert load(path).interactions[0].request.message().content == large(0xFE).data

    def test_two_equal_ones_are_one_file(self, path):
        made = writer(path)
        made.add(interaction("a", large(0xFF)))
        made.add(interaction("b", large(0xFF)))
        assert beside(path) == named([large(0xFF)])

    def test_it_is_on_disk_at_once_whatever_else_is_unsaved(self, path):
        made = writer(path)
        for each in range(20):
            made.add(interaction(str(each)))
        made.add(interaction("a", large(0xFF)))
        assert names(path)[-1] == "a"

    def test_those_that_nobody_needs_any_more_go(self, path):
        writer(path).add(interaction("a", large(0xFF)))
        made = writer(path, replaces=True)
        made.add(interaction("b", large(0xFE)))
        assert beside(path) == named([large(0xFE)])
        writer(path, replaces=True).add(interaction("c"))
        assert not files_of(path).exists()

    def test_those_of_other_writers_stay(self, path):
        one, other = writer(path), writer(path, began=BEGAN + timedelta(seconds=1))
        one.add(interaction("a", large(0xFF)))
        other.add(interaction("b", large(0xFE)))
        one.add(interaction("c"))
        one.save()
        assert beside(path) == named([large(0xFF), large(0xFE)])
        assert names(path) == ["b", "a", "c"]

    def test_a_damaged_one_is_mended(self, path):
        writer(path).add(interaction("a", large(0xFF)))
        (files_of(path) / beside(path)[0]).write_bytes(b"")
        made = Writer(path, BEGAN, None, stamp(path), replaces=True)
        made.add(interaction("a", large(0xFF)))
        assert load(path).interactions[0].response.message().content == large(0xFF).data

    def test_files_of_the_user_are_left_alone_and_in_nobodys_way(self, path):
        files_of(path).mkdir(parents=True)
        (files_of(path) / "notes").mkdir()
        made = writer(path)
        for each in range(3):
            made.add(interaction(str(each)))
        assert beside(path) == ["notes"]
        assert names(path) == ["0", "1", "2"]


class TestFailure:
    """What cannot be written is written later; what was there before stays."""

    @pytest.fixture(params=["fsync", "write of a body", "rename"])
    def broken(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            if request.param == "fsync":
                patch.setattr(os, "fsync", full)
            elif request.param == "rename":
                patch.setattr(Path, "replace", full)
            else:
                patch.setattr(module, "write", full)
            yield patch

    @pytest.mark.parametrize("body", [None, large(0xFF)])
    def test_on_a_full_disk(self, path, broken, body):
        begin(path, "x")
        before = path.read_bytes()
        made = writer(path, replaces=False)
        for name in "ab":
            with pytest.raises(TransportError, match="cannot be written: No space left") as caught:
                made.add(interaction(name, body))
            assert caught.value.sent is True
        with pytest.raises(TransportError):
            made.save()
        assert path.read_bytes() == before
        assert names(path) == ["x"]
        broken.undo()
        made.save()
        assert names(path) == ["x", "a", "b"]
        assert beside(path) == (named([large(0xFF)]) if body else [])

    def test_on_a_disk_that_is_full_indeed(self, path):
        resource = pytest.importorskip("resource")
        made = writer(path)
        made.add(interaction("a"))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (INLINE_LIMIT, hard))
        try:
            with pytest.raises(TransportError, match="cannot be written"):
                made.add(interaction("b", large(0xFF)))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert names(path) == ["a"]
        made.add(interaction("c"))
        assert names(path) == ["a", "b", "c"]

    def test_where_no_directory_can_be(self, path):
        path.parent.write_text("in the way")
        made = writer(path)
        with pytest.raises(TransportError, match="cannot be written"):
            made.add(interaction("a"))
        path.parent.unlink()
        made.save()
        assert names(path) == ["a"]

    def test_in_a_read_only_directory(self, nobody, monkeypatch):
        monkeypatch.setattr(files, "_COMMON", nobody)  # where the locks are, of which root may have made the usual ones
        path = nobody / "recordings" / "x.json"
        begin(path, "x")
        path.parent.chmod(0o500)
        made = writer(path, replaces=False)
        with pytest.raises(TransportError, match="cannot be written"):
            made.add(interaction("a"))
        assert names(path) == ["x"]
        path.parent.chmod(0o700)
        made.save()
        assert names(path) == ["x", "a"]

    def test_an_error_after_the_file_was_written_doubles_nothing(self, path, monkeypatch):
        def fail(*_: object) -> None:
            raise OSError(errno.EIO, "Input/output error")

        made = writer(path)
        made.add(interaction("a", large(0xFF)))
        for broken in ("iterdir", "rmdir"):
            with monkeypatch.context() as patch:
                patch.setattr(Path, broken, fail)
                made.add(interaction(broken))
        made.add(interaction("c"))
        made.save()
        assert names(path) == ["a", "iterdir", "rmdir", "c"]


class TestInterruption:
    """Ctrl-C may come at any moment of a save; it loses, doubles and reorders nothing."""

    @pytest.mark.parametrize(("owner", "step"), [(module, "remove_others"), (Path, "replace"), (module, "dump")])
    @pytest.mark.parametrize("body", [None, large(0xFF)])
    def test_in_a_save(self, path, monkeypatch, owner, step, body):
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        made, other = writer(path), writer(path)
        made.add(interaction("a", body))
        with monkeypatch.context() as patch:
            patch.setattr(owner, step, interrupt)
            with pytest.raises(KeyboardInterrupt):
                made.add(interaction("b", body))
        other.add(interaction("b", body))  # an equal one, which is another all the same
        made.add(interaction("c"))
        made.save()
        assert sorted(names(path)) == ["a", "b", "b", "c"]
        made.add(interaction("d"))
        made.save()
        assert [name for name in names(path) if name != "b"] == ["a", "c", "d"]


def child_that(run: Callable[[], object]) -> int:
    """Fork a child that does something and ends, with status 0 if all went well; return its number."""
    child = os.fork()
    if not child:
        status = 1
        try:
            run()
            status = 0
        finally:
            os._exit(status)
    return child


def went_well(child: int) -> bool:
    return os.waitpid(child, 0)[1] == 0


SAVED = [str(each) for each in range(40)]


@FORKS
class TestForks:
    @pytest.fixture
    def made(self, path: Path) -> Writer:
        """A writer with one interaction that is unsaved."""
        made = writer(path)
        for each in SAVED:
            made.add(interaction(each))
        made.save()
        made.add(interaction("unsaved"))
        assert names(path) == SAVED
        return made

    @pytest.mark.parametrize("first", ["parent", "child"])
    def test_nothing_is_lost_or_doubled(self, path, made, first):
        ready, go = os.pipe()

        def run() -> None:
            os.read(ready, 1)
            made.add(interaction("child"))
            made.save()

        child = child_that(run)
        if first == "parent":
            made.save()
        os.write(go, b".")
        assert went_well(child)
        if first == "child":
            assert Counter(names(path)) == Counter([*SAVED, "child"])
        made.add(interaction("last"))
        made.save()
        assert Counter(names(path)) == Counter([*SAVED, "unsaved", "child", "last"])
        os.close(ready)
        os.close(go)

    def test_a_child_that_adds_nothing_writes_nothing(self, path, made):
        before = path.read_bytes()
        assert went_well(child_that(made.save))
        assert path.read_bytes() == before

    def test_a_child_waits_for_no_thread_of_its_parent(self, made):
        with made._lock:
            assert went_well(child_that(lambda: made.add(interaction("child"))))

    def test_many_children_at_once(self, path, made):
        def run(number: int) -> None:
            for each in range(5):
                made.add(interaction(f"c{number}.{each}"))
            made.save()

        children = [child_that(partial(run, number)) for number in range(4)]
        made.save()
        assert [went_well(child) for child in children] == [True] * 4
        added = [f"c{number}.{each}" for number in range(4) for each in range(5)]
        assert Counter(names(path)) == Counter([*SAVED, "unsaved", *added])
