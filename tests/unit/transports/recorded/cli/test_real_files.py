"""`convert` from files that other clients made, of the tour in `foreign/make.py`: what it makes of them replays."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mesa_core.http import Request
from mesa_sdk import File, Mesa, NotFound
from mesa_transports.recorded import RecordedTransport
from mesa_transports.recorded.format import load

FOREIGN = Path(__file__).with_name("foreign")
KEY = "mesa_root_key_of_the_tests"
FILE = bytes(range(256)) * 2
LARGE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
TEXT = b"a large text\n" * 99
AUTHOR = {"name": "Bot", "email": "bot@example.com"}
WITH_BYTES = ["requests.yaml", "httpx.yaml", "aiohttp.yaml", "mitmproxy.har"]


def tour(path: Path, *, binary: bool) -> None:
    """Do with the SDK what the other clients did, from the recording alone."""
    large = LARGE if binary else TEXT
    objects = [{"oid": sha256(large).hexdigest(), "size": len(large)}]
    with RecordedTransport(path=path) as transport, Mesa(api_key="any", transport=transport) as mesa:
        assert mesa.repos.create(org="acme", body={"name": "widget"}).default_branch == "main"
        mesa.commits.create(
            org="acme",
            repo="widget",
            body={
                "branch": "main",
                "message": "Begin",
                "author": AUTHOR,
                "edits": [
                    {"path": "a.txt", "content": "grün\n"},
                    {"path": "b.bin", "content": b64encode(FILE).decode(), "encoding": "base64"},
                ],
            },
        )
        file = mesa.content.get(org="acme", repo="widget", path="a.txt")
        assert isinstance(file, File)
        assert file.text == "grün\n"
        raw = mesa.content.read(org="acme", repo="widget", path="b.bin" if binary else "a.txt")
        assert raw == (FILE if binary else "grün\n".encode())
        with pytest.raises(NotFound):
            mesa.repos.get(org="acme", repo="missing")
        mesa.branches.create(org="acme", repo="widget", body={"name": "feature/x", "head_sha": "main"})
        assert mesa.branches.delete(org="acme", repo="widget", branch="feature/x").success
        key = mesa.admin.create_api_key(org="acme", body={"name": "ci", "scopes": ["git:read"]})
        assert key.key.startswith("REDACTED_")
        (upload,) = mesa.lfs.upload(org="acme", repo="widget", body={"objects": objects}).objects
        assert transport.send(Request("PUT", str(upload.upload_url), {}, large)).status_code == 200
        (download,) = mesa.lfs.download(org="acme", repo="widget", body={"objects": objects}).objects
        assert transport.send(Request("GET", str(download.download_url))).content == large
        assert transport.unused() == ()


@pytest.mark.parametrize("name", [*WITH_BYTES, "requests.json", "httpx-5.yaml"])
class TestRealFiles:
    def test_replays_under_this_sdk(self, run: Callable[..., Any], tmp_path: Path, name: str) -> None:
        ran = run("convert", FOREIGN / name, tmp_path / "x.json")
        assert (ran.status, ran.out) == (0, [f"{tmp_path / 'x.json'}: 12 interactions from {FOREIGN / name}"])
        tour(tmp_path / "x.json", binary=name in WITH_BYTES)

    def test_holds_no_secret_and_nothing_stale(self, run: Callable[..., Any], tmp_path: Path, name: str) -> None:
        source = (FOREIGN / name).read_text()
        run("convert", FOREIGN / name, tmp_path / "x.json")
        written = (tmp_path / "x.json").read_text()
        for secret in (KEY, "expires=17"):
            assert secret in source
            assert secret not in written
        assert "signature=REDACTED_" in written
        assert "Date" not in written
        assert run("check", tmp_path).status == 0

    def test_a_second_run_writes_the_same(self, run: Callable[..., Any], tmp_path: Path, name: str) -> None:
        run("convert", FOREIGN / name, tmp_path / "x.json")
        first = (tmp_path / "x.json").read_bytes()
        assert run("convert", FOREIGN / name, tmp_path / "x.json", "--force").status == 0
        assert (tmp_path / "x.json").read_bytes() == first
        assert sorted(each.name for each in tmp_path.iterdir()) == ["x.json"]

    def test_every_interaction_says_when_it_was(self, run: Callable[..., Any], tmp_path: Path, name: str) -> None:
        run("convert", FOREIGN / name, tmp_path / "x.json")
        recording = load(tmp_path / "x.json")
        moments = [each.recorded_at or recording.header.recorded_at for each in recording.interactions]
        assert recording.header.recorded_at == min(moments)
        assert {moment.date().isoformat() for moment in moments} == {"2026-11-25"}
