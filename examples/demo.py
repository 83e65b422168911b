"""Runs the complete example twice: against a local Depot in its own process, then over HTTP against a served one.

`make demo` runs this. It shows what each run did in git, and exits with 1 if anything went wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLE = Path(__file__).with_name("complete_example.py")
KEY = "mesa_demo_key"


def run_example(title: str, **environment: str) -> None:
    print(f"\n== {title}")
    print("   " + " ".join(f"{name}={value}" for name, value in environment.items() if name != "MESA_API_KEY"))
    subprocess.run([sys.executable, str(EXAMPLE)], env={**os.environ, "MESA_API_KEY": KEY, **environment}, check=True)


def served(data: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "mesa_transports.local", "--port", "0", "--data", data, "--root-key", KEY]
    depot = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert depot.stdout is not None  # noqa: S101 - a pipe was asked for
    line = depot.stdout.readline()
    url = next((word for word in line.split() if word.startswith("http://")), None)
    if url is None:
        depot.kill()
        raise SystemExit("the local Depot did not start")
    return depot, url


def show_history(data: str) -> None:
    (repository,) = Path(data).rglob("*.git")
    log = ["git", f"--git-dir={repository}", "log", "--graph", "--oneline", "--stat", "main"]
    print("\n== What is in git now (git log --graph --oneline --stat main)", flush=True)
    subprocess.run(log, check=True)
    subprocess.run(["git", f"--git-dir={repository}", "fsck", "--full", "--strict"], check=True)


def main() -> None:
    run_example("The seed's complete example, against a local Depot in its own process", MESA_TRANSPORT="local")
    with tempfile.TemporaryDirectory() as data:
        depot, url = served(data)
        try:
            run_example("The same over HTTP, against a served Depot", MESA_TRANSPORT="requests", MESA_SERVER_URL=url)
            show_history(data)
        finally:
            depot.terminate()
            depot.wait()
    print("\nBoth runs succeeded.")


if __name__ == "__main__":
    main()
