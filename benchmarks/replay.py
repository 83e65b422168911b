"""What replaying costs, by how much a recording holds: opening it, a call of the transport, a call of a client, memory.

    python benchmarks/replay.py [--rounds 7]

Recordings of 100, 1,000 and 10,000 interactions, each `repos.get` of another repository. A call must
cost less than 60 microseconds, whatever the file's size, and opening the largest less than 0.3 seconds:
the program ends with 1 where one does not. Processor time is taken, for nothing is waited for, and of the
best round: so what else the machine does counts little.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mesa_core.http import Headers, Request
from mesa_sdk import Mesa
from mesa_transports.recorded import RecordedTransport
from mesa_transports.recorded.bodies import JsonBody
from mesa_transports.recorded.format import dump, new_header
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse, Recording

SIZES: Final = (100, 1_000, 10_000)
CALLS: Final = 2_000  # in one round
CALL: Final = 60e-6  # seconds that a call of the transport may cost
OPENING: Final = 0.3  # seconds that opening the largest recording may cost
KEY: Final = "mesa_5KzV0qQ7w1hU2xR"


def interaction(name: str) -> Interaction:
    """Return one as it is recorded."""
    repo = {
        "id": f"repo_{name}",
        "org": "acme",
        "name": name,
        "default_branch": "main",
        "head_sha": "0123456789abcdef0123456789abcdef01234567",
        "size_bytes": 4096,
        "created_at": "2026-01-02T03:04:05Z",
        "upstream": None,
    }
    url = f"https://depot.mesa.dev/api/v1/acme/{name}"
    fields = {"Content-Type": "application/json", "X-Request-Id": f"req_{name}"}
    return Interaction(
        request=RecordedRequest(method="GET", url=url, headers=Headers({"Accept": "application/json"})),
        response=RecordedResponse(status=200, headers=Headers(fields), body=JsonBody(repo, "spaces")),
    )


def best(rounds: int, run: Callable[[], object]) -> float:
    """Return the seconds of the quickest round."""
    found: list[float] = []
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        run()
        found.append(time.process_time() - started)
    return min(found)


def opening(path: Path) -> None:
    """Open a recording and close it again."""
    RecordedTransport(path=path, mode="replay").close()


def memory(path: Path) -> float:
    """Return the MiB that an open recording holds."""
    tracemalloc.start()
    with RecordedTransport(path=path, mode="replay"):
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / 2**20


def measure(path: Path, size: int, rounds: int) -> tuple[float, float, float]:
    """Return the seconds of opening a recording, of a call of the transport, and of one of a client."""
    path.write_bytes(dump(Recording(header=new_header(datetime.now(UTC)), interactions=recorded(size))))
    headers = {"Accept": "application/json", "Authorization": f"Bearer {KEY}", "User-Agent": "benchmark"}
    names = [f"repo-{number % size}" for number in range(CALLS)]
    requests = [Request("GET", f"https://depot.mesa.dev/api/v1/acme/{name}", headers) for name in names]
    opened = best(rounds, lambda: opening(path))
    with RecordedTransport(path=path, mode="replay", allow_repeats=True) as transport:
        sent = best(rounds, lambda: [transport.send(each) for each in requests])
        with Mesa(api_key=KEY, transport=transport) as client:
            called = best(rounds, lambda: [client.repos.get(org="acme", repo=name) for name in names])
    return opened, sent / CALLS, called / CALLS


def recorded(size: int) -> tuple[Interaction, ...]:
    """Return as many interactions."""
    return tuple(interaction(f"repo-{number}") for number in range(size))


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(
        f"{'recorded':>8} {'file':>9} {'json.loads':>10} {'opening':>10} {'transport':>10} {'client':>10} {'memory':>9}"
    )
    is_over = False
    with tempfile.TemporaryDirectory() as directory:
        for size in SIZES:
            path = Path(directory, f"{size}.json")
            opened, sent, called = measure(path, size, rounds)
            content = path.read_bytes()
            parsed = best(rounds, lambda content=content: json.loads(content))
            print(
                f"{size:>8} {len(content) / 2**20:>5.2f} MiB {parsed * 1e3:>7.1f} ms {opened * 1e3:>7.1f} ms "
                f"{sent * 1e6:>7.1f} us {called * 1e6:>7.1f} us {memory(path):>5.1f} MiB"
            )
            is_over = is_over or sent > CALL or opened > OPENING
    print("over budget" if is_over else "within budget")
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main())
