"""The async client, on whichever loop, alone and beside the blocking one."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

WITH_ANYIO = """
    import pytest

    @pytest.mark.anyio
    async def test_both(mesa, async_mesa, anyio_backend_name):
        org = f"acme-{anyio_backend_name}"
        await async_mesa.repos.create(org=org, body={"name": "docs"})
        assert [repo.name async for repo in async_mesa.repos.list(org=org)] == ["docs"]
        assert [repo.name for repo in mesa.repos.list(org=org)] == ["docs"]
"""


def test_with_plugin_of_anyio(suite):
    suite.write(test_depot=WITH_ANYIO)
    suite.record().assert_outcomes(passed=2)
    assert suite.files() == ["test_depot/test_both[asyncio].json", "test_depot/test_both[trio].json"]
    assert suite.requests("test_depot/test_both[trio].json") == ["POST repos", "GET repos", "GET repos"]
    suite.replay().assert_outcomes(passed=2)


def test_in_any_loop_of_the_test(suite):
    suite.write(
        test_depot="""
        import asyncio

        import trio

        async def create(client, name):
            await client.repos.create(org="acme", body={"name": name})

        def test_loops(async_mesa):
            asyncio.run(create(async_mesa, "one"))
            asyncio.run(create(async_mesa, "two"))
            trio.run(create, async_mesa, "three")

        async def many(client):
            await asyncio.gather(*(create(client, f"many-{number}") for number in range(20)))

        def test_many(async_mesa):
            asyncio.run(many(async_mesa))
    """
    )
    suite.record().assert_outcomes(passed=2)
    suite.replay("-W", "error").assert_outcomes(passed=2)


@pytest.mark.parametrize("first", ["mesa", "async_mesa"])
def test_both_clients_take_their_answers_from_one_recording(suite, first):
    """Equal requests are answered in recorded order, whichever client asks."""
    suite.write(
        test_depot=f"""
        import asyncio

        def test_both(request):
            request.getfixturevalue("{first}")
            mesa, async_mesa = request.getfixturevalue("mesa"), request.getfixturevalue("async_mesa")
            assert list(mesa.repos.list(org="acme")) == []
            mesa.repos.create(org="acme", body={{"name": "docs"}})
            assert asyncio.run(first_page(async_mesa)) == ["docs"]
            mesa.repos.create(org="acme", body={{"name": "more"}})
            assert [repo.name for repo in mesa.repos.list(org="acme")] == ["docs", "more"]

        async def first_page(client):
            return [repo.name async for repo in client.repos.list(org="acme")]
    """
    )
    suite.record(mode="record").assert_outcomes(passed=1)
    suite.replay().assert_outcomes(passed=1)


def test_inner_transport_for_async_code_only(suite):
    suite.write(
        test_depot="""
        import asyncio

        import pytest
        from mesa_transports.local import LocalDepot

        class OnlyAsync:
            def __init__(self, inner):
                self.asend, self.aclose = inner.asend, inner.aclose

        depot = LocalDepot(root_key="mesa_root_key_of_the_tests")
        pytestmark = pytest.mark.mesa_recording(inner=OnlyAsync(depot.transport()))

        @pytest.fixture(scope="module", autouse=True)
        def close():
            yield
            depot.close()

        async def create(client):
            await client.repos.create(org="acme", body={"name": "docs"})

        def test_async(async_mesa):
            asyncio.run(create(async_mesa))

        def test_blocking(mesa):
            pass
    """
    )
    recorded = suite.record()
    recorded.assert_outcomes(passed=1, errors=1)
    recorded.stdout.fnmatch_lines(["E *inner: expected a name or a transport with send and close, got OnlyAsync"])
    suite.replay("-k", "async").assert_outcomes(passed=1)


def test_waits_between_replayed_attempts_are_passed_over(suite):
    suite.write(
        test_depot="""
        import asyncio
        import time

        import pytest
        from mesa_sdk import MesaError, Response

        class Busy:
            answers = [Response(503, {"Retry-After": "20"})] * 2

            def send(self, request):
                return self.answers.pop()

            def close(self):
                pass

        @pytest.mark.mesa_recording(inner=Busy())
        def test_busy(async_mesa):
            client = async_mesa.with_options(retry_config={"strategy": "none"})
            with pytest.raises(MesaError, match="503"):
                asyncio.run(get(client))
            with pytest.raises(MesaError, match="503"):
                asyncio.run(get(client))

        @pytest.mark.mesa_recording("test_busy", mode="replay")
        def test_waits(async_mesa):
            began = time.monotonic()
            with pytest.raises(MesaError) as raised:
                asyncio.run(get(async_mesa))
            assert len(raised.value.attempts) == 3
            assert time.monotonic() - began < 5

        async def get(client):
            await client.repos.get(org="acme", repo="docs")
    """
    )
    suite.record().assert_outcomes(passed=2)
