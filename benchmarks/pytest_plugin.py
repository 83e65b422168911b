"""What the pytest plugin costs a run that does not use it.

    python benchmarks/pytest_plugin.py [--rounds 15] [--tests 1000]

The same suite, with the plugin and without it (`-p no:mesa`), each run in a process of its own. The two take turns and
the medians of the rounds are compared, because a machine does not hold its speed.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUN = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
CANDIDATES = {"without": (*RUN, "-p", "no:mesa"), "with": RUN}


def seconds(command: tuple[str, ...], folder: str) -> float:
    """Return the seconds of a processor that a run takes; what else the machine does counts less than on a clock."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - the command is ours
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def compare(tests: int, rounds: int) -> None:
    """Print the medians of a suite of so many tests, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_plain.py").write_text(
            f"import pytest\n\n@pytest.mark.parametrize('number', range({tests}))\ndef test_it(number): pass\n"
        )
        times: dict[str, list[float]] = {name: [] for name in CANDIDATES}
        for turn in range(rounds + 1):
            for name, command in CANDIDATES.items():
                taken = seconds(command, folder)
                if turn:  # the first one writes bytecode
                    times[name].append(taken)
    without, plugin = (statistics.median(times[name]) for name in CANDIDATES)
    print(
        f"{tests:5} tests: {1000 * without:7.1f} ms without, {1000 * plugin:7.1f} ms with the plugin: "
        f"x {plugin / without:.3f}, {1000 * (plugin - without):+.1f} ms"
    )


def main() -> None:
    """Print what a run of one test pays, and one of many."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tests", type=int, default=1000)
    options = parser.parse_args()
    for tests in (1, options.tests):
        compare(tests, options.rounds)


if __name__ == "__main__":
    main()
