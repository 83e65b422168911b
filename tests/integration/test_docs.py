"""The examples of README and docs run as they stand, page by page, against the local Depot."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mypy.api
import pytest
import yaml

from mesa_core import hookspecs
from mesa_sdk import Mesa

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WITH_EXAMPLES = [page for page in PAGES if "```python" in page.read_text()]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What the pages tell a reader to set, in an empty folder; and the clients that examples leave open, closed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESA_TRANSPORT", "local")
    monkeypatch.setenv("MESA_API_KEY", "mesa_any_key")
    made: list[Mesa] = []
    build = Mesa.__init__

    def remembering(self: Mesa, **options: object) -> None:
        build(self, **options)
        made.append(self)

    monkeypatch.setattr(Mesa, "__init__", remembering)
    yield
    for client in made:
        client.close()


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_examples_run(page, capsys):
    names: dict[str, object] = {"__name__": page.stem}
    text = page.read_text()
    for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        # Lines keep their numbers, so that a failure points into the page.
        code = "\n" * text.count("\n", 0, match.start(1)) + match[1]
        capsys.readouterr()
        exec(compile(code, str(page), "exec"), names)
        printed = capsys.readouterr().out
        for sentence in re.findall(r"# prints: (.+)", match[1]):
            assert sentence.removesuffix(" …") in printed


def test_commands_for_recordings_answer_as_printed():
    """In the folder that the page's own examples leave behind."""
    text = (ROOT / "docs" / "recording.md").read_text()
    names: dict[str, object] = {"__name__": "recording"}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        exec(block, names)
    transcripts = re.findall(r"^\$ (python -m mesa_transports.*)\n((?:[^$`].*\n)*)", text, re.MULTILINE)
    assert [command.split()[3] for command, _ in transcripts] == ["check", "show", "convert", "convert"]
    for command, printed in transcripts:
        done = subprocess.run([sys.executable, *shlex.split(command)[1:]], capture_output=True, text=True, check=False)
        assert (done.stderr, done.returncode) == ("", 0)
        expected = "".join(map(re.escape, printed)).replace("…", ".*")
        assert re.fullmatch(expected, done.stdout), done.stdout


@pytest.mark.slow
def test_examples_are_typed(tmp_path):
    """What a reader copies passes the type checker; a page's blocks make one program."""
    for page in WITH_EXAMPLES:
        blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        (tmp_path / f"{page.stem.replace('-', '_').lower()}_page.py").write_text("\n".join(blocks))
    # Pages use names again and annotate little, as examples do.
    lenient = ["--allow-redefinition-new", "--local-partial-types", "--ignore-missing-imports"]
    out, _, code = mypy.api.run([*lenient, "--python-executable", sys.executable, str(tmp_path)])
    assert code == 0, out


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_lists_the_contracts_operations():
    contract = yaml.safe_load((ROOT / "docs" / "contract" / "openapi.yaml").read_text())
    rows = {
        (operation["x-sdk"], f"{method.upper()} {path}", ", ".join(operation["x-scopes"]))
        for path, item in contract["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert (
        set(re.findall(r"^\| `([\w.]+)` \| `([^`]+)` \| ([\w:, ]+) \|", (ROOT / "README.md").read_text(), re.MULTILINE))
        == rows
    )


def test_the_hook_table_is_that_of_the_specs():

    documented = re.findall(r"^\| `(\w+)\(([^)]*)\)` \|", (ROOT / "docs" / "plugins.md").read_text(), re.MULTILINE)
    specs = [
        (hook, ", ".join(list(inspect.signature(getattr(hookspecs.Plugin, hook)).parameters)[1:]))
        for hook in hookspecs.HOOKS
    ]
    assert documented == specs


def test_the_readme_shows_the_commands_that_the_makefile_has():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`?make (\w+)`?", (ROOT / "README.md").read_text())):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
