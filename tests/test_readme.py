"""The README says what is so: its links lead somewhere, and its table is the one in results/."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
LINKS = sorted(set(re.findall(r"\[([^\]]+)\]\(([^)]+)\)", re.sub(r"`[^`]*`", "", README))))


@pytest.mark.parametrize(("name", "target"), LINKS)
def test_a_link_leads_to_a_file_and_to_the_function_it_names(name: str, target: str) -> None:
    path = ROOT / target
    assert path.exists()
    if path.suffix == ".py" and name.isidentifier():
        assert re.search(rf"^def {name}\(", path.read_text(), re.MULTILINE)


def committed(name: str) -> str:
    """The file as it was committed: `make compare` on another machine writes other tables, and may."""
    done = subprocess.run(["git", "show", f"HEAD:{name}"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout, which is where the README and the tables can be compared as committed")
    return done.stdout


@pytest.mark.parametrize(
    ("block", "results"),
    [("counts", "results/agreement.md"), ("power", "results/mutation.md"), ("speed", "results/speed.md")],
)
def test_the_tables_are_those_of_the_last_run(block: str, results: str) -> None:
    found = re.search(rf"<!-- {block}:.*?-->\n(.*?)<!-- end -->", committed("README.md"), re.DOTALL)
    assert found is not None
    lines = [line for line in found[1].splitlines() if line.strip()]
    assert len(lines) > 10
    there = committed(results).splitlines()
    assert [line for line in lines if line not in there] == []
