"""The table of what the local Depot does has a row for each of the contract's operations."""

from __future__ import annotations

import re
from pathlib import Path

from operations import OPERATIONS

PAGE = Path(__file__).parents[2] / "docs" / "local-depot.md"


def test_each_operation_has_its_row():
    section = PAGE.read_text(encoding="utf-8").partition("## Operation by operation\n")[2].partition("\n## ")[0]
    head, _, *rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in section.splitlines()
        if line[:1] == "|"
    ]
    assert head == ["operation", "done", "assumed", "not done"]
    assert [row[0] for row in rows] == [f"`{operation.name}`" for operation in OPERATIONS]
    assert all(len(row) == 4 and all(row) for row in rows)
