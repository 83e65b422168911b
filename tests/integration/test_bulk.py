"""A job that outgrows one process: the example for Dask, with a client that is pickled to the workers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "bulk_dask.py"


@pytest.mark.slow
def test_2000_repositories_on_a_cluster_give_what_one_process_gives():
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "--make", "2000", "--workers", "2"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"2000 repositories, equal results: ", done.stdout)
