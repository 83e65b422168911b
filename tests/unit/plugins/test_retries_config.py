"""`retry_config`: the seed's dict or the class, for a client, for a derived client or for one call."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from mesa_core import Response
from mesa_plugins.retries import Retries
from mesa_sdk import Backoff, ConfigurationError, Mesa, MesaError, RetryConfig

Client = Callable[..., Mesa]

SEED = {  # as in docs/seed.md
    "strategy": "backoff",
    "backoff": {"initial_interval": 500, "max_interval": 60_000, "exponent": 1.5, "max_elapsed_time": 300_000},
}
QUICK = {"initial_interval": 1000, "max_interval": 3000, "exponent": 2, "max_elapsed_time": 20_000}
GIVEN = {
    "the seed's dict": (SEED, [min(60, 0.5 * 1.5**number) for number in range(14)]),
    "a dict": ({"backoff": QUICK}, [1, 2, 3, 3, 3, 3, 3]),
    "a mapping": (MappingProxyType({"backoff": MappingProxyType(QUICK)}), [1, 2, 3, 3, 3, 3, 3]),
    "the class": (RetryConfig(backoff=Backoff(**QUICK)), [1, 2, 3, 3, 3, 3, 3]),
    "a dict with the class in it": ({"backoff": Backoff(**QUICK), "max_attempts": 3}, [1, 2]),
    "a dict without retries": ({"strategy": "none"}, []),
    "the class with a dict in it": (RetryConfig(backoff=QUICK, max_attempts=3), [1, 2]),
    "the class without retries": (RetryConfig(strategy="none"), []),
}
WRONG = {
    "a wrong key": ({"retry_conection_errors": True}, "retry_config: unknown key 'retry_conection_errors'"),
    "a near key": ({"strategi": "none"}, "retry_config: unknown key 'strategi'; did you mean 'strategy'"),
    "a wrong key of backoff": ({"backoff": {"max_elapsed": 1}}, "retry_config.backoff: unknown key 'max_elapsed'"),
    "a wrong strategy": ({"strategy": "linear"}, "retry_config.strategy: unknown strategy 'linear'"),
    "max_attempts": ({"max_attempts": -1}, r"retry_config\.max_attempts: expected .* got -1"),
    **{
        name: ({"backoff": {name: -1}}, rf"retry_config\.backoff\.{name}: expected a number of at least \d, got -1")
        for name in QUICK
    },
}


@pytest.fixture(params=["of_client", "of_derived", "of_call"])
def fails(request: pytest.FixtureRequest, client: Client) -> Callable[[Any], MesaError]:
    """Makes a call that fails under a configuration, given in each place that takes one."""

    def fails(config: Any) -> MesaError:
        with pytest.raises(MesaError) as caught:
            call(**{request.param: {"retry_config": config}})
        return caught.value

    def call(*, of_client: Any = (), of_derived: Any = (), of_call: Any = ()) -> None:
        plugins = {"plugins": [Retries(jitter=lambda: 1.0)], "disable_plugins": ["retries"]}
        mesa = client(Response(500), **plugins, **dict(of_client))
        mesa.with_options(**dict(of_derived)).org.get(org="o", request_options=dict(of_call))

    return fails


@pytest.mark.parametrize("given", GIVEN)
def test_it_is_followed_wherever_it_is_given(fails: Callable[[Any], MesaError], clock: Any, given: str) -> None:
    config, waits = GIVEN[given]
    assert len(fails(config).attempts) == 1 + len(waits)
    assert clock.waits == pytest.approx(waits)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_fault_is_named_wherever_it_is_given(fails: Callable[[Any], MesaError], wrong: str) -> None:
    config, message = WRONG[wrong]
    error = fails(config)
    assert isinstance(error, ConfigurationError)
    assert error.attempts == ()
    with pytest.raises(ConfigurationError, match=message):
        raise error


def test_the_one_of_a_call_replaces_the_clients_whole(client: Client) -> None:
    mesa = client(Response(500), retry_config={"max_attempts": 2, "backoff": {"initial_interval": 0}})
    for call, attempts in [({}, 2), ({"retry_config": {"max_attempts": 3}}, 3), ({"timeout_ms": 5000}, 2)]:
        with pytest.raises(MesaError) as caught:
            mesa.org.get(org="o", request_options=call)
        assert len(caught.value.attempts) == attempts


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RetryConfig(max_attemps=3), "retry_config: unknown key 'max_attemps'; did you mean 'max_attempts'"),
        (lambda: Backoff(initial=1), "retry_config.backoff: unknown key 'initial'; did you mean 'initial_interval'"),
        (lambda: RetryConfig(backoff={"max_elapsed": 1}), "retry_config.backoff: unknown key 'max_elapsed'"),
        (lambda: RetryConfig(backoff=5), "retry_config.backoff: expected a Backoff or a mapping, got int"),
    ],
)
def test_the_classes_name_a_fault_as_a_dict_does(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()
