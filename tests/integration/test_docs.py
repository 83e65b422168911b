"""The examples of README and docs run as they stand, page by page, against the local Depot."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from attrs import frozen

from mesa_core import hookspecs
from mesa_sdk import Mesa

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_EXAMPLES = [page for page in PAGES if "```python" in page.read_text()]


@frozen
class Block:
    """A block of code on a page; one with a title is the file of that name."""

    language: str
    title: str | None
    code: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for match in re.finditer(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', text, re.MULTILINE | re.DOTALL):
        yield Block(match[1], match[2], match[3], text.count("\n", 0, match.start(3)))


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
    for block in blocks(page):
        if block.title is not None:
            write(block, Path())
        elif block.language == "python":
            # Lines keep their numbers, so that a failure points into the page.
            code = "\n" * block.line + block.code
            capsys.readouterr()
            exec(compile(code, str(page), "exec"), names)
            printed = capsys.readouterr().out
            for sentence in re.findall(r"# prints: (.+)", block.code):
                assert sentence.removesuffix(" …") in printed


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if 'title="tests/' in page.read_text()], ids=lambda page: page.name
)
def test_tests_on_a_page_pass(page, tmp_path):
    for block in blocks(page):
        if block.title is not None:
            write(block, tmp_path)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "src")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def write(block: Block, folder: Path) -> None:
    path = folder / str(block.title)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.code)


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


def commands() -> Iterator[tuple[str, str]]:
    """Every command of the pages, with the environment that it is given, and the page's name."""
    for page in PAGES:
        for block in blocks(page):
            if block.language == "console":
                text = block.code.replace("\\\n", " ")
                yield from ((command, page.name) for command in re.findall(r"^\$ (.+)", text, re.MULTILINE))


@pytest.mark.parametrize(("command", "page"), sorted(set(commands())))
def test_commands_exist(command, page):
    """Programs, modules, targets, extras, options and variables; those for git and recordings are run, too."""
    words = shlex.split(command, comments=True)
    assigned = [word.partition("=")[0] for word in words if re.match(r"[A-Z_]+=", word)]
    assert not [name for name in assigned if name.startswith("MESA_") and name not in VARIABLES]
    words = [word for word in words if not re.match(r"[A-Z_]+=", word)]
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    match words:
        case ["python", "-m", module, *arguments]:
            assert importlib.util.find_spec(module) is not None
            if options:
                assert not [each for each in options if each not in helped("-m", module, *arguments)]
        case ["python", script, *_] if script.startswith("examples/"):
            assert not [each for each in options if each not in helped(str(ROOT / script))]
        case ["pip", "install", *wanted]:
            extras = {name for each in wanted for name in re.findall(r"\[(.+)\]", each)}
            assert (
                extras
                <= tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"].keys()
            )
        case ["pytest", *_]:
            plugin = ROOT / "mesa_transports" / "recorded" / "pytest_plugin" / "__init__.py"
            assert not [each for each in options if f'"{each}"' not in plugin.read_text()]
        case ["make", target]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case [program, *_]:
            assert program in {".", "cd", "echo", "export"} or shutil.which(program)


def helped(*command: str) -> str:
    """What a program says of itself, or a module of its subcommand."""
    asked = [sys.executable, *(word for word in command[:3] if not word.startswith("--")), "--help"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout


VARIABLES = {
    name
    for package in ("mesa_core", "mesa_plugins", "mesa_transports")
    for path in (ROOT / package).rglob("*.py")
    for name in re.findall(r"\bMESA_[A-Z_]+", path.read_text())
}


def test_variables_exist():
    for page in PAGES:
        told = set(re.findall(r"\bMESA_[A-Z_]+", page.read_text()))
        assert told <= VARIABLES, page.name


@pytest.mark.slow
def test_examples_are_typed(tmp_path):
    """What a reader copies passes the type checker; a page's blocks make one program."""
    for page in WITH_EXAMPLES:
        program = [block.code for block in blocks(page) if block.language == "python" and block.title is None]
        (tmp_path / f"{page.stem.replace('-', '_').lower()}_page.py").write_text("\n".join(program))
        for block in blocks(page):
            if block.title is not None:
                write(block, tmp_path)
    checker = pytest.importorskip("mypy.api")  # of the extra `dev`
    # Pages use names again and annotate little, as examples do.
    lenient = ["--allow-redefinition-new", "--local-partial-types", "--ignore-missing-imports"]
    out, _, code = checker.run([*lenient, "--python-executable", sys.executable, str(tmp_path)])
    assert code == 0, out


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_page_has_its_place_in_the_site():
    text = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[2]
    placed = [ROOT / "docs" / name for name in re.findall(r"[\w/-]+\.md", text)]
    pages = [page for page in PAGES if page.is_relative_to(ROOT / "docs") and page.name != "seed.md"]
    assert sorted(placed) == sorted(pages)


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
