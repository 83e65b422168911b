"""Measures subjects: in turns, in processes of their own, on a core of their own; in time, memory and instructions."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final, Self, cast

from attrs import field, frozen
from declared import Figure, Quantity, Subject
from environments import Environments
from servers import Server, cores

__all__ = ["Bench", "Measured", "counter"]

HERE: Final = Path(__file__).resolve().parent
_ROUND: Final = 0.1  # seconds of one subject's calls
_LONGEST: Final = 30.0  # seconds that a subject may take for its rounds, whatever was asked for
_ENVIRONMENT: Final = {  # the same bytes of memory in every run, and nothing of the user's
    "PATH": os.defpath,
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "",
    "LANG": "C.UTF-8",
}
_COLLECTED: Final = re.compile(r"Collected : (\d+)")
_COUNTED: Final = re.compile(r"^(\d+),", re.MULTILINE)


@frozen
class Measured:
    """What was measured of a subject in a figure; `rounds` are seconds, or KiB."""

    rounds: Sequence[float]
    instructions: float | None

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds)

    def ratio(self, peer: Measured) -> float:
        """Return the median of the ratios of rounds, which were taken at the same time, or nearly so."""
        return statistics.median(ours / other for ours, other in zip(self.rounds, peer.rounds, strict=True))

    def instruction_ratio(self, peer: Measured) -> float | None:
        """Return the ratio of instructions; None where either was not counted."""
        if self.instructions is None or not peer.instructions:
            return None
        return self.instructions / peer.instructions


class _Worker:
    """A process that makes a subject's calls."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] = _ENVIRONMENT) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - an interpreter of ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        if usable := cores()[0]:
            os.sched_setaffinity(self._process.pid, usable)

    def make(self, calls: int) -> tuple[float, ...]:
        """Make so many calls; return their seconds, and memory resident and at most."""
        print(calls, file=self._process.stdin, flush=True)
        line = cast("IO[str]", self._process.stdout).readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r}: {cast('IO[str]', self._process.stderr).read()}")
        return tuple(map(float, line.split()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


@frozen
class Bench:
    """Measures figures against one server."""

    server: Server
    environments: Environments
    rounds: int
    counter: Sequence[str] | None
    """The command that counts the instructions of another; None: they are not counted."""
    counted: dict[tuple[Subject, tuple[int, int]], float] = field(factory=dict, init=False)
    """Instructions that were counted already, since figures share subjects."""

    def measure(self, figure: Figure) -> dict[Subject, Measured]:
        """Return what is measured of a figure's subjects, which take turns."""
        subjects = list(dict.fromkeys([figure.ours, *(peer.subject for peer in figure.peers)]))
        rounds = self._in_turns(figure, subjects)
        instructions = {} if self.counter is None else self._counted(figure, self.counter)
        return {each: Measured(rounds[each], instructions.get(each)) for each in subjects}

    def _in_turns(self, figure: Figure, subjects: Sequence[Subject]) -> dict[Subject, list[float]]:
        taken: dict[Subject, list[float]] = {each: [] for each in subjects}
        for _ in range(figure.processes):
            self._take(figure, taken)
        return taken

    def _take(self, figure: Figure, taken: dict[Subject, list[float]]) -> None:
        """Take the rounds of one process of each subject."""
        with contextlib.ExitStack() as stack:
            workers = {} if figure.fresh else {each: stack.enter_context(self._worker(each)) for each in taken}
            calls = {each: _fitting(workers[each]) if figure.calls is None else figure.calls for each in taken}
            for turn in range(self._affordable(figure, workers, calls)):
                for each in taken if turn % 2 else reversed(taken):
                    with contextlib.nullcontext(workers[each]) if each in workers else self._worker(each) as worker:
                        seconds, resident, most = worker.make(calls[each])
                    value = {
                        Quantity.TIME: seconds / max(1, calls[each]) / each.units,
                        Quantity.MEMORY: resident,
                        Quantity.PEAK: most,
                    }[figure.quantity]
                    taken[each].append(value)

    def _affordable(self, figure: Figure, workers: dict[Subject, _Worker], calls: dict[Subject, int]) -> int:
        """Return how many rounds there are: fewer where a single call takes long; never less than three."""
        rounds = -(-self.rounds // figure.processes)
        if figure.fresh:
            return rounds
        longest = max(worker.make(calls[each])[0] for each, worker in workers.items())
        return max(3, min(rounds, int(_LONGEST / longest)))

    def _command(self, subject: Subject) -> list[str]:
        module, function = subject.function.split(".")
        python = str(self.environments.python(subject.environment))
        return [python, str(HERE / "worker.py"), module, function, self.server.url, *subject.arguments]

    def _worker(self, subject: Subject) -> _Worker:
        return _Worker(self._command(subject), {**_ENVIRONMENT, **self.server.environment})

    def _counted(self, figure: Figure, counter: Sequence[str]) -> dict[Subject, float]:
        counts = figure.counts
        for each in figure.counted:
            if (each, counts) not in self.counted:
                command = [*counter, *self._command(each)]
                with ThreadPoolExecutor() as pool:
                    few, many = pool.map(lambda calls, command=command: _count(command, calls), counts)
                self.counted[each, counts] = (many - few) / (counts[1] - counts[0]) / each.units
        return {each: self.counted[each, counts] for each in figure.counted}


def _fitting(worker: _Worker) -> int:
    """Return how many calls fit into a round."""
    return max(1, int(_ROUND / min(worker.make(1)[0] for _ in range(5))))


def counter() -> list[str] | None:
    """Return the command that counts the instructions of another; None where there is none."""
    if shutil.which("valgrind"):
        return ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    perf = ["perf", "stat", "--field-separator=,", "--event=instructions:u"]
    if shutil.which("perf"):
        tried = subprocess.run([*perf, "true"], capture_output=True, text=True, check=False)  # noqa: S603 - a try
        if _COUNTED.search(tried.stderr):
            return perf
    return None


def _count(command: Sequence[str], calls: int) -> int:
    """Return the instructions that a counter tells of a worker's process that makes so many calls."""
    done = subprocess.run(  # noqa: S603 - an interpreter of ours
        command,
        input=f"{calls}\n",
        capture_output=True,
        text=True,
        check=False,
        env=_ENVIRONMENT | {"PATH": os.environ["PATH"]},
    )
    found = _COLLECTED.search(done.stderr) or _COUNTED.search(done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"{command}: {done.stderr}")
    return int(found[1])
