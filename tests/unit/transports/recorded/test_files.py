"""Files are written whole or not at all, by one process at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from mesa_transports.recorded import files
from mesa_transports.recorded.files import check_writable, locked, remove_others, write

NAMES = [letter * 64 + ".bin" for letter in "abc"]


@pytest.fixture(autouse=True)
def _locks(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesa_transports.recorded.files._COMMON", tmp_path_factory.mktemp("locks"))


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

    def test_over_a_link_puts_it_where_the_link_leads(self, tmp_path):
        path, link = tmp_path / "d" / "x.json", tmp_path / "link.json"
        link.symlink_to(Path("d", "x.json"))
        for content in (b"new", b"newer"):
            write(link, content)
            assert link.is_symlink()
            assert path.read_bytes() == content
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
    def test_permissions_are_those_of_the_old_one_or_of_the_umask(self, tmp_path):
        path = tmp_path / "x.json"
        umask = os.umask(0o027)
        try:
            write(path, b"new")
            assert stat.S_IMODE(path.stat().st_mode) == 0o640
            path.chmod(0o604)
            write(path, b"newer")
            assert stat.S_IMODE(path.stat().st_mode) == 0o604
        finally:
            os.umask(umask)

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

    @pytest.mark.skipif(not hasattr(os, "getuid"), reason="each user of this system has temporary files of his own")
    def test_processes_wait_whatever_their_environment_and_their_directory(self, tmp_path, monkeypatch):
        monkeypatch.undo()
        path, log = tmp_path / "d" / "x.json", tmp_path / "log"
        path.parent.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        code = (
            "import pathlib; from mesa_transports.recorded.files import locked\n"
            f"log = pathlib.Path({str(log)!r}).open('a', buffering=1); print('began', flush=True)\n"
            "with locked(pathlib.Path('x.json')): log.write('other ')"
        )
        environment = {**os.environ, "TMPDIR": str(path.parent), "HOME": str(path.parent)}
        with locked(path):
            other = subprocess.Popen(
                [sys.executable, "-c", code], cwd=path.parent, env=environment, stdout=subprocess.PIPE
            )
            assert other.stdout.readline() == b"began\n"
            time.sleep(0.03)
            with log.open("a") as file:
                file.write("this ")
        other.communicate()
        assert log.read_text() == "this other "

    def test_in_a_sandbox_without_common_temporary_files(self, tmp_path, monkeypatch):
        monkeypatch.setattr(files, "_COMMON", tmp_path / "none")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with locked(tmp_path / "x.json"):
            assert len(list(tmp_path.glob("mesa-sdk-locks-*/*.lock"))) == 1


class TestCheckWritable:
    def test_what_is_there_and_what_is_not(self, tmp_path):
        check_writable(tmp_path / "a" / "b" / "x.json", tmp_path / "a" / "b" / "x.files")
        assert list(tmp_path.iterdir()) == []
        (tmp_path / "x.json").write_bytes(b"")
        (tmp_path / "x.files").mkdir()
        check_writable(tmp_path / "x.json", tmp_path / "x.files")

    @pytest.mark.parametrize("way", ["d", "d/e", "d/x.files"])
    def test_a_file_in_the_place_of_a_directory(self, tmp_path, way):
        (tmp_path / way).parent.mkdir(exist_ok=True)
        (tmp_path / way).write_bytes(b"")
        path = tmp_path / "d" / ("x.json" if way == "d/x.files" else "e/f/x.json")
        with pytest.raises(NotADirectoryError) as caught:
            check_writable(path, path.with_name("x.files"))
        assert caught.value.filename == str(tmp_path / way)

    @pytest.mark.parametrize("read_only", ["", "x.json", "x.files"])
    def test_what_is_read_only(self, nobody, read_only):
        (nobody / "x.json").write_bytes(b"")
        (nobody / "x.files").mkdir()
        check_writable(nobody / "x.json", nobody / "x.files")
        there = nobody / read_only
        if os.geteuid() == there.stat().st_uid:
            there.chmod(0o500)
        else:
            other = os.geteuid()
            os.seteuid(0)
            there.chmod(0o555)
            os.seteuid(other)
        with pytest.raises(PermissionError) as caught:
            check_writable(nobody / "x.json", nobody / "x.files")
        assert caught.value.filename == str(there)


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
