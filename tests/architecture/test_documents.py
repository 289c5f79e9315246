"""What the documents, the strategies and the list of versions say is true of the repository."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer import main as typer_main

from trimtab.cli.app import app
from trimtab.config import load_strategies

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "data").glob("README.md")])
TEXTS = (".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".svg", ".mako", ".ini", "")
FOLDERS = ("src/trimtab", "dagster_project", "tests", "docs", "strategies", "benchmarks", ".ci")
# A home or a mount of some machine; a path under /path/to or /tmp is an example or a scratch file.
MACHINE_PATH = re.compile(r"(?<![\w.{}>])/(?:home|Users|root|work|mnt)/[\w.-]+")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def texts() -> Iterator[Path]:
    """Every text file of the repository."""
    yield from (path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXTS)
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in TEXTS and "__pycache__" not in path.parts:
                yield path


def code_of(document: Path) -> str:
    """What a document shows as code, each piece on lines of its own."""
    text = document.read_text()
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*fenced, *re.findall(r"`([^`\n]+)`", text)])


def anchors(document: Path) -> set[str]:
    """The places of a document that a link may name, as GitHub names them."""
    headings = re.findall(r"^#+\s+(.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    broken = []
    for link in LINK.findall(document.read_text()):
        if re.match(r"[a-z]+:", link):
            continue  # another site
        file, _, anchor = link.partition("#")
        target = (document.parent / file) if file else document
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_make_word_of_a_document_is_in_the_makefile(document: Path) -> None:
    words = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^\s*make ([a-z]+)", code_of(document), re.MULTILINE)) <= words


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_trimtab_command_of_a_document_exists(document: Path) -> None:
    known = typer_main.get_command(app).commands  # type: ignore[attr-defined]  # a group of commands
    unknown = []
    for command, word in re.findall(r"^[ $]*trimtab ([a-z]+)(?: ([a-z]+))?", code_of(document), re.MULTILINE):
        inner = getattr(known.get(command), "commands", None)
        if command not in known or (inner is not None and word and word not in inner):
            unknown.append(f"trimtab {command} {word}".strip())
    assert unknown == []


def test_no_file_names_a_place_on_one_machine() -> None:
    found = {named(path): MACHINE_PATH.findall(path.read_text(errors="replace")) for path in texts()}
    assert {name: places for name, places in found.items() if places} == {}


def test_the_shipped_strategies_are_valid_and_named_after_their_files() -> None:
    strategies = load_strategies(ROOT / "strategies")
    assert sorted(strategies) == sorted(path.stem for path in (ROOT / "strategies").glob("*.toml"))
    assert {"equity-volatility-regime", "us-equity-direction"} <= strategies.keys()


def test_every_dependency_is_pinned_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stated = [*project["dependencies"], *(each for more in project["optional-dependencies"].values() for each in more)]
    lines = [line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines()]
    pins = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines if line}
    for requirement in map(Requirement, stated):
        name = canonicalize_name(requirement.name)
        if name == "trimtab" or (requirement.marker and not requirement.marker.evaluate()):
            continue
        assert name in pins, f"{requirement.name} has no version in constraints.txt"
        assert requirement.specifier.contains(pins[name]), f"{requirement} does not allow {pins[name]}"


def test_the_python_that_runs_this_is_one_the_project_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert Requirement(f"python{project['requires-python']}").specifier.contains(sys.version.split()[0])
