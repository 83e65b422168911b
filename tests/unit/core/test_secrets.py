"""One secret, planted everywhere a secret can be, is shown nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import Call, Plugin, RawResponse, Request, Response, ResponseValidationError, Retry
from mesa_core.worlds import Blocking
from mesa_sdk import CreatedApiKey, CreatedWebhook, InvalidRequest, LfsObject, Mesa, Upstream

SECRET = "s3cr3t-Xy"
AT = "2026-01-02T03:04:05Z"
WEBHOOK = {"id": "w", "url": "u", "events": [], "branches": None, "globs": None, "created_at": AT, "updated_at": AT}
CREATED_KEY = {"id": "k", "key": SECRET, "name": None, "scopes": [], "created_at": AT}
LFS = {
    "oid": "o",
    "size": 1,
    "exists": True,
    "upload_url": f"https://s/?{SECRET}",
    "download_url": f"https://s/{SECRET}",
}


@pytest.fixture
def planted(client: Callable[..., Mesa], answer: Callable[..., Response]) -> Callable[[object], Mesa]:
    def make(data: object) -> Mesa:
        response = answer(data, Set_Cookie=SECRET, X_Amz_Signature=SECRET)
        return client(response, api_key=SECRET, headers={"X-Private": SECRET}, plugins=[Keeps()])

    return make


class Keeps(Plugin):
    def __init__(self) -> None:
        self.seen: list[object] = []

    def before_request(self, request: Request, call: Call) -> None:
        call.state["key"] = SECRET
        self.seen += [request, call, call.options]

    def after_response(self, response: Response, call: Call) -> Retry | None:
        self.seen += [response, call, call.operation, call.config]


def test_no_repr_shows_it(planted: Callable[[object], Mesa]) -> None:
    mesa = planted(CREATED_KEY)
    result = mesa.raw.admin.create_api_key(org="o", body={"name": SECRET}, request_options={"headers": {"X-P": SECRET}})
    assert isinstance(result, RawResponse)
    assert result.parsed.key == SECRET
    world = mesa.repos.world
    assert isinstance(world, Blocking)
    shown = [mesa, mesa.raw.repos, mesa.repos, world, world.parts.config, mesa.plugins, result, result.parsed]
    for each in [*shown, *mesa.transport.requests]:
        assert SECRET not in repr(each), type(each)
        assert SECRET not in str(each), type(each)


def test_nothing_that_a_plugin_sees_shows_it(planted: Callable[[object], Mesa]) -> None:
    mesa = planted({**WEBHOOK, "secret": SECRET})
    body = {"url": "https://host", "secret": SECRET}
    keeps = Keeps()
    mesa = Mesa(api_key=SECRET, transport=mesa.transport, plugins=[keeps], headers={"X-P": SECRET})
    mesa.webhooks.create(org="o", repo="r", body=body)
    assert len(keeps.seen) == 7
    for each in keeps.seen:
        assert SECRET not in repr(each), type(each)


def test_a_callable_key_is_not_shown_either(client: Callable[..., Mesa]) -> None:
    class Key:
        def __call__(self) -> str:
            return SECRET

        def __repr__(self) -> str:
            return SECRET

    world = client(api_key=Key()).repos.world
    assert isinstance(world, Blocking)
    assert SECRET not in repr(world.parts.config)


@pytest.mark.parametrize(
    ("kind", "data", "field"),
    [
        (CreatedApiKey, CREATED_KEY, "key"),
        (CreatedWebhook, {**WEBHOOK, "secret": SECRET}, "secret"),
        (LfsObject, LFS, "upload_url"),
        (LfsObject, LFS, "download_url"),
    ],
)
def test_models_hide_their_secret_and_tell_whether_there_is_one(
    kind: type[Any], data: dict[str, Any], field: str
) -> None:
    from mesa_core.converter import Json

    model = Json[Any](kind)(Response(200, {}, json.dumps(data).encode()))
    assert SECRET in getattr(model, field)
    assert SECRET not in repr(model)
    assert f"{field}='***'" in repr(model)


def test_a_secret_that_is_not_there_is_shown_as_none() -> None:
    assert "upload_url=None" in repr(LfsObject(oid="o", size=1, exists=True))


@pytest.mark.parametrize("value", [7_654_321, 7_654_321.5, ["7654321"], {"k": "7654321"}, True, None])
@pytest.mark.parametrize(
    ("call", "data", "field"),
    [
        (lambda mesa: mesa.admin.create_api_key(org="o", body={}), CREATED_KEY, "key"),
        (lambda mesa: mesa.webhooks.create(org="o", repo="r", body={"url": "u"}), {**WEBHOOK, "secret": ""}, "secret"),
    ],
)
def test_a_secret_of_a_wrong_type_is_not_in_the_error(
    planted: Callable[[object], Mesa], call: Any, data: dict[str, Any], field: str, value: object
) -> None:
    with pytest.raises(ResponseValidationError, match="expected a string") as caught:
        call(planted({**data, field: value}))
    assert caught.value.path == f"$.{field}"
    assert "7654321" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("value", [7_654_321, ["7654321"], "7654321\ud800"])
def test_a_bodys_secret_of_a_wrong_type_is_not_in_the_error(client: Callable[..., Mesa], value: Any) -> None:
    mesa = client()
    with pytest.raises(InvalidRequest) as webhook:
        mesa.webhooks.create(org="o", repo="r", body={"url": "u", "secret": value})
    with pytest.raises(InvalidRequest) as repo:
        mesa.repos.create(org="o", body={"name": "n", "upstream": {"uri": "u", "token": value}})
    assert "7654321" not in str(webhook.value) + str(repo.value)


def test_an_error_status_shows_neither_key_nor_headers(planted: Callable[[object], Mesa]) -> None:
    mesa = planted(None)
    mesa.transport.continue_with(Response(401, {"Set-Cookie": SECRET}, SECRET.encode()))
    with pytest.raises(Exception, match="401 UNAUTHORIZED") as caught:
        mesa.org.get(org="o")
    assert SECRET not in str(caught.value) + repr(caught.value)


def test_an_upstream_does_not_show_the_password_in_its_url() -> None:
    upstream = Upstream(
        uri="https://bot:hunter2@git.example.com/a.git",
        autosync=None,
        last_sync_attempt=None,
        last_sync_success=None,
        last_sync_error=None,
        has_credential=True,
        credential_host="git.example.com",
    )
    assert "hunter2" not in repr(upstream)
    assert "https://git.example.com/a.git" in repr(upstream)
