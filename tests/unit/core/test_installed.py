"""Plugins by name, from distributions that are really there: only what is named is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path
from typing import Any

import pytest

from mesa_core.entry_points import Offer, offers, own_offers
from mesa_core.installed import built_in_transports, distribution_of
from mesa_sdk import ConfigurationError, Mesa

Client = Callable[..., Mesa]
Fake = Callable[..., Any]

AUDIT = """
from mesa_core import Plugin

class Audit(Plugin):
    def before_request(self, request):
        request.headers["X-Audit"] = type(self).__name__
"""
MODULE = """
from mesa_core import hookimpl

@hookimpl
def before_request(request):
    request.headers["X-Module"] = __name__
"""
BROKEN = "raise ImportError('no such library')\n"


@pytest.fixture(autouse=True)
def _forget_modules() -> Any:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("fake_"):
            del sys.modules[name]


def names(mesa: Mesa) -> list[str]:
    return [info.name for info in mesa.plugins]


def test_a_named_plugin_is_made_and_listed_with_its_distribution(client: Client, fake_distribution: Fake) -> None:
    fake_distribution("mesa-audit", {"audit": "fake_audit:Audit"}, {"fake_audit": AUDIT})
    info = list(client(plugins=["audit"]).plugins)[-1]
    assert (info.name, info.distribution, info.version, info.hooks) == (
        "audit",
        "mesa-audit",
        "1.2.3",
        ("before_request",),
    )
    assert str(info) == "plugin 'audit' of mesa-audit 1.2.3"


def test_a_plugin_is_found_by_its_name(client: Client, fake_distribution: Fake) -> None:
    fake_distribution("mesa-audit", {"audit": "fake_audit:Audit"}, {"fake_audit": AUDIT})
    plugins = client(plugins=["audit"]).plugins
    assert type(plugins["audit"]).__name__ == "Audit"
    assert "audit" in plugins
    assert "audits" not in plugins
    with pytest.raises(KeyError, match="unknown plugin 'audits'; did you mean 'audit'"):
        plugins["audits"]


def test_a_module_is_a_plugin_too(client: Client, fake_distribution: Fake, answer: Any) -> None:
    fake_distribution("mesa-module", {"module": "fake_module"}, {"fake_module": MODULE})
    mesa = client(answer({"created_at": "2026-01-02T03:04:05Z", "num_repos": 1}), plugins=["module"])
    mesa.org.get(org="o")
    assert mesa.transport.requests[0].headers["X-Module"] == "fake_module"


def test_what_is_not_named_is_not_imported(client: Client, fake_distribution: Fake) -> None:
    fake_distribution(
        "mesa-two",
        {"two": "fake_two:Audit", "broken": "fake_broken:Nothing"},
        {"fake_two": AUDIT, "fake_broken": BROKEN},
    )
    client()
    assert not {"fake_two", "fake_broken"} & set(sys.modules)
    client(plugins=["two"])
    assert "fake_two" in sys.modules
    assert "fake_broken" not in sys.modules


def test_a_named_plugin_that_is_switched_off_is_not_imported(client: Client, fake_distribution: Fake) -> None:
    fake_distribution("mesa-off", {"off": "fake_off:Audit"}, {"fake_off": AUDIT})
    assert names(client(plugins=["off"], disable_plugins=["off"])) == ["auth", "retries", "tracing", "pagination"]
    assert "fake_off" not in sys.modules


@pytest.mark.parametrize(
    ("target", "source", "cause"),
    [
        ("fake_broken", BROKEN, ImportError),
        ("fake_broken:Missing", "", AttributeError),
        ("fake_broken:Picky", "class Picky:\n    def __init__(self, needed): ...\n", TypeError),
    ],
)
def test_one_that_cannot_be_loaded_is_named_with_its_cause(
    client: Client, fake_distribution: Fake, target: str, source: str, cause: type[Exception]
) -> None:
    fake_distribution("mesa-broken", {"broken": target}, {"fake_broken": source})
    with pytest.raises(ConfigurationError, match=r"plugin 'broken' of mesa-broken 1\.2\.3 cannot be loaded") as caught:
        client(plugins=["broken"])
    assert isinstance(caught.value.__cause__, cause)


def test_an_interrupt_while_one_is_loaded_is_the_users(client: Client, fake_distribution: Fake) -> None:
    fake_distribution("mesa-slow", {"slow": "fake_slow"}, {"fake_slow": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        client(plugins=["slow"])


def test_its_text_is_told_in_a_line(client: Client, fake_distribution: Fake) -> None:
    source = "raise ValueError('first\\nsecond\\x1b[31m')"
    fake_distribution("mesa-broken", {"broken": "fake_broken"}, {"fake_broken": source})
    with pytest.raises(ConfigurationError, match=r"cannot be loaded: ValueError: first second \[31m$"):
        client(plugins=["broken"])


def test_the_version_that_is_imported_counts(client: Client, fake_distribution: Fake) -> None:
    old = fake_distribution("mesa-aged", {"aged": "fake_aged:Gone"}, {"fake_aged": AUDIT})
    fake_distribution("mesa-new", {"fresh": "fake_fresh:Audit"}, {"fake_fresh": AUDIT})
    metadata = old / "mesa_aged-1.2.3.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("mesa-aged", "mesa-new"))
    (old / "mesa_aged-1.2.3.dist-info").rename(old / "mesa_new-1.2.2.dist-info")
    assert names(client(plugins=["*"]))[4:] == ["fresh"]


def test_metadata_is_read_once_for_all_clients(
    client: Client, fake_distribution: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_distribution("mesa-audit", {"audit": "fake_audit:Audit"}, {"fake_audit": AUDIT})
    client(plugins=["audit"])
    monkeypatch.setattr(PathDistribution, "read_text", None)
    assert list(client(plugins=["audit"]).plugins)[-1].version == "1.2.3"


def test_the_environment_names_plugins(
    client: Client, fake_distribution: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_distribution("mesa-env", {"env-a": "fake_env:Audit", "env-b": "fake_env:Audit"}, {"fake_env": AUDIT})
    monkeypatch.setenv("MESA_PLUGINS", " env-b ,env-a,, ")
    assert names(client())[4:] == ["env-b", "env-a"]
    assert names(client(plugins=["env-a"]))[4:] == ["env-a"]
    assert names(client(plugins=[]))[4:] == []


def test_a_name_asked_for_twice_is_one_plugin(client: Client, fake_distribution: Fake) -> None:
    fake_distribution("mesa-twice", {"twice": "fake_twice:Audit"}, {"fake_twice": AUDIT})
    assert names(client(plugins=["twice", "auth", "twice"]))[4:] == ["twice"]


def test_a_star_means_all_installed_by_others(client: Client, fake_distribution: Fake) -> None:
    assert names(client(plugins=["*"]))[4:] == []
    fake_distribution("mesa-star", {"star-b": "fake_star:Audit", "star-a": "fake_star:Audit"}, {"fake_star": AUDIT})
    assert names(client(plugins=["*"]))[4:] == ["star-a", "star-b"]
    assert names(client(plugins=["star-b", "*"]))[4:] == ["star-b", "star-a"]
    assert names(client(plugins=["*"], disable_plugins=["star-a"]))[4:] == ["star-b"]


@pytest.mark.parametrize("name", ["auth", "httpx"])
def test_nobody_can_take_a_name_of_ours(client: Client, fake_distribution: Fake, name: str) -> None:
    fake_distribution("aaa-evil", {name: "fake_evil:Audit"}, {"fake_evil": AUDIT})
    mesa = client(plugins=["*"], transport="httpx")
    mesa.close()
    assert "fake_evil" not in sys.modules
    assert next(iter(mesa.plugins)).distribution == "mesa-sdk"


def test_a_name_that_two_distributions_claim_is_an_error(client: Client, fake_distribution: Fake) -> None:
    for distribution in ("mesa-one", "mesa-other"):
        fake_distribution(distribution, {"claimed": "fake_claimed:Audit"}, {"fake_claimed": AUDIT})
    with pytest.raises(ConfigurationError, match="'claimed' is claimed by several distributions: mesa-one, mesa-other"):
        client(plugins=["claimed"])
    assert "fake_claimed" not in sys.modules


def test_an_objects_distribution_is_that_of_its_module(client: Client, fake_distribution: Fake) -> None:
    site = fake_distribution("mesa-owned", {}, {"fake_owned": AUDIT})
    (site / "mesa_owned-1.2.3.dist-info" / "top_level.txt").write_text("fake_owned\n")
    import fake_owned  # type: ignore[import-not-found]

    distribution_of.cache_clear()
    info = list(client(plugins=[fake_owned.Audit()]).plugins)[-1]
    assert (info.name, info.distribution, info.version) == ("Audit", "mesa-owned", "1.2.3")


def test_a_transport_comes_by_entry_point(client: Client, fake_distribution: Fake) -> None:
    source = """
from mesa_core import Response, hookimpl

class Echo:
    def __init__(self, *, greeting="hi"):
        self.greeting = greeting
    def send(self, request):
        return Response(418)
    def close(self):
        self.greeting = "closed"

@hookimpl
def provide_transports():
    return {"echo": Echo}
"""
    fake_distribution("mesa-echo", {"echo": "fake_echo", "other": "fake_echo"}, {"fake_echo": source})
    client()
    assert "fake_echo" not in sys.modules
    with client(transport="echo", transport_options={"greeting": "hello"}) as mesa:
        assert type(mesa.transport).__name__ == "Echo"
        transport: Any = mesa.transport
        assert transport.greeting == "hello"
    assert transport.greeting == "closed"
    with pytest.raises(ConfigurationError, match="transport 'other': the plugin of that name provides echo"):
        client(transport="other")
    with pytest.raises(ConfigurationError, match="transport 'auth': the plugin of that name provides none"):
        client(transport="auth")


@pytest.mark.parametrize(
    "target",
    ["os.path", "os.path:join", "os : path.join", "collections:Counter.most_common [extra, other]", "os[extra]"],
)
def test_what_an_entry_point_points_to_is_what_importlib_says(target: str) -> None:
    assert Offer("any", target, "mesa-any", "1").load() == EntryPoint("any", target, "mesa").load()


class TestTheSdksOwn:
    def test_are_read_as_importlib_reads_them(self) -> None:
        read = {(each.name, each.target, each.distribution, each.version) for each in own_offers().values()}
        assert read == {(each.name, each.target, each.distribution, each.version) for each in offers() if each.ours}
        assert {"auth", "cache", *built_in_transports()} <= own_offers().keys()

    def test_are_found_without_importlib(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "importlib.metadata", None)
        client(transport="httpx", plugins=["cache"]).close()

    @pytest.mark.parametrize(
        "content",
        [
            None,
            b"",
            b"[mesa]\n\xff = nothing\n",
            b"[pytest11]\nauth = fake_evil\n",
            b"[mesa]\n\n[other]\nauth = fake_evil\n",
        ],
        ids=["missing", "empty", "damaged", "of another group", "of a group that follows"],
    )
    def test_are_found_by_importlib_where_they_cannot_be_read(
        self,
        client: Client,
        fake_distribution: Fake,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        content: bytes | None,
    ) -> None:
        monkeypatch.setattr("mesa_core.entry_points._OWN_FILE", "own.txt")
        fake_distribution("mesa-any", {})
        if content is not None:
            (tmp_path / "mesa-any" / "own.txt").write_bytes(content)
        assert not own_offers()
        info = next(iter(client().plugins))
        assert (info.name, info.distribution) == ("auth", "mesa-sdk")

    def test_are_looked_for_in_the_current_folder_where_the_path_says_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mesa_core.entry_points._OWN_FILE", "own.txt")
        monkeypatch.syspath_prepend("")
        monkeypatch.chdir(tmp_path)
        Path("own.txt").write_text("[mesa]\nnear = module:Class\n\n[other]\nfar = module\n")
        own_offers.cache_clear()
        near = own_offers()
        own_offers.cache_clear()
        assert {name: each.target for name, each in near.items()} == {"near": "module:Class"}
