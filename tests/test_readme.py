"""The READMEs say what is so: links lead somewhere, tables are those in results/, commands of make exist."""

import doctest
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "impls/README.md", "harness/README.md", "tests/README.md", "results/README.md")


def tool(name: str) -> ModuleType:
    """Return a module of .ci/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"ci_{name}", ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


readme = tool("readme")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def links(name: str) -> list[tuple[str, str]]:
    """Return the text and the target of each link that leads to a file."""
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", read(name), flags=re.DOTALL | re.MULTILINE)
    return sorted(set(re.findall(r"\[([^\]]*)\]\(([^)]+)\)", text)))


def slugs(text: str) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("name", "text", "target"), [(name, *link) for name in READMES for link in links(name)])
def test_a_link_leads_to_a_file_and_to_the_function_it_names(name: str, text: str, target: str) -> None:
    file, _, anchor = target.partition("#")
    path = (ROOT / name).parent / file if file else ROOT / name
    assert path.exists()
    if anchor:
        assert anchor in slugs(path.read_text(encoding="utf-8"))
    if path.suffix == ".py" and text.isidentifier():
        assert re.search(rf"^def {text}\(", path.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", READMES)
def test_every_readme_has_links(name: str) -> None:
    assert len(links(name)) >= 5


def test_the_first_page_is_short() -> None:
    assert len(read("README.md").splitlines()) <= 150


@pytest.mark.parametrize("part", readme.PARTS, ids=lambda part: part.name)
def test_the_tables_are_those_of_the_last_run(part) -> None:
    assert not readme.stale(part), "make readme"


def test_a_stale_table_is_noticed_and_copied_anew() -> None:
    part = next(part for part in readme.PARTS if part.name == "counts")
    text, results = read(part.readme), read("results/agreement.md")
    changed = text.replace("| numpy/loops |", "| numpy/lops |")
    assert changed != text
    assert readme.renewed(changed, part, results) == text
    with pytest.raises(readme.NotThere, match="has nothing for the part 'counts'"):
        readme.renewed(text, part, "# Agreement\n")
    with pytest.raises(readme.NotThere, match="has no part 'counts'"):
        readme.renewed("# Results\n", part, results)


def test_the_picture_is_the_table() -> None:
    picture = tool("picture")
    assert read("results/picture.svg") == picture.svg(read("results/agreement.csv")), "make readme"


@pytest.mark.parametrize("name", READMES)
def test_make_has_every_target_that_is_named(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    text = read(name)
    code = "\n".join(re.findall(r"`[^`\n]*`", text) + re.findall(r"^```.*?^```", text, re.DOTALL | re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", code)) <= targets


def test_the_lock_file_is_not_stale_and_a_changed_dependency_is_noticed() -> None:
    lock = tool("lock")
    assert lock.stale() == ""
    pyproject = lock.read_pyproject()
    pyproject["project"]["dependencies"].append("another")
    assert lock.digest(pyproject) not in read("requirements.lock")


@pytest.mark.parametrize("name", ["lock", "picture", "readme"])
def test_the_examples_in_the_tools_run(name: str) -> None:
    assert doctest.testmod(tool(name)).failed == 0
