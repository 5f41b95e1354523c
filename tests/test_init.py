"""`crosscheck init`: every template is right as it stands, through the commands that it prints."""

import subprocess
import sys
from pathlib import Path

import pytest
from crosscheck.cli.init import OWN_DATA, TEMPLATES, init

from tests.test_structure import run as run_code

FUNCTIONS = [kind for kind, (*_, commands) in TEMPLATES.items() if commands[0].startswith("crosscheck check")]
WHOLE = [kind for kind in TEMPLATES if kind not in FUNCTIONS]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def written(folder: Path, kind: str) -> list[str]:
    """Write the template, and return the commands that it says to run next."""
    if kind in WHOLE:
        pytest.importorskip(kind)
    got = run(folder, "crosscheck", "init", kind)
    assert got.returncode == 0, got.stderr
    first, *commands = got.stdout.splitlines()
    assert first == f"{TEMPLATES[kind][1]} is written. Next:"
    if kind in WHOLE:
        assert commands.pop() == OWN_DATA.format(place=TEMPLATES[kind][1].removesuffix(".py"))
    return [command.strip() for command in commands]


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_a_function_is_right(tmp_path, kind):
    for command in written(tmp_path, kind):
        got = run(tmp_path, *command.split())
        assert got.returncode == 0, got.stdout + got.stderr
        assert "right: J and every gradient lie within" in got.stdout


@pytest.mark.parametrize("kind", WHOLE)
def test_a_whole_implementation_agrees_and_conforms(tmp_path, kind):
    compare, conformance = written(tmp_path, kind)
    problems = ["--problem", "kink", "--problem", "saturated", "--problem", "regression", "--problem", "flower-2layer"]
    got = run(tmp_path, *compare.split(), *problems, "--out", "tables")
    assert got.returncode == 0, got.stdout + got.stderr
    summary = next(line for line in got.stdout.splitlines() if " comparisons over " in line)
    count, _, _, _, _, agrees, words = summary.split(maxsplit=6)
    assert (agrees, words) == (count, "agrees."), summary
    got = run(tmp_path, *conformance.split(), "-q", "-p", "no:cacheprovider")
    assert got.returncode == 0, got.stdout + got.stderr


def test_what_is_said_of_your_own_data_is_a_command_that_works(tmp_path):
    init("numpy", tmp_path / "mine.py")
    lines = [f"{a / 7},{a % 3},{int(a % 2)}" for a in range(20)]
    (tmp_path / "own.csv").write_text("\n".join(["dose,visits,ill", *lines, ""]), encoding="utf-8")
    _, command = OWN_DATA.format(place="mine").replace("FILE", "own.csv").split(": ")
    got = run(tmp_path, *command.split(), "--out", "tables")
    assert got.returncode == 0, got.stdout + got.stderr
    assert "20 examples, 2 features (dose, visits), label ill: 10 ones" in got.stdout


@pytest.mark.parametrize("name", ["net_numpy.py", "./net_numpy.py", "net_numpy"])
def test_check_compares_a_whole_implementation_by_any_of_its_names(tmp_path, name):
    written(tmp_path, "numpy")
    got = run(tmp_path, "crosscheck", "check", name, "--problem", "flower-logistic")
    assert got.returncode == 0, got.stdout + got.stderr
    assert "1 comparisons over 1 problems: 1 agrees." in got.stdout


def test_what_is_there_is_left_as_it_is(tmp_path):
    (tmp_path / "net_numpy.py").write_text("mine = 1\n", encoding="utf-8")
    got = run(tmp_path, "crosscheck", "init", "numpy")
    assert got.returncode == 2
    words = "it is there already and is left as it is; choose another name"
    assert got.stderr == f"crosscheck: --out net_numpy.py: {words}\n"
    assert (tmp_path / "net_numpy.py").read_text(encoding="utf-8") == "mine = 1\n"


def test_every_template_has_a_name_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind in TEMPLATES:
        init(kind)
    assert {path.name for path in tmp_path.iterdir()} == {name for _, name, _ in TEMPLATES.values()}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nump"], "init nump: no such template; did you mean numpy?"),
        (["numpy", "--out", "torch.py"], "'torch' is no name for a module of your own"),
        (["numpy", "--out", "mine.txt"], "'mine' is no name for a module of your own"),
        (["numpy", "--out", "nowhere/mine.py"], "no folder nowhere"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(tmp_path, arguments, words):
    got = run(tmp_path, "crosscheck", "init", *arguments)
    assert got.returncode == 2
    assert words in got.stderr
    assert got.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_name_says_its_own(tmp_path):
    got = run(tmp_path, "crosscheck", "init", "rows", "--out", "other.py")
    assert "crosscheck check other.py" in got.stdout
    assert "crosscheck check other.py" in (tmp_path / "other.py").read_text(encoding="utf-8")


# ---------------------------------------------------------------- what is not installed


def test_a_template_for_a_framework_that_is_not_there_says_how_to_install_it(tmp_path):
    code = "from crosscheck.cli.main import main; sys.argv = ['crosscheck', 'init', 'torch', '--out', {out!r}]; main()"
    got = run_code(code.format(out=str(tmp_path / "mine.py")), ("torch",))
    assert got.returncode == 0, got.stderr
    assert "pip install 'crosscheck[torch]'" in got.stdout


@pytest.mark.parametrize(
    ("arguments", "package", "extra"),
    [
        (["compare", "--data", "{folder}/cats.h5", "--out", "{folder}"], "h5py", "h5"),
        (["claims", "--only", "N1", "--out", "{folder}"], "matplotlib", "plots"),
    ],
)
def test_a_missing_extra_is_one_line_that_says_how_to_install_it(tmp_path, arguments, package, extra):
    (tmp_path / "cats.h5").write_bytes(b"")
    asked = [argument.format(folder=tmp_path) for argument in arguments]
    got = run_code(f"from crosscheck.cli.main import main; sys.argv = ['crosscheck', *{asked!r}]; main()", (package,))
    assert got.returncode == 2, got.stdout + got.stderr
    assert got.stderr.strip().endswith(f"{package} is not installed; pip install 'crosscheck[{extra}]'")
    assert "Traceback" not in got.stderr
