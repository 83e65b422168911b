"""What one test is told to be secret is taken out of what others recorded into the same file, whoever ends last."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SECRET = "hunter2hunter2"
TESTS = f"""
    import os
    import time
    from pathlib import Path

    import pytest

    pytestmark = pytest.mark.mesa_recording("shared")
    SHARED = Path("recordings", "test_depot", "shared.json")

    def test_told(mesa):
        mesa.webhooks.create(
            org="acme", repo="docs", body={{"url": "https://example.com", "secret": "{SECRET}", "events": ["push"]}}
        )

    def test_untold(mesa):
        # Until the other test has put its part down.
        while "MESA_API_KEY" in os.environ and "webhooks" not in (SHARED.exists() and SHARED.read_text() or ""):
            time.sleep(0.01)
        mesa.repos.create(org="acme", body={{"name": "{SECRET}"}})
        assert mesa.repos.get(org="acme", repo="{SECRET}").org == "acme"
"""
DEPOT = """
    import pytest
    from mesa_sdk import Mesa

    @pytest.fixture(autouse=True)
    def docs(request):
        if request.config.getoption("mesa_record"):
            with Mesa() as client:
                try:
                    client.repos.create(org="acme", body={"name": "docs"})
                except Exception:
                    pass
"""


@pytest.mark.parametrize("workers", [[], pytest.param(["-n2"], marks=pytest.mark.slow)], ids=["alone", "two workers"])
@pytest.mark.parametrize("mode", ["record", "once", "new"])
def test_of_one_test_in_the_recording_of_both(separate, workers, mode):
    separate.pytester.makeconftest(DEPOT)
    separate.write(test_depot=TESTS)
    recorded = separate.record(*workers, mode=mode)
    recorded.assert_outcomes(passed=2)
    text = (separate.pytester.path / "recordings/test_depot/shared.json").read_text()
    assert SECRET not in text
    requests = sorted(each.rstrip("12") for each in separate.requests("test_depot/shared.json"))
    assert requests == ["GET REDACTED_SECRET_", "POST repos", "POST webhooks"]
    replayed = separate.replay("--mesa-fail-unused", *workers)
    replayed.assert_outcomes(passed=2)
    assert replayed.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("content", ["{", None], ids=["damaged", "removed"])
def test_what_cannot_be_cleaned_is_told(separate, content):
    separate.pytester.makeconftest(
        DEPOT
        + f"""
    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(session):
        path = session.config.rootpath / "recordings" / "test_depot" / "shared.json"
        path.unlink()
        if {content!r}:
            path.write_text({content!r})
"""
    )
    separate.write(test_depot=TESTS)
    result = separate.record()
    result.assert_outcomes(passed=2)
    line = "mesa: *shared.json may hold secrets that some tests were told: *shared.json: $: expected JSON: *"
    if content:
        result.stdout.fnmatch_lines([line])
    else:
        result.stdout.no_fnmatch_line(line)
