"""The site: it is whole, it tells of every public name, and it needs no other host."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import yaml

griffe = pytest.importorskip("griffe")  # of the extra `docs`, which the runs against wheels do without

ROOT = Path(__file__).parents[2]
PACKAGES = ("mesa_core", "mesa_sdk", "mesa_plugins", "mesa_transports")
CONTRACT = yaml.safe_load((ROOT / "docs" / "contract" / "openapi.yaml").read_text())
REFERENCE = [*(ROOT / "docs" / "reference").glob("*.md")]

# Whose `__all__` is public; `provide_transports` is a hook, for the client alone.
PUBLIC = (
    "mesa_sdk",
    "mesa_core",
    "mesa_plugins.auth",
    "mesa_plugins.cache",
    "mesa_plugins.faults",
    "mesa_plugins.pagination",
    "mesa_plugins.retries",
    "mesa_plugins.tracing",
    "mesa_plugins.testing",
    "mesa_transports.aiohttp",
    "mesa_transports.httpx",
    "mesa_transports.httpx2",
    "mesa_transports.local",
    "mesa_transports.local.server",
    "mesa_transports.recorded",
    "mesa_transports.requests",
    "mesa_transports.testing",
    "mesa_transports.urllib3",
)
NAMES = sorted({f"{module}.{name}" for module in PUBLIC for name in importlib.import_module(module).__all__})
NAMES = [name for name in NAMES if not name.endswith(".provide_transports")]
AREAS = ("admin", "agent_blame", "branches", "commits", "content", "diffs", "lfs", "merge", "org", "repos", "webhooks")


@pytest.fixture(scope="module")
def source() -> griffe.ModulesCollection:
    """The public packages, as the reference reads them: without importing them."""
    loader = griffe.GriffeLoader(search_paths=[ROOT])
    for package in PACKAGES:
        loader.load(package)
    loader.resolve_aliases()
    return loader.modules_collection


def on_a_page() -> set[str]:
    """The names that the pages of the reference ask for."""
    names: set[str] = set()
    for page in REFERENCE:
        for asked, options in re.findall(r"^::: ([\w.]+)\n((?:    .*\n)*)", page.read_text() + "\n", re.MULTILINE):
            members = (yaml.safe_load(options) or {}).get("options", {}).get("members")
            names.update([asked] if members is None else (f"{asked}.{member}" for member in members))
    return names


def test_the_reference_has_every_public_name(source: griffe.ModulesCollection) -> None:
    shown = {source[name].canonical_path for name in on_a_page()}
    missing = [name for name in NAMES if source[name].canonical_path not in shown]
    assert not missing


def test_the_reference_has_nothing_that_is_not_public() -> None:
    public = {*NAMES, *(name for name in on_a_page() if name.startswith("mesa_core.resources."))}
    fixtures = {f"mesa_transports.recorded.pytest_plugin.{name}" for name in FIXTURES}
    assert on_a_page() <= public | fixtures


FIXTURES = ("mesa", "async_mesa", "mesa_options", "mesa_recording_options")


def undocumented(found: griffe.Object | griffe.Alias) -> list[str]:
    """Return which of a name and its public methods have no docstring; a field's is its class'."""
    missing = [] if found.has_docstring else [found.path]
    if found.is_class:
        for name, member in found.members.items():
            if not name.startswith("_") and (member.is_function or "property" in member.labels):
                missing += undocumented(member)
    return missing


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_a_docstring(name: str, source: griffe.ModulesCollection) -> None:
    assert not undocumented(source[name])


@pytest.mark.parametrize("area", AREAS)
def test_a_method_says_what_it_asks_for_and_what_its_arguments_are(area: str, source: griffe.ModulesCollection) -> None:
    (name,) = importlib.import_module(f"mesa_core.resources.{area}").__all__
    asked = {
        operation["x-sdk"]: f"`{method.upper()} {path}`, scope `{'`, `'.join(operation['x-scopes'])}`."
        for path, item in CONTRACT["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    asked |= {"content.read": asked["content.get"], "diffs.patch": asked["diffs.get"]}
    for method in source[f"mesa_core.resources.{area}.{name}"].functions.values():
        if not method.name.startswith("_"):
            assert method.docstring is not None
            sections = method.docstring.parse("google")
            told = [each.name for part in sections if part.kind.value == "parameters" for each in part.value]
            assert told == [each.name for each in method.parameters if each.name != "self"], method.path
            if method.name != "verify":  # which asks for nothing
                assert asked[f"{area}.{method.name}"] in method.docstring.value.split("\n\n"), method.path


@pytest.mark.parametrize(
    ("tool", "pages"),
    [
        ("contract", ["contract/index.md"]),
        ("figures", ["figures/*"]),
        ("performance", ["performance.md", "transports.md"]),
    ],
)
def test_what_is_made_is_what_is_committed(tool: str, pages: list[str], tmp_path: Path) -> None:
    run("-B", ROOT / "tools" / "docs" / f"{tool}.py", tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text() for each in pages for path in (ROOT / "docs").glob(each)}
    assert made == committed, "run `make figures`"


def run(*arguments: object, cwd: Path | None = None) -> None:
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a link or an anchor that leads nowhere is an error."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("docs", "tools"):
        shutil.copytree(ROOT / name, folder / name)
    for name in PACKAGES:
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "mkdocs.yml", folder)
    run("-m", "zensical", "build", "--strict", cwd=folder)
    return folder / "site"


@pytest.mark.slow
def test_the_site_loads_nothing_from_another_host(site: Path) -> None:
    pages = [*site.rglob("*.html")]
    assert len(pages) > 30
    for page in pages:
        text = page.read_text()
        loaded = re.findall(r"<(?:script|img|iframe|source|video|embed)\b[^>]*\bsrc=[\"']?([^\"'\s>]+)", text)
        linked = re.findall(r"<link\b[^>]*>", text)
        loaded += [href for link in linked if "canonical" not in link for href in re.findall(r"href=\"([^\"]+)", link)]
        assert loaded
        assert not [each for each in loaded if "//" in each], page
        assert 'class="mermaid"' not in text  # its script would come from another host
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", sheet.read_text()), sheet


@pytest.mark.slow
def test_the_search_works_in_pages_that_are_read_as_files(site: Path) -> None:
    assert "AsyncMesa" in (site / "search.js").read_text()  # a script, since a file may not fetch another
    for page in site.rglob("*.html"):
        if page.name != "404.html":  # which a server shows for any path, so its links begin at the root
            scripts = re.findall(r"<script src=\"([^\"]+)", page.read_text())
            assert [script for script in scripts if script.endswith("iframe-worker.js")]
            assert all((page.parent / script).is_file() for script in scripts), page


@pytest.mark.slow
def test_what_is_copied_of_a_transcript_has_no_prompt(site: Path) -> None:
    marks = "code[data-md-copying]:has(.gp) :is(.gp, .go)"
    assert marks in (site / "stylesheets" / "extra.css").read_text()
    (bundle,) = site.glob("assets/javascripts/bundle.*.js")
    assert "data-md-copying" in bundle.read_text()  # which it sets while it reads the text
    assert '<span class="gp">$ </span>' in (site / "tutorial.html").read_text()


@pytest.mark.slow
def test_the_site_has_every_public_name_and_operation(site: Path, source: griffe.ModulesCollection) -> None:
    inventory = zlib.decompress((site / "objects.inv").read_bytes().split(b"\n", 4)[4]).decode()
    names = {line.split(" ", 1)[0] for line in inventory.splitlines()}
    assert not [name for name in NAMES if source[name].canonical_path not in names]
    page = (site / "contract" / "index.html").read_text()
    for item in CONTRACT["paths"].values():
        for method, operation in item.items():
            if method != "parameters":
                assert f'id="{operation["x-sdk"]}"' in page
    for schema in CONTRACT["components"]["schemas"]:
        assert f'id="object-{schema.lower()}"' in page


@pytest.mark.slow
def test_the_reference_shows_results_where_the_source_has_operations(site: Path) -> None:
    text = re.sub(r"<[^>]+>", "", (site / "reference" / "methods.html").read_text())
    assert "-&gt; Page[RepoPage, Repo]" in text
    assert "-&gt; Repo | SyncingRepo" in text
    assert "Operation" not in text
    assert "&gt;&gt;&gt; repo = client.repos.get(" in text  # an example is code
