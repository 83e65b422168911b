"""What the local Depot takes on long histories, and to start.

    python benchmarks/local_depot.py [--rounds 15]

Repositories of 1,000, 10,000 and 50,000 commits, in a line and with merges, asked in process. They take turns
in every round and the medians of the rounds are shown, because a machine does not hold its speed. What only
the first call costs has a column of its own: through merges it reads every commit once, and for last changes
up to 10,000.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from mesa_core import Request
from mesa_transports.local import LocalDepot

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import histories

LENGTHS: Final = (1_000, 10_000, 50_000)
SHAPES: Final = {"line": histories.linear, "merges": histories.with_merges}
HEADERS: Final = {"Authorization": "Bearer any-key", "Content-Type": "application/json"}
AUTHOR: Final = {"name": "Ann", "email": "ann@example.com"}
IN_PROCESS: Final = """
import time
import mesa_transports.local.app
from mesa_transports.local import LocalDepot
began = time.perf_counter()
with LocalDepot():
    print(time.perf_counter() - began)
"""


def call(depot: LocalDepot, method: str, path: str, body: object = None) -> Any:  # Any: JSON
    """Return the answer of a call that succeeds."""
    content = b"" if body is None else json.dumps(body).encode()
    response = depot.handle(Request(method, f"/acme{path}", HEADERS, content))
    if response.status_code >= 400:  # noqa: PLR2004 -- where errors begin
        raise RuntimeError(response.content.decode())
    return json.loads(response.content)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def cursors(depot: LocalDepot, repo: str) -> Iterator[str]:
    """Yield the cursors of all pages but the first."""
    page = call(depot, "GET", f"/{repo}/commits")
    while page["next_cursor"]:
        yield page["next_cursor"]
        page = call(depot, "GET", f"/{repo}/commits?cursor={page['next_cursor']}")


def candidates(depot: LocalDepot, repo: str) -> dict[str, Callable[[], object]]:
    """Return what is measured on a repository that has been read before."""
    following = list(cursors(depot, repo))
    pages = {"first page": "", "middle": following[len(following) // 2], "last": following[-1]}
    calls = {name: f"/{repo}/commits" + (f"?cursor={cursor}" if cursor else "") for name, cursor in pages.items()} | {
        "root": f"/{repo}/content",
        "old file": f"/{repo}/content?path=old/7",
        "repos.get": f"/{repo}",
    }
    edit = {"branch": "main", "message": "m", "author": AUTHOR, "files": [{"path": "src/1", "content": "new"}]}
    work: dict[str, Callable[[], object]] = {
        name: lambda path=path: call(depot, "GET", path) for name, path in calls.items()
    }
    return work | {"commit": lambda: call(depot, "POST", f"/{repo}/commits", edit)}


def histories_of(depot: LocalDepot) -> Iterator[tuple[str, dict[str, float]]]:
    """Make the repositories; yield the name of each, and what the first calls cost."""
    for shape, make in SHAPES.items():
        for length in LENGTHS:
            repo = f"{shape}-{length}"
            call(depot, "POST", "/repos", {"name": repo})
            histories.fast_import(depot.repository_path("acme", repo), make(length))
            listed = timed(lambda repo=repo: call(depot, "GET", f"/{repo}/commits"))
            root = timed(lambda repo=repo: call(depot, "GET", f"/{repo}/content"))
            for _ in range(length // 9_000):
                call(depot, "GET", f"/{repo}/content")
                call(depot, "GET", f"/{repo}/content?path=old/7")
            yield repo, {"list, 1st": listed, "root, 1st": root}


def curve(rounds: int) -> dict[str, dict[str, float]]:
    """Return the median seconds of each call on each repository."""
    with LocalDepot() as depot:
        once = dict(histories_of(depot))
        work = {repo: candidates(depot, repo) for repo in once}
        times: dict[str, dict[str, list[float]]] = {repo: {name: [] for name in each} for repo, each in work.items()}
        for _ in range(rounds):
            for repo, each in work.items():
                for name, run in each.items():
                    times[repo][name].append(timed(run))
    return {
        repo: once[repo] | {name: statistics.median(found) for name, found in each.items()}
        for repo, each in times.items()
    }


def served() -> float:
    """Return the seconds from starting the server's process to its first answer."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "mesa_transports.local", "--port", "0", "--root-key", "any-key"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 -- ourselves
        found = re.search(r"http\S+", process.stdout.readline() if process.stdout else "")
        if found is None:
            raise RuntimeError("the server did not start")
        urllib.request.urlopen(urllib.request.Request(f"{found[0]}/acme", headers=HEADERS)).close()  # noqa: S310 -- http
        seconds = time.perf_counter() - began
        process.terminate()
    return seconds


def in_process() -> float:
    """Return the seconds that `LocalDepot()` takes in a new process, after imports."""
    return float(subprocess.run([sys.executable, "-c", IN_PROCESS], capture_output=True, check=True, text=True).stdout)  # noqa: S603 -- ourselves


def show(rows: Iterable[tuple[str, dict[str, float]]]) -> None:
    """Print a table of milliseconds."""
    for number, (repo, figures) in enumerate(rows):
        if number == 0:
            print(f"{'ms':<14}" + "".join(f"{name:>11}" for name in figures))
        print(f"{repo:<14}" + "".join(f"{seconds * 1e3:>11.1f}" for seconds in figures.values()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    show(curve(rounds).items())
    pairs = [(served(), in_process()) for _ in range(max(5, rounds // 3))]
    print(f"\nserved, process to first answer: {statistics.median(pair[0] for pair in pairs):.3f} s")
    print(f"LocalDepot() after imports: {statistics.median(pair[1] for pair in pairs):.4f} s")


if __name__ == "__main__":
    main()
