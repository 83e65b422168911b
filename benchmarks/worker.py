"""Runs one subject in the environment that it was started in; knows the standard library alone.

    PYTHON worker.py MODULE FUNCTION [ARGUMENT ...]

`subjects/MODULE.py` has a function of that name, which takes the arguments and returns what makes N calls. For each
number N on standard input, N calls are made, and a line tells the seconds that they took and the process's memory in
KiB, resident and at most. What is imported here is imported in every subject, so it is next to nothing.
"""

import gc
import sys
import time


def memory() -> tuple[int, int]:
    """Return the process's memory in KiB: what is resident, and the most that was; the latter alone if need be."""
    try:
        with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib would be memory of ours
            sizes = {
                name: size.split()[0] for name, _, size in (line.partition(":") for line in status) if "Vm" in name
            }
        return int(sizes["VmRSS"]), int(sizes["VmHWM"])
    except FileNotFoundError:
        import resource  # noqa: PLC0415 - as above

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        most = most // 1024 if sys.platform == "darwin" else most
        return most, most


def main() -> None:
    """Take orders until there are no more."""
    module, function, *arguments = sys.argv[1:]
    subjects = getattr(__import__(f"subjects.{module}"), module)
    calls = getattr(subjects, function)(*arguments)
    gc.collect()
    gc.freeze()  # or one round, and not the next, would pay for looking at all that was imported
    for line in sys.stdin:
        began = time.perf_counter()
        calls(int(line))
        print(time.perf_counter() - began, *memory(), flush=True)


main()
