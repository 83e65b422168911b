"""Runs one audit over many repositories on a Dask cluster, and compares it with the run in a single process.

    MESA_API_KEY=… python examples/bulk_dask.py --org my-org            # the organization's repositories
    python examples/bulk_dask.py --make 2000                            # 2,000 made up in a local Depot

A client pickles as its configuration: each worker process opens connections of its own. Needs
`pip install distributed`, and `mesa-sdk[local]` for --make.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from distributed import Client, LocalCluster

from mesa_sdk import Mesa

KEY = "mesa_bulk_key"


def audit(client: Mesa, org: str, names: list[str]) -> dict[str, tuple[str, int]]:
    """Return each repository's default branch and number of branches."""
    findings = {}
    for name in names:
        repo = client.repos.get(org=org, repo=name)
        findings[name] = (repo.default_branch, sum(1 for _ in client.branches.list(org=org, repo=name)))
    return findings


def in_batches(names: list[str], size: int) -> Iterator[list[str]]:
    """Cut the work into tasks that are worth sending to a worker."""
    for start in range(0, len(names), size):
        yield names[start : start + size]


def on_cluster(client: Mesa, org: str, names: list[str], workers: int) -> dict[str, tuple[str, int]]:
    """Run the audit on worker processes; the client is pickled to each of them."""
    with (
        LocalCluster(n_workers=workers, threads_per_worker=4, dashboard_address=None) as cluster,
        Client(cluster) as dask,
    ):
        tasks = [dask.submit(audit, client, org, batch, pure=False) for batch in in_batches(names, 50)]
        findings: dict[str, tuple[str, int]] = {}
        for found in dask.gather(tasks):
            findings |= found
        return findings


@contextmanager
def served_depot() -> Iterator[str]:
    """Serve a local Depot in a process of its own; yield its URL."""
    command = [sys.executable, "-m", "mesa_transports.local", "--port", "0", "--root-key", KEY]
    depot = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield next(word for word in depot.stdout.readline().split() if word.startswith("http://"))
    finally:
        depot.terminate()
        depot.communicate()


def make(client: Mesa, org: str, count: int) -> None:
    """Make up repositories."""
    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(
                lambda number: client.repos.create(
                    org=org, body={"name": f"repo-{number:04}", "default_branch": ("main", "trunk")[number % 2]}
                ),
                range(count),
            )
        )


def compare(client: Mesa, org: str, workers: int) -> None:
    """Run the audit both ways and fail unless the results are equal."""
    names = [repo.name for repo in client.repos.list(org=org, limit=100)]
    started = time.perf_counter()
    alone = audit(client, org, names)
    between = time.perf_counter()
    together = on_cluster(client, org, names, workers)
    ended = time.perf_counter()
    if alone != together:
        raise SystemExit("the results differ")
    print(f"{len(names)} repositories, equal results: {between - started:.1f} s in one process, ", end="")
    print(f"{ended - between:.1f} s on {workers} workers, their start included")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--org", default="my-org")
    parser.add_argument("--make", type=int, metavar="N", help="serve a local Depot with N repositories and audit those")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.make is None:
        with Mesa() as client:
            compare(client, options.org, options.workers)
        return
    with served_depot() as url, Mesa(api_key=KEY, server_url=url) as client:
        make(client, options.org, options.make)
        compare(client, options.org, options.workers)


if __name__ == "__main__":
    main()
