"""How recordings end: closed by nobody, in the middle of something, by a signal, or with the process."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from echo import Echo, recorded, send

from mesa_sdk import Mesa
from mesa_transports.recorded import RecordedTransport

SOON = 20  # seconds, of which a test that passes needs none


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.json"


def in_time(job: Callable[[], object]) -> None:
    """Do a job in a thread, which is given up if it waits for ever."""
    thread = threading.Thread(target=job, daemon=True)
    thread.start()
    thread.join(SOON)
    assert not thread.is_alive()


def during_a_save(monkeypatch: pytest.MonkeyPatch, job: Callable[[], object]) -> None:
    """Do a job when a file is written next, in the same thread, which holds every lock then."""
    fsync, jobs = os.fsync, [job]

    def interrupted(descriptor: int) -> None:
        fsync(descriptor)
        if jobs:
            jobs.pop()()

    monkeypatch.setattr(os, "fsync", interrupted)


def collect(left: list[object]) -> None:
    """Let go of what is left in cycles, and collect it in this thread.

    While another thread collects, `gc.collect` does nothing, and that thread may find what was let go. So it is let go
    when a collection of this thread's has begun, during which there is no other.
    """
    here = threading.get_ident()

    def let_go(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2 and threading.get_ident() == here:
            left.clear()

    gc.callbacks.append(let_go)
    try:
        while left:
            gc.collect()
            time.sleep(0)  # another thread may be at it
    finally:
        gc.callbacks.remove(let_go)


class Holder:
    """Keeps a client in a reference cycle, as a class does that keeps a bound method of itself."""

    def __init__(self, client: object) -> None:
        self.client = client
        self.me = self


def unsaved(path: Path) -> Holder:
    """A transport that somebody left in a cycle, with an interaction that is unsaved."""
    holder = Holder(RecordedTransport(path=path, mode="new", inner=Echo()))
    send(holder.client, *range(41), "unsaved")
    assert recorded(path)["unsaved"] == 0
    return holder


@pytest.mark.parametrize("name", ["x.json", "y.json"])
def test_a_client_that_is_collected_during_a_save_waits_for_nothing(tmp_path, monkeypatch, name):
    left = [unsaved(tmp_path / name)]
    transport = RecordedTransport(path=tmp_path / "x.json", mode="new", inner=Echo())

    def work() -> None:
        send(transport, *(f"w{number}" for number in range(20)))
        transport.close()

    during_a_save(monkeypatch, lambda: collect(left))
    in_time(work)
    assert recorded(tmp_path / name)["unsaved"] == 1
    assert recorded(tmp_path / "x.json")["w19"] == 1


@pytest.mark.filterwarnings("ignore:a client was not closed:ResourceWarning")
def test_nor_does_one_that_closes_its_transport_when_it_is_collected(path, monkeypatch):
    options = {"path": path, "mode": "new", "inner": Echo()}
    left = [Holder(Mesa(api_key="mesa_key", transport="recorded", transport_options=options))]
    transport = RecordedTransport(path=path, mode="new", inner=Echo())

    during_a_save(monkeypatch, lambda: collect(left))
    in_time(lambda: send(transport, "a"))
    transport.close()
    assert recorded(path) == {"a": 1}


def test_what_nobody_closed_is_saved_before_the_next_client_opens(path):
    collect([unsaved(path)])
    with RecordedTransport(path=path) as transport:
        send(transport, "unsaved")


def test_opening_one_recording_waits_for_no_other(tmp_path):
    with RecordedTransport(path=tmp_path / "x.json", mode="record", inner=Echo()) as transport:
        send(transport, "a")
    os.mkfifo(tmp_path / "slow.json")
    slow = threading.Thread(target=RecordedTransport, kwargs={"path": tmp_path / "slow.json"}, daemon=True)
    slow.start()
    in_time(lambda: RecordedTransport(path=tmp_path / "x.json"))
    (tmp_path / "slow.json").write_bytes((tmp_path / "x.json").read_bytes())
    slow.join(SOON)
    assert not slow.is_alive()


def run(code: str, path: Path, *arguments: str, mode: str = "record") -> subprocess.CompletedProcess[str]:
    """Run a program that has a transport `made` and `send`."""
    begin = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from echo import Echo, recorded, send
from mesa_transports.recorded import RecordedTransport
from pathlib import Path
path, made = Path({str(path)!r}), RecordedTransport(path={str(path)!r}, mode={mode!r}, inner=Echo())
"""
    program = path.with_suffix(".py")  # a file, which workers import
    program.write_text(begin + code)
    return subprocess.run(
        [sys.executable, str(program), *arguments], capture_output=True, text=True, timeout=SOON, check=False
    )


CLOSED_BY_A_SIGNAL = """
def close(*_):
    made.close()
    raise SystemExit(3)

signal.signal(signal.SIGTERM, close)
fsync = os.fsync
def interrupted(descriptor):
    fsync(descriptor)
    if len(sent) > 20:
        os.fsync = fsync
        signal.raise_signal(signal.SIGTERM)
os.fsync = interrupted
sent = []
while True:
    sent.append(len(sent))
    send(made, len(sent))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_signal_handler_may_close_a_client_that_is_writing(path):
    done = run(CLOSED_BY_A_SIGNAL, path)
    assert (done.returncode, done.stderr) == (3, "")
    found = recorded(path)
    assert sorted(found, key=int) == [str(number) for number in range(1, len(found) + 1)]
    assert len(found) > 20


def test_what_nobody_closed_is_saved_at_exit(path):
    done = run("send(made, *range(42)); assert recorded(path).total() < 42", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert recorded(path).total() == 42


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(
    ("handler", "status"), [("lambda *_: sys.exit(143)", 143), ("signal.SIG_DFL", -15)], ids=["handled", "not handled"]
)
def test_a_program_that_is_terminated_saves_all_if_it_ends_itself(path, handler, status):
    code = f"signal.signal(signal.SIGTERM, {handler}); send(made, *range(42)); signal.raise_signal(signal.SIGTERM)"
    done = run(code, path)
    assert (done.returncode, done.stderr) == (status, "")
    assert recorded(path).total() == 42 if status == 143 else 42 * 15 / 16 <= recorded(path).total() < 42


def test_a_program_that_asks_nothing_leaves_an_empty_recording_of_its_own(path):
    with RecordedTransport(path=path, mode="record", inner=Echo()) as transport:
        send(transport, "old")
    environment = {"MESA_RECORD": "record", "MESA_RECORDING": str(path), "MESA_API_KEY": "mesa_key"}
    for ending, left in (("client.repos", 1), ("client.close()", 0)):
        code = f"from mesa_sdk import Mesa; client = Mesa(transport='recorded'); {ending}"
        subprocess.run([sys.executable, "-c", code], env={**os.environ, **environment}, check=True, timeout=SOON)
        assert recorded(path).total() == left


WORKERS = """
import multiprocessing

def work(name):
    transport = made or RecordedTransport(path=path, mode="new", inner=Echo())
    send(transport, *(f"{name}-{number}" for number in range(42)))

def main(method):
    global made
    if method != "fork":
        made.close()
        made = None
    context = multiprocessing.get_context(method)
    workers = [context.Process(target=work, args=[name]) for name in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0

if __name__ == "__main__":
    main(sys.argv[1])
"""


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_workers_of_multiprocessing_save_all(path, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"multiprocessing cannot start workers by {method} on this system")
    # A worker that is not forked begins by opening `made` itself: in the mode `record`, in the place of what is there.
    done = run(WORKERS, path, method, mode="new")
    assert (done.returncode, done.stderr) == (0, "")
    assert recorded(path) == {f"{name}-{number}": 1 for name in "ab" for number in range(42)}
