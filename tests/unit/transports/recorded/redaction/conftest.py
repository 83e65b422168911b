"""What tests of redaction share: a key, and a redactor that has seen it."""

from __future__ import annotations

import pytest
from disguises import KEY, ODD, request

from mesa_transports.recorded.redaction import Redactor

KEYS = {"a key": KEY, "an odd key": ODD, "a key of eight": "k3y/+?=z"}


@pytest.fixture(params=KEYS.values(), ids=KEYS)
def key(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def redactor(key: str) -> Redactor:
    """Has seen the key as the API key of a request."""
    made = Redactor()
    made.request(request(Authorization=f"Bearer {key}"))
    return made
