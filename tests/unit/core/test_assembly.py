"""A client's transport: by name, by object, or from a plugin that it was given."""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from mesa_core import Plugin, PluginError, Response, TwoWorlds
from mesa_sdk import AsyncMesa, ConfigurationError, Mesa

Client = Callable[..., Mesa]


class Made:
    """A transport that remembers how it was made."""

    def __init__(self, *, proxy: str | None = None, verify: bool = True) -> None:
        self.options = {"proxy": proxy, "verify": verify}
        self.closed = 0

    def send(self, request: object, /) -> Response:
        return Response(404)

    def close(self) -> None:
        self.closed += 1


class Offers(Plugin):
    def __init__(self, offers: Any) -> None:
        self.offers = offers

    def provide_transports(self) -> Mapping[str, Any]:
        return self.offers


def test_an_object_is_used_as_it_is_and_stays_its_owners(client: Client, script: Any) -> None:
    transport = script(Response(404))
    with client(transport=transport) as mesa:
        assert mesa.transport is transport
    mesa.close()
    assert transport.closed == 0


def test_a_transport_that_is_falsy_is_used_all_the_same(client: Client) -> None:
    class Empty(Made):
        def __len__(self) -> int:
            return 0

    transport = Empty()
    assert client(transport=transport).transport is transport


def test_one_made_by_name_is_closed_with_the_client(client: Client) -> None:
    with client(transport="made", plugins=[Offers({"made": Made})]) as mesa:
        transport: Any = mesa.transport
        assert transport.closed == 0
    assert transport.closed == 1


@pytest.mark.parametrize(("name", "kind"), [("httpx", "HttpxTransport"), ("requests", "RequestsTransport")])
def test_built_in_ones_come_by_name_or_from_the_environment(
    client: Client, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    with client(transport=name) as mesa:
        assert type(mesa.transport).__name__ == kind
        assert repr(mesa) == f"<Mesa https://depot.mesa.dev/api/v1 via {kind}>"
    monkeypatch.setenv("MESA_TRANSPORT", name)
    with Mesa(api_key="key") as mesa:
        assert type(mesa.transport).__name__ == kind


def test_httpx_is_the_default() -> None:
    with Mesa(api_key="key") as mesa:
        assert type(mesa.transport).__name__ == "HttpxTransport"


def test_options_go_to_the_factory(client: Client) -> None:
    mesa = client(transport="made", transport_options={"proxy": "p"}, plugins=[Offers({"made": Made})])
    assert mesa.transport.options == {"proxy": "p", "verify": True}


@pytest.mark.parametrize("offers", [{"made": Made}, MappingProxyType({"made": Made})])
def test_a_given_plugin_provides_transports_in_any_mapping(client: Client, offers: Any) -> None:
    assert isinstance(client(transport="made", plugins=[Offers(offers)]).transport, Made)


def test_the_first_plugin_to_offer_a_name_has_it(client: Client) -> None:
    class Other(Made):
        pass

    plugins = [Offers({"made": Made}), Offers({"made": Other, "other": Other})]
    assert type(client(transport="made", plugins=plugins).transport) is Made
    assert type(client(transport="other", plugins=plugins).transport) is Other


def test_an_offer_that_is_no_mapping_is_the_plugins_error(client: Client) -> None:
    with pytest.raises(PluginError, match="returned list, not Mapping or None in provide_transports"):
        client(transport="made", plugins=[Offers(["made"])])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"prox": "p"},
            r"transport_options of 'made': unknown option 'prox'; did you mean 'proxy'\? .*: proxy, verify",
        ),
        ({"self": 1}, "transport_options of 'made': unknown option 'self'"),
    ],
)
def test_a_wrong_option_is_named_with_the_near_one(client: Client, options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        client(transport="made", transport_options=options, plugins=[Offers({"made": Made})])


def test_a_missing_option_is_told(client: Client) -> None:
    def needs(*, path: str) -> Made:
        return Made(proxy=path)

    with pytest.raises(ConfigurationError, match="transport_options of 'needs': expected path, got none"):
        client(transport="needs", plugins=[Offers({"needs": needs})])


def test_options_of_an_object_are_refused(client: Client) -> None:
    with pytest.raises(ConfigurationError, match="they are for a transport given by name"):
        client(transport=Made(), transport_options={"proxy": "p"})


class AsyncOnly:
    async def asend(self, request: object, /) -> Response:
        return Response(404)

    async def aclose(self) -> None: ...


def test_one_made_by_name_is_closed_when_its_client_is_forgotten_though_warnings_are_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda caught: unraisable.append(caught.exc_type))
    mesa = Mesa(api_key="k", transport="made", plugins=[Offers({"made": Made})])
    transport: Any = mesa.transport
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del mesa
        gc.collect()
    assert unraisable == [ResourceWarning]
    assert transport.closed == 1


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"transport": AsyncOnly()}, "AsyncOnly"),
        ({"transport": "mine", "plugins": [Offers({"mine": AsyncOnly})]}, "'mine'"),
        ({"transport": 5}, "int"),
    ],
)
def test_a_transport_of_the_other_world_is_refused_with_the_names_of_those_that_work(
    client: Client, options: Any, name: str
) -> None:
    message = f"transport: Mesa cannot use {name}, which has no send and close; those that it can: .*httpx.*requests"
    with pytest.raises(ConfigurationError, match=message):
        client(**options)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"transport": Made()}, "Made"),
        ({"transport": "mine", "plugins": [Offers({"mine": Made})]}, "'mine'"),
        ({"transport": "requests"}, "'requests'"),
    ],
)
def test_a_blocking_transport_is_refused_by_an_async_client(options: Any, name: str) -> None:
    message = f"transport: AsyncMesa cannot use {name}, which has no asend and aclose; those that it can: .*local"
    with pytest.raises(ConfigurationError, match=message) as caught:
        AsyncMesa(api_key="key", **options)
    assert "requests" not in str(caught.value).partition("that it can")[2]


def test_a_built_in_transport_whose_library_is_missing_is_not_named(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mesa_transports.local", None)
    with pytest.raises(ConfigurationError, match=r"those that it can: .*httpx.*requests") as caught:
        client(transport=5)
    assert "local" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"transport 'local' of mesa-sdk .* cannot be loaded"):
        client(transport="local")


def test_an_async_transport_left_open_warns_and_lets_go_of_its_sockets_itself() -> None:
    clients = [AsyncMesa(api_key="key", transport="mine", plugins=[Offers({"mine": AsyncOnly})])]
    with pytest.warns(ResourceWarning, match="a client was not closed: AsyncOnly"):
        clients.clear()


def test_one_name_may_have_a_class_for_each_world(client: Client) -> None:
    both = Offers({"mine": TwoWorlds(Made, AsyncOnly)})
    assert isinstance(client(transport="mine", plugins=[both]).transport, Made)
    mesa = AsyncMesa(api_key="key", transport="mine", plugins=[both])
    assert isinstance(mesa.transport, AsyncOnly)
    asyncio.run(mesa.aclose())


@pytest.mark.parametrize("factory", [5, lambda: 1 / 0], ids=["no factory", "a factory that fails"])
def test_a_factory_that_makes_no_transport_is_named(factory: object) -> None:
    class Odd(Plugin):
        def provide_transports(self) -> dict[str, object]:
            return {"odd": factory}

    with pytest.raises(ConfigurationError, match="transport 'odd'"):
        Mesa(api_key="k", transport="odd", plugins=[Odd()])


def test_a_transport_class_instead_of_an_object_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="expected a name or an object, got the class Script"):
        Mesa(api_key="k", transport=type("Script", (), {}))


def test_a_factory_without_a_signature_is_called_all_the_same() -> None:
    class Odd(Plugin):
        def provide_transports(self) -> dict[str, object]:
            return {"odd": getattr}  # written in C; what it says of its arguments is the word that counts

    with pytest.raises(ConfigurationError, match="transport 'odd' cannot be made: TypeError"):
        Mesa(api_key="k", transport="odd", plugins=[Odd()], transport_options={"x": 1})


def test_the_transports_that_work_are_all_named() -> None:
    with pytest.raises(ConfigurationError) as refused:
        AsyncMesa(api_key="k", transport="requests")
    assert str(refused.value) == (
        "transport: AsyncMesa cannot use 'requests', which has no asend and aclose; "
        "those that it can: aiohttp, httpx, httpx2, local, recorded"
    )
    with pytest.raises(ConfigurationError) as refused:
        Mesa(api_key="k", transport="aiohttp")
    assert str(refused.value).endswith("those that it can: httpx, httpx2, local, recorded, requests, urllib3")


def test_what_a_factory_says_of_its_options_is_said_as_it_is() -> None:
    with pytest.raises(ConfigurationError, match=r"^pool_size: expected"):
        Mesa(api_key="k", transport="httpx", transport_options={"pool_size": 0})
