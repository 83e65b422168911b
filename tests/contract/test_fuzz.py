"""The served Depot, fuzzed from the contract: whatever is asked, the answer is one that the contract allows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests
import schemathesis
from conftest import ROOT_KEY, fsck
from fuzzing import contract, examples, in_the_envelope, known, linked, operations, refusals_listed, sane_headers

import mesa_transports.local.refusals
from mesa_transports.local import LocalDepot, ManualClock
from mesa_transports.local.refusals import Refusal

CHECKS = [in_the_envelope, sane_headers]
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "BREW"}
# The contract does not say what a branch may be called, so what it lets pass may be 400 all the same.
LENIENT = {"checks": {"positive_data_acceptance": {"enabled": False}}}
# Whatever is generated, the tests send their key: a request without one is a test of its own.
LOOSE = {**LENIENT, "generation": {"with-security-parameters": False}}
# Of what the narrowed one lets pass, only a sync may be: without an upstream, or one that cannot be reached.
STRICT = {
    "generation": {"mode": "positive"},
    # What was deleted may have been made again under its name; `gone` asks at once.
    "checks": {"negative_data_rejection": {"enabled": False}, "use_after_free": {"enabled": False}},
    "operations": [{"include-path": "/{org}/{repo}/sync", **LENIENT}],
}


def read(document, config):
    return schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(config))


anything = read(contract(), LOOSE)
about_one = read(known(), LOOSE)
chained = read(linked(), STRICT)


@pytest.fixture
def depot():
    """A Depot that gives the same answers to the same questions, once it is back where it began."""
    with LocalDepot(root_key=ROOT_KEY, seed="fuzz", clock=ManualClock(), webhook_waits=()) as depot:
        yield depot
        fsck(depot)


@pytest.fixture
def begin(depot, request):
    """Go back to where an example begins: what fails then fails again, whatever came before it."""
    if "repository" in request.fixturenames:
        request.getfixturevalue("repository")
    snapshot = depot.snapshot()
    return lambda: depot.restore(snapshot)


@pytest.fixture
def key(depot):
    return {"Authorization": f"Bearer {depot.root_key}"}


@pytest.fixture
def repository(server, key):
    """A repository acme/r whose branches differ."""
    url, author = f"{server.url}/acme", {"name": "Bot", "email": "bot@example.com"}

    def post(path, **body):
        assert requests.post(url + path, json=body, headers=key, timeout=10).status_code == 201

    def commit(branch, path):
        edit = {"path": path, "content": branch}
        post("/r/commits", branch=branch, message="m", author=author, files=[edit])

    post("/repos", name="r")
    commit("main", "a/b")
    for branch in ("side", "a/b"):
        post("/r/branches", **{"name": branch, "from": "main"})
        commit(branch, f"c/{branch}")


@pytest.mark.slow
@anything.parametrize()
@examples(6)
def test_whatever_is_asked_is_answered_as_the_contract_says(case, server, key, begin):
    begin()
    case.call_and_validate(base_url=server.url, headers=key, additional_checks=CHECKS)


@pytest.mark.slow
@about_one.parametrize()
@examples(10)
def test_whatever_is_asked_about_a_repository_is_answered_as_the_contract_says(case, server, key, repository, begin):
    begin()
    case.call_and_validate(base_url=server.url, headers=key, additional_checks=CHECKS)


@pytest.mark.slow
def test_chains_of_operations_about_what_they_made(server, key, repository, begin):
    class Chains(chained.as_state_machine()):
        def setup(self):
            begin()

        def get_call_kwargs(self, case):
            return {"headers": key, "base_url": server.url}

        def validate_response(self, response, case, **options):
            super().validate_response(response, case, additional_checks=CHECKS, **options)
            if case.method == "DELETE" and response.status_code == 200:
                gone(response.request.url, key)

    Chains.run(settings=examples(8))


def gone(url, headers):
    """Hold what was deleted to be gone; a key that was revoked may be revoked again."""
    answered("DELETE", url, 200 if "/api-keys/" in url else 404, headers)


def url_of(server, path):
    """Return the URL of an operation about the repository acme/r."""
    known = {"org": "acme", "repo": "r", "branch": "side", "base": "main"}
    return server.url + re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], "any"), path)


def answered(method, url, status, headers):
    response = requests.request(method, url, headers=headers, json={}, timeout=10)
    assert response.status_code == status, (method, url, response.text)
    return response


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer mesa_wrong",
        "Basic dDptZXNhX3dyb25n",
        "Bearer {key}x",
        "Token {key}",
        "{key}",
    ],
)
def test_no_operation_lets_anyone_in_without_a_key(server, repository, depot, authorization):
    headers = {} if authorization is None else {"Authorization": authorization.format(key=depot.root_key)}
    for method, path in operations():
        answer = answered(method, url_of(server, path), 401, headers)
        assert answer.json()["error"]["code"] == "UNAUTHORIZED"
        assert answer.headers["WWW-Authenticate"]


def test_every_other_method_is_refused_and_told_the_right_ones(server, key):
    allowed = {}
    for method, path in operations():
        allowed.setdefault(path, set()).add(method.upper())
    for path, right in allowed.items():
        with_head = right | ({"HEAD"} if "GET" in right else set())
        for method in sorted(METHODS - right):
            answer = answered(method, url_of(server, path), 405, key)
            assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
            assert set(answer.headers["Allow"].split(", ")) == with_head, (method, path)
        if "GET" not in right:
            answered("HEAD", url_of(server, path), 405, key)


def test_the_refusals_that_the_contract_does_not_list_are_in_the_docs():
    listed = {(status, code) for status, codes in refusals_listed().items() for code in codes}
    text = (Path(__file__).parents[2] / "docs" / "local-depot.md").read_text(encoding="utf-8")
    kinds = [kind for kind in vars(mesa_transports.local.refusals).values() if isinstance(kind, type)]
    refusals = {(kind.status, kind.code) for kind in kinds if issubclass(kind, Refusal) and kind is not Refusal}
    assert {status for status, _ in refusals - listed} == {405, 413, 416, 431, 501}
    for status, _ in refusals - listed:
        assert re.search(rf"\b{status}\b", text)
