"""Arguments, then the environment, then the defaults; each checked, and named where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import Backoff, ConfigurationError, Response, RetryConfig
from mesa_core.config import DEFAULT_SERVER_URL
from mesa_core.worlds import Blocking, Parts
from mesa_sdk import Mesa

Client = Callable[..., Mesa]
ORG = b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}'


def parts(mesa: Mesa) -> Parts:
    world = mesa.repos.world
    assert isinstance(world, Blocking)
    return world.parts


def retries(mesa: Mesa) -> RetryConfig:
    return parts(mesa).config.options.retries


def sent(mesa: Mesa) -> Any:
    mesa.org.get(org="o")
    return mesa.transport.requests[-1]


def good(client: Client, **options: Any) -> Mesa:
    return client(Response(200, {}, ORG), **options)


class TestApiKey:
    def test_a_str_is_sent(self, client: Client) -> None:
        assert sent(good(client, api_key="mesa_1")).headers["Authorization"] == "Bearer mesa_1"

    def test_the_environment_is_asked_where_there_is_no_argument(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MESA_API_KEY", "mesa_env")
        assert sent(good(client, api_key=None)).headers["Authorization"] == "Bearer mesa_env"
        assert sent(good(client, api_key="mesa_arg")).headers["Authorization"] == "Bearer mesa_arg"

    def test_a_callable_is_asked_for_each_request(self, client: Client) -> None:
        keys = iter(["mesa_1", "mesa_2"])
        mesa = good(client, api_key=lambda: next(keys))
        assert [sent(mesa).headers["Authorization"] for _ in range(2)] == ["Bearer mesa_1", "Bearer mesa_2"]

    @pytest.mark.parametrize("key", [None, ""])
    def test_without_one_the_error_says_what_to_set(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, key: str | None
    ) -> None:
        monkeypatch.setenv("MESA_API_KEY", "")
        with pytest.raises(ConfigurationError, match=r"api_key=….*MESA_API_KEY"):
            client(api_key=key)

    @pytest.mark.parametrize("key", ["   ", "\t", "mesa 1", "mesa_1\n", "mesa_1\r\nX: y", "mesa_ü", "mesa_\0"])
    def test_one_that_cannot_travel_is_refused_and_not_shown(self, client: Client, key: str) -> None:
        with pytest.raises(ConfigurationError, match="api_key: the key") as caught:
            client(api_key=key)
        assert "mesa_" not in str(caught.value)

    @pytest.mark.parametrize("key", [5, b"mesa_1", ["mesa_1"]])
    def test_another_type_is_named(self, client: Client, key: Any) -> None:
        with pytest.raises(ConfigurationError, match=f"api_key: expected a str .* got {type(key).__name__}"):
            client(api_key=key)

    def test_none_is_needed_where_auth_is_off(self, client: Client) -> None:
        mesa = good(client, api_key=None, disable_plugins=["auth"])
        assert "Authorization" not in sent(mesa).headers


class TestServerUrl:
    def test_the_default_is_the_services_own(self, client: Client) -> None:
        assert DEFAULT_SERVER_URL == "https://depot.mesa.dev/api/v1"
        assert sent(good(client)).url == "https://depot.mesa.dev/api/v1/o"

    def test_the_environment_and_then_the_argument_replace_it(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MESA_SERVER_URL", "https://env.example/v1")
        assert sent(good(client)).url == "https://env.example/v1/o"
        assert sent(good(client, server_url="https://arg.example/v1/")).url == "https://arg.example/v1/o"

    @pytest.mark.parametrize(
        "url", ["http://localhost:8080", "http://127.0.0.1:1/x", "http://[::1]:8080", "https://host", "HTTPS://Host:1"]
    )
    def test_https_anywhere_and_plain_http_to_this_machine_are_allowed(self, client: Client, url: str) -> None:
        assert sent(good(client, server_url=url)).headers["Authorization"] == "Bearer key"

    @pytest.mark.parametrize(
        "url", ["http://depot.mesa.dev/api/v1", "http://10.0.0.1", "http://localhost.evil.example"]
    )
    def test_plain_http_elsewhere_needs_to_be_allowed(self, client: Client, url: str) -> None:
        with pytest.raises(ConfigurationError, match="allow_http=True"):
            client(server_url=url)
        assert sent(good(client, server_url=url, allow_http=True)).url == f"{url}/o"

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("depot.mesa.dev", "an http or https URL such as https://depot.mesa.dev/api/v1, got one without a scheme"),
            ("hunter2", "got one without a scheme"),  # a key in the wrong place
            ("ftp://host", "got one of another scheme"),
            ("https://", "got one without a host"),
            ("https://host:0", "or with port 0"),
            ("https://host/a b", "got one with white space"),
            ("/api/v1", "got one without a scheme"),
            ("user:hunter2@host", "got one without a scheme"),
            ("/api/v1?key=hunter2", "got one without a scheme"),
            ("https://user@host", "no user information"),
            ("https://user:hunter2@host", "no user information"),
            ("https://host?token=hunter2", "no user information, query"),
            ("https://host/#x", "query or fragment"),
            ("https://host:99999", "the host or the port is malformed"),
            ("https://user:hunter2", "the host or the port is malformed"),
            ("https://[::1", "the host or the port is malformed"),
            (5, "expected a str, got int"),
        ],
    )
    def test_another_is_refused_and_no_password_shown(self, client: Client, url: Any, message: str) -> None:
        with pytest.raises(ConfigurationError, match=f"server_url: .*{message}") as caught:
            client(server_url=url)
        assert "hunter2" not in str(caught.value)

    def test_one_of_the_environment_is_said_to_be_from_there(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MESA_SERVER_URL", "depot.mesa.dev")
        with pytest.raises(
            ConfigurationError, match=r"^server_url \(MESA_SERVER_URL\): expected .*got one without a scheme"
        ):
            client(server_url=None)


class TestTimeout:
    @pytest.mark.parametrize(("given", "seconds"), [(None, 30.0), (1, 0.001), (1500, 1.5), (0.5, 0.0005)])
    def test_is_in_milliseconds(self, client: Client, given: Any, seconds: float) -> None:
        assert sent(good(client, timeout_ms=given)).timeout == seconds

    @pytest.mark.parametrize("given", [0, -1, float("nan"), float("inf"), True, "30", 10**400, [1]])
    def test_is_a_positive_number(self, client: Client, given: Any) -> None:
        with pytest.raises(ConfigurationError, match="timeout_ms: expected a positive number of milliseconds"):
            client(timeout_ms=given)


class TestRetryConfig:
    def test_the_default_is_four_attempts_within_five_minutes(self, client: Client) -> None:
        backoff = Backoff(initial_interval=500, max_interval=60_000, exponent=1.5, max_elapsed_time=300_000)
        assert retries(client()) == RetryConfig(strategy="backoff", backoff=backoff, max_attempts=4)

    @pytest.mark.parametrize(
        ("given", "meant"),
        [
            ({}, RetryConfig()),
            ({"strategy": "none"}, RetryConfig(strategy="none")),
            ({"strategy": "backoff", "backoff": {"exponent": 2}}, RetryConfig(backoff=Backoff(exponent=2))),
            ({"backoff": Backoff(max_interval=1), "max_attempts": 7}, None),
            (RetryConfig(max_attempts=2), RetryConfig(max_attempts=2)),
            ({"max_attempts": None}, RetryConfig()),
        ],
    )
    def test_a_dict_and_the_class_are_alike(self, client: Client, given: Any, meant: RetryConfig | None) -> None:
        meant = meant or RetryConfig(backoff=Backoff(max_interval=1), max_attempts=7)
        assert retries(client(retry_config=given)) == meant

    def test_one_that_is_given_has_no_bound_on_attempts_of_its_own(self, client: Client) -> None:
        assert retries(client(retry_config={"strategy": "backoff"})).max_attempts is None

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"strategi": "none"}, "retry_config: unknown key 'strategi'; did you mean 'strategy'"),
            ({"backoff": {"max_intervall": 1}}, "retry_config.backoff: unknown key .* did you mean 'max_interval'"),
            ({"strategy": "backof"}, "retry_config.strategy: unknown strategy 'backof'; did you mean 'backoff'"),
            ({"strategy": None}, "retry_config.strategy: unknown strategy None"),
            ({"backoff": {"initial_interval": -1}}, "retry_config.backoff.initial_interval: .* at least 0, got -1"),
            ({"backoff": {"exponent": 0.5}}, "retry_config.backoff.exponent: .* at least 1, got 0.5"),
            ({"backoff": {"max_interval": True}}, "retry_config.backoff.max_interval: .* got True"),
            ({"backoff": {"max_interval": float("nan")}}, "retry_config.backoff.max_interval: .* got nan"),
            ({"backoff": {"max_elapsed_time": float("inf")}}, "retry_config.backoff.max_elapsed_time: .* got inf"),
            ({"backoff": {"max_elapsed_time": "1"}}, "retry_config.backoff.max_elapsed_time: .* got '1'"),
            ({"backoff": {"max_elapsed_time": 10**400}}, "retry_config.backoff.max_elapsed_time: expected a number"),
            ({"backoff": None}, "retry_config.backoff: expected a Backoff or a mapping, got NoneType"),
            ({"max_attempts": 0}, "retry_config.max_attempts: .* at least 1, got 0"),
            ({"max_attempts": 2.5}, "retry_config.max_attempts: expected a whole number, got 2.5"),
            ("backoff", "retry_config: expected a RetryConfig or a mapping, got str"),
            (False, "retry_config: expected a RetryConfig or a mapping, got bool"),
        ],
    )
    def test_a_fault_is_named_with_its_path(self, client: Client, given: Any, message: str) -> None:
        with pytest.raises(ConfigurationError, match=message):
            client(retry_config=given)

    def test_the_class_is_as_strict_as_the_dict(self) -> None:
        with pytest.raises(ConfigurationError, match=r"retry_config\.backoff: unknown key 'max_interva'"):
            RetryConfig(backoff={"max_interva": 1})  # type: ignore[typeddict-unknown-key]
        with pytest.raises(ConfigurationError, match=r"retry_config\.max_attempts"):
            RetryConfig(max_attempts=-1)


class TestHeaders:
    def test_are_sent_with_each_request_and_copied_from_the_user(self, client: Client) -> None:
        mine = {"X-Mine": "1"}
        mesa = good(client, headers=mine)
        mine["X-Mine"] = "2"
        assert sent(mesa).headers["X-Mine"] == "1"

    def test_replace_the_sdks_own_of_the_same_name(self, client: Client) -> None:
        assert sent(good(client, headers={"user-agent": "mine"})).headers.get_all("User-Agent") == ["mine"]

    @pytest.mark.parametrize("given", [["X"], "X: y", {"X": None}, {None: "y"}])
    def test_are_a_mapping_of_str_to_str(self, client: Client, given: Any) -> None:
        with pytest.raises(ConfigurationError, match="headers: expected"):
            client(headers=given)


class TestPluginOptions:
    @pytest.mark.parametrize("given", ["audit", {"audit"}, 5])
    def test_plugins_are_a_list(self, client: Client, given: Any) -> None:
        with pytest.raises(ConfigurationError, match="plugins: expected a list of names and objects"):
            client(plugins=given)

    @pytest.mark.parametrize(("given", "message"), [("tracing", "a list of names, got str"), ([5], "names, got int")])
    def test_disable_plugins_are_names(self, client: Client, given: Any, message: str) -> None:
        with pytest.raises(ConfigurationError, match=f"disable_plugins: expected {message}"):
            client(disable_plugins=given)

    def test_a_set_of_names_will_do(self, client: Client) -> None:
        names = [info.name for info in client(disable_plugins={"tracing"}).plugins]
        assert names == ["auth", "retries", "pagination"]


@pytest.mark.parametrize("options", ["abc", [1], 5])
def test_transport_options_that_are_no_mapping_are_refused(options: object) -> None:
    with pytest.raises(ConfigurationError, match="transport_options: expected a mapping, got"):
        Mesa(api_key="k", transport="local", transport_options=options)


@pytest.mark.parametrize(
    "url",
    [
        "https://h/v1\n",
        " https://h",
        "https://h/a b",
        "https://h/?",
        "https://h/#",
        "https://@h/",
        "https://h:0",
        "https://h\\x",
        "",
        0,
    ],
)
def test_a_server_url_that_no_request_could_use_is_refused(url: object) -> None:
    with pytest.raises(ConfigurationError, match=r"^server_url: "):
        Mesa(api_key="k", server_url=url, transport="local")
