"""Files are written whole or not at all, by one process at a time."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

import pytest

from mesa_transports.recorded.files import locked, remove_others, write

NAMES = [letter * 64 + ".bin" for letter in "abc"]


@pytest.fixture(autouse=True)
def _locks(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("locks")))


class TestWrite:
    def test_a_new_file_and_its_directories(self, tmp_path):
        path = tmp_path / "a" / "b" / "x.json"
        write(path, b"one")
        assert path.read_bytes() == b"one"
        assert list(path.parent.iterdir()) == [path]

    def test_over_an_old_one(self, tmp_path):
        path = tmp_path / "x.json"
        for content in (b"one and more", b"two", b""):
            write(path, content)
            assert path.read_bytes() == content
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("broken", ["fsync", "replace"])
    @pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
    def test_one_that_fails_leaves_the_old_one(self, tmp_path, monkeypatch, broken, error):
        path = tmp_path / "x.json"
        write(path, b"old")

        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr(os if broken == "fsync" else Path, broken, fail)
        with pytest.raises(type(error)):
            write(path, b"new")
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_disk_that_is_full_leaves_the_old_one(self, tmp_path):
        resource = pytest.importorskip("resource")
        path = tmp_path / "x.json"
        write(path, b"old")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with pytest.raises(OSError, match="too large"):
                write(path, bytes(1_000_000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_what_a_killed_process_left_is_no_obstacle(self, tmp_path):
        path = tmp_path / "x.json"
        (tmp_path / ".x.json.tmp").write_bytes(b"half")
        write(path, b"new")
        assert list(tmp_path.iterdir()) == [path]

    def test_a_reader_finds_the_old_or_the_new_one(self, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "fsync", lambda _: None)
        path = tmp_path / "x.json"
        write(path, b"a" * 100_000)
        done = threading.Event()
        seen: set[bytes] = set()

        def read() -> None:
            while not done.is_set():
                seen.add(path.read_bytes())

        reader = threading.Thread(target=read)
        reader.start()
        for number in range(30):
            write(path, b"ab"[number % 2 :][:1] * 100_000)
        done.set()
        reader.join()
        assert seen <= {b"a" * 100_000, b"b" * 100_000}


class TestLocked:
    @pytest.mark.parametrize("spelt", ["x.json", "d/../x.json", "link/x.json"])
    def test_one_at_a_time_however_the_file_is_spelt(self, tmp_path, spelt):
        (tmp_path / "d").mkdir()
        (tmp_path / "link").symlink_to(tmp_path)
        events = []

        def second() -> None:
            with locked(tmp_path / spelt):
                events.append("second")

        with locked(tmp_path / "x.json"):
            other = threading.Thread(target=second)
            other.start()
            time.sleep(0.03)
            events.append("first")
        other.join()
        assert events == ["first", "second"]

    def test_other_files_do_not_wait(self, tmp_path):
        with locked(tmp_path / "x.json"), locked(tmp_path / "y.json"):
            pass

    def test_no_lock_is_left_beside_the_file(self, tmp_path):
        with locked(tmp_path / "x.json"):
            assert list(tmp_path.iterdir()) == []

    def test_an_error_within_lets_go(self, tmp_path):
        with pytest.raises(ZeroDivisionError), locked(tmp_path / "x.json"):
            raise ZeroDivisionError
        with locked(tmp_path / "x.json"):
            pass

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
    def test_other_processes_wait(self, tmp_path):
        path, log = tmp_path / "x.json", tmp_path / "log"
        with locked(path):
            child = os.fork()
            if not child:
                with locked(path), log.open("a") as file:
                    file.write("child ")
                os._exit(0)
            time.sleep(0.03)
            with log.open("a") as file:
                file.write("parent ")
        os.waitpid(child, 0)
        assert log.read_text() == "parent child "


class TestRemoveOthers:
    @pytest.fixture
    def directory(self, tmp_path: Path) -> Path:
        directory = tmp_path / "x.files"
        directory.mkdir()
        for name in NAMES:
            (directory / name).write_bytes(b"")
        return directory

    def test_what_is_named_stays(self, directory):
        remove_others(directory, NAMES[1:])
        assert sorted(each.name for each in directory.iterdir()) == NAMES[1:]

    def test_an_empty_directory_goes(self, directory):
        remove_others(directory, [])
        assert not directory.exists()

    def test_half_written_ones_go(self, directory):
        (directory / f".{NAMES[0]}.tmp").write_bytes(b"")
        remove_others(directory, [])
        assert not directory.exists()

    def test_what_is_not_ours_stays(self, directory):
        (directory / "notes.txt").write_text("mine")
        (directory / "d").mkdir()
        remove_others(directory, [])
        assert sorted(each.name for each in directory.iterdir()) == ["d", "notes.txt"]

    def test_what_cannot_be_removed_stays(self, directory):
        (directory / NAMES[0]).unlink()
        (directory / NAMES[0]).mkdir()
        remove_others(directory, [])
        assert [each.name for each in directory.iterdir()] == [NAMES[0]]

    def test_a_missing_directory_is_an_empty_one(self, tmp_path):
        remove_others(tmp_path / "none", ["a"])
        remove_others(tmp_path / "none", [])
        assert list(tmp_path.iterdir()) == []
