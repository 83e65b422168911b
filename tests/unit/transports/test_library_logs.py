"""What libraries log is redacted in our own attempts, and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from mesa_core import Request
from mesa_transports._attempt import Attempt
from mesa_transports._library_logs import hide_secrets_of

URL = "https://u:s3c@host/a?path=s3c"


@pytest.fixture
def logger(caplog: pytest.LogCaptureFixture) -> Iterator[logging.Logger]:
    name = "another.package"
    hide_secrets_of(name)
    hide_secrets_of(name)
    caplog.set_level(logging.DEBUG, name)
    logger = logging.getLogger(name)
    assert len(logger.filters) == 1
    yield logger
    logger.filters.clear()


def test_in_an_attempt_only_what_is_known_to_be_harmless_is_left(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    with Attempt(Request("GET", URL)):
        try:
            {}[URL]
        except LookupError as error:
            logger.warning("failed (%s) %d times in %.1f s: %r, %s", URL, 2, 0.5, error, None, exc_info=True)
        logger.debug("receive.complete return_value=(b'Set-Cookie', b's3c')")
        logger.debug("send.started")
    assert caplog.messages == [
        "failed (https://host/a?path=***) 2 times in 0.5 s: 'KeyError', None",
        "receive.complete ***",
        "send.started",
    ]
    assert "s3c" not in caplog.text


def test_records_of_others_stay_as_they_are(logger: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    logger.debug("GET %s", URL)
    logger.debug("receive.complete return_value=s3c")
    assert caplog.messages == [f"GET {URL}", "receive.complete return_value=s3c"]
