"""Upstreams that the local Depot polls by itself, by its clock."""

from __future__ import annotations

import gc
import logging
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mesa_sdk import ConnectError, Mesa, SyncFailed, SyncOk
from mesa_transports.local import LocalDepot, ManualClock

HERE = {"org": "acme", "repo": "app"}

Commit = Callable[[str], str]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def depot(clock: ManualClock) -> Iterator[LocalDepot]:
    with LocalDepot(clock=clock) as depot:
        yield depot


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    path = tmp_path / "upstream"
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    commit(path, "first")
    return path


def commit(path: Path, message: str) -> None:
    git = ["git", "-C", str(path), "-c", "user.name=U", "-c", "user.email=u@example.com"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", message], check=True)


@pytest.fixture
def client(depot: LocalDepot, upstream: Path) -> Mesa:
    client = Mesa(api_key="k", transport=depot)
    polled = {"uri": str(upstream), "autosync": {"type": "poll", "period": 60}}
    client.repos.create(org="acme", body={"name": "app", "upstream": polled})
    return client


def messages(client: Mesa) -> list[str]:
    return [each.message.strip() for each in client.commits.list(**HERE)]


def test_it_syncs_when_the_period_has_passed(depot, client, clock, upstream):
    depot.sync_due()
    assert messages(client) == ["first"]
    commit(upstream, "second")
    clock.advance(59)
    depot.sync_due()
    assert messages(client) == ["first"]
    clock.advance(1)
    depot.sync_due()
    assert messages(client) == ["second", "first"]
    depot.sync_due()
    assert messages(client) == ["second", "first"]
    assert isinstance(client.repos.get_sync_status(**HERE).status, SyncOk)


def test_a_sync_that_was_asked_for_counts(depot, client, clock, upstream):
    client.repos.sync(**HERE)
    commit(upstream, "second")
    clock.advance(59)
    depot.sync_due()
    assert messages(client) == ["first"]
    clock.advance(1)
    depot.sync_due()
    assert messages(client) == ["second", "first"]


def test_one_without_a_period_is_left_alone(depot, client, clock, upstream):
    client.repos.update(**HERE, body={"upstream": {"uri": str(upstream)}})
    before = client.repos.get_sync_status(**HERE)
    clock.advance(10_000)
    depot.sync_due()
    assert client.repos.get_sync_status(**HERE) == before


def test_a_failure_is_kept_and_tried_again_and_stops_no_other(depot, client, clock, upstream, caplog):
    gone = {"uri": str(upstream.parent / "gone"), "autosync": {"type": "poll", "period": 60}}
    client.repos.create(org="acme", body={"name": "broken", "upstream": gone})
    with caplog.at_level(logging.WARNING, "mesa.local"):
        depot.sync_due()
    assert messages(client) == ["first"]
    status = client.repos.get_sync_status(org="acme", repo="broken").status
    assert isinstance(status, SyncFailed)
    assert "autosync of acme/broken: sync failed: " in caplog.text
    clock.advance(60)
    Path(gone["uri"]).symlink_to(upstream)
    depot.sync_due()
    assert isinstance(client.repos.get_sync_status(org="acme", repo="broken").status, SyncOk)


def test_branches_that_diverged_are_an_error(depot, client, clock, upstream):
    depot.sync_due()
    body = {"branch": "main", "message": "ours", "author": {"name": "B", "email": "b@example.com"}, "edits": []}
    client.commits.create(**HERE, body=body)
    commit(upstream, "theirs")
    clock.advance(60)
    depot.sync_due()
    status = client.repos.get_sync_status(**HERE).status
    assert isinstance(status, SyncFailed)
    assert "main" in status.message
    assert messages(client) == ["ours", "first"]


def test_it_goes_by_itself(upstream, tmp_path):
    """The thread looks each second, by whatever clock the Depot has; also of a Depot that is opened again."""
    for turn in range(2):
        with LocalDepot(tmp_path / "data", root_key="k", clock=(clock := ManualClock())) as depot:
            client = Mesa(api_key="k", transport=depot)
            if turn == 0:
                polled = {"uri": str(upstream), "autosync": {"type": "poll", "period": 60}}
                client.repos.create(org="acme", body={"name": "app", "upstream": polled})
            else:
                commit(upstream, "second")
                clock.advance(3600)
            told = threading.Event()
            record = depot._services.upstreams.succeeded
            depot._services.upstreams.succeeded = lambda each, record=record, told=told: (record(each), told.set())
            assert told.wait(30)
            assert len(messages(client)) == turn + 1


def test_a_depot_that_is_gone_looks_no_more(clock, upstream):
    def polls() -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each.name == "mesa-autosync"]

    before = polls()
    depot = LocalDepot(clock=clock)
    assert polls() == before
    polled = {"uri": str(upstream), "autosync": {"type": "poll", "period": 60}}
    Mesa(api_key="k", transport=depot).repos.create(org="acme", body={"name": "app", "upstream": polled})
    (thread,) = set(polls()) - set(before)
    depot.close()
    thread.join(30)
    assert not thread.is_alive()
    with pytest.raises(ConnectError):
        depot.sync_due()


def test_a_depot_that_nobody_closed_looks_no_more_either(upstream):
    depot = LocalDepot()
    client = Mesa(api_key="k", transport=depot)
    polled = {"uri": str(upstream), "autosync": {"type": "poll", "period": 2_000_000}}
    client.repos.create(org="acme", body={"name": "app", "upstream": polled})
    thread = next(each for each in threading.enumerate() if each.name == "mesa-autosync")
    del depot, client
    gc.collect()
    thread.join(30)
    assert not thread.is_alive()
