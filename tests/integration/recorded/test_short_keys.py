"""A key that is a word, such as "test": in what was recorded with another key, that word is no secret."""

from __future__ import annotations

import pytest
from conftest import ROOT_KEY

from mesa_sdk import Mesa


@pytest.mark.parametrize("key", ["test", "main", "my-org"])
@pytest.mark.parametrize("there", [1, 20])
def test_one_that_adds_leaves_what_is_there(path, key, there):
    def client(key: str, mode: str) -> Mesa:
        return Mesa(api_key=key, transport="recorded", transport_options={"path": path, "mode": mode, "inner": "local"})

    names = ["test", *(f"r{number}" for number in range(there))]
    with client(ROOT_KEY, "record") as first:
        for name in names:
            first.repos.create(org="my-org", body={"name": name})
    before = path.read_text().splitlines()
    with client(key, "new") as other:
        other.repos.create(org="my-org", body={"name": "other"})
    assert path.read_text().splitlines()[: len(before) - 3] == before[:-3]  # but for the brackets at the end
    for replaying in (ROOT_KEY, key):
        with client(replaying, "replay") as again:
            for name in names:
                assert again.repos.create(org="my-org", body={"name": name}).name == name
            again.repos.create(org="my-org", body={"name": "other"})
