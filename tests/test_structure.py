"""The house: which way imports point, that the three frameworks' files run parallel, and that none has to be there."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from crosscheck_impls.interface import DISTRIBUTED, VARIANTS

ROOT = Path(__file__).parent.parent
IMPLS = ROOT / "impls" / "crosscheck_impls"
SUITE = ROOT / "harness" / "crosscheck" / "testing" / "conformance"
FRAMEWORKS = {"torch", "jax", "jaxlib", "flax", "optax", "tensorflow", "keras"}
COMMON = (
    "__init__", "activations", "l_layer", "logistic_regression", "losses", "per_example", "textbook", "training",
    "two_layer",
)  # fmt: skip
OWN = {
    "numpy": {"chunked", "fast", "loops", "narrow", "onnx", "reduced"},
    "torch": {"autograd", "chunked", "compiled", "cuda_graph", "exported", "fast", "native", "reduced"},
    "jax": {"autograd", "chunked", "fast", "native", "reduced"},
}
# what one framework's file has besides, and why
BESIDES = {
    ("jax", "training"): {"value_and_grad", "descend"},  # the compiled loop
    ("jax", "__init__"): {"compiled", "configure"},  # what it makes of the gradients; its switches
    ("torch", "__init__"): {"configure"},  # CUDA's switches, which NumPy lacks
}

# each folder of the harness may import those before it
FOLDERS = (
    "core", "oracle", "problems", "mutation", "runner", "judge", "runs", "report", "fleet", "comparison", "grading",
    "classroom", "evaluation", "qualification", "bench", "claims", "cli", "testing",
)  # fmt: skip


def imports(path: Path) -> set[str]:
    """Return the dotted names of all modules that a file imports, at its top or anywhere inside."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import, expected the whole name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if name in ("import_module", "__import__") and node.args and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return found


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def defined(path: Path) -> list[str]:
    """Return the functions and classes at the top of a file, in order."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, kinds)]


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ---------------------------------------------------------------- one-way imports


def test_the_interface_imports_nothing_but_the_standard_library():
    allowed = {"crosscheck_impls"} | set(sys.stdlib_module_names)
    for file in ("__init__", "interface", "contract", "network"):
        assert roots(IMPLS / f"{file}.py") <= allowed, file
    late = {"crosscheck_impls.defaults", "crosscheck_impls.defaults.complete"}  # by `load` alone, as tested below
    ours = set().union(*(imports(IMPLS / f"{file}.py") for file in ("interface", "contract", "network")))
    assert {name for name in ours if not name.startswith(("crosscheck_impls.contract", "crosscheck_impls.network"))} & {
        name for name in ours if name.startswith("crosscheck_impls")
    } == late


@pytest.mark.parametrize("framework", VARIANTS)
def test_an_implementation_imports_only_the_interface_and_its_framework(framework):
    allowed = {"numpy", "ml_dtypes", "crosscheck_impls"} | ({framework} & FRAMEWORKS) | set(sys.stdlib_module_names)
    for path in python_files(f"impls/crosscheck_impls/with_{framework}"):
        joins = {"mpi4py"} if path.parent.name == "distributed" else set()
        joins |= {"onnx", "onnxruntime"} if path.name == "onnx.py" else set()
        assert roots(path) <= allowed | joins, relative(path)
        ours = {name for name in imports(path) if name.startswith("crosscheck_impls.")}
        outside = {
            name
            for name in ours
            if not name.startswith(("crosscheck_impls.interface", f"crosscheck_impls.with_{framework}"))
        }
        assert not outside, relative(path)


@pytest.mark.parametrize("path", python_files("harness/crosscheck"), ids=relative)
def test_the_harness_imports_no_framework_and_no_implementation(path):
    if path.parent.name == "templates":  # what `crosscheck init` copies, and nothing imports
        return
    assert not roots(path) & FRAMEWORKS
    assert not roots(path) & {"tests"}
    ours = {name for name in imports(path) if name.startswith("crosscheck_impls")}
    assert all(name == "crosscheck_impls" or name.startswith("crosscheck_impls.interface") for name in ours)


def test_every_folder_of_the_harness_has_its_place():
    harness = ROOT / "harness" / "crosscheck"
    assert {path.parent.name for path in harness.glob("*/__init__.py")} == set(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_imports_only_those_before_it(folder):
    later = tuple(f"crosscheck.{name}" for name in FOLDERS[FOLDERS.index(folder) + 1 :])
    for path in python_files(f"harness/crosscheck/{folder}"):
        upwards = {name for name in imports(path) if later and (name + ".").startswith(tuple(f"{n}." for n in later))}
        assert not upwards, relative(path)


@pytest.mark.parametrize("folder", ["core", "runner", "judge", "comparison", "evaluation"])
def test_no_sentence_is_taken_apart_again(folder):
    """Causes and failures are data; their words are made in `report`, and for a learner in `grading`."""
    for path in python_files(f"harness/crosscheck/{folder}"):
        assert "re" not in roots(path), relative(path)
        text = path.read_text(encoding="utf-8")
        assert "removeprefix(" not in text, relative(path)
        assert 'partition(": ")' not in text, relative(path)


@pytest.mark.parametrize("framework", VARIANTS)
def test_a_suite_of_one_framework_imports_no_other(framework):
    others = {f"crosscheck_impls.with_{each}" for each in VARIANTS if each != framework}
    shared = [ROOT / "tests" / f"{name}.py" for name in ("conftest", "laws")]
    shared += [ROOT / "harness" / "crosscheck" / "testing" / f"{name}.py" for name in ("judging", "strategies")]
    for path in [*python_files(f"tests/with_{framework}"), *shared]:
        assert not roots(path) & (FRAMEWORKS - {framework}), relative(path)
        assert not {name for name in imports(path) if name.startswith(tuple(others))}, relative(path)


# ---------------------------------------------------------------- parallel files


@pytest.mark.parametrize("framework", VARIANTS)
def test_each_framework_has_its_files(framework):
    names = {path.stem for path in (IMPLS / f"with_{framework}").glob("*.py")}
    assert names == {*COMMON, *OWN[framework]}


@pytest.mark.parametrize("framework", DISTRIBUTED)
def test_each_distributed_variant_has_a_file(framework):
    """JAX's processes run what its devices do."""
    names = {path.stem for path in (IMPLS / f"with_{framework}" / "distributed").glob("*.py")}
    assert names - {"__init__"} == set(DISTRIBUTED[framework]) - {"processes"}


@pytest.mark.parametrize("framework", [each for each in VARIANTS if each != "numpy"])
@pytest.mark.parametrize("file", COMMON)
def test_the_same_functions_stand_in_the_same_order(file, framework):
    reference = defined(IMPLS / "with_numpy" / f"{file}.py")
    extra = BESIDES.get((framework, file), set())
    here = defined(IMPLS / f"with_{framework}" / f"{file}.py")
    assert extra <= set(here), "no longer there: take it out of BESIDES"
    assert [name for name in here if name not in extra] == reference


def test_the_fast_paths_have_the_same_functions():
    """JAX has none that look after memory: XLA does. torch has views for NumPy's scratch, and chooses its products."""
    own = ("onednn", "product")
    numpy, torch, jax = (defined(IMPLS / f"with_{each}" / "fast.py") for each in ("numpy", "torch", "jax"))
    assert [name for name in torch if name not in own] == [name for name in numpy if name != "scratch"]
    assert [name for name in numpy if name not in ("Slot", "Workspace", "allocate", "scratch")] == jax


@pytest.mark.parametrize("file", ["autograd", "native"])
def test_torch_and_jax_have_the_same_autograd_and_the_same_entry_points(file):
    torch, jax = (set(defined(IMPLS / f"with_{each}" / f"{file}.py")) for each in ("torch", "jax"))
    entry = {"autograd": {"gradients"}, "native": {"criterion", "gradients", "gradient_descent"}}[file]
    assert entry <= torch
    assert entry <= jax


@pytest.mark.parametrize("framework", VARIANTS)
def test_every_file_says_what_it_is(framework):
    for path in python_files(f"impls/crosscheck_impls/with_{framework}"):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), relative(path)


# ---------------------------------------------------------------- frameworks that are not there

BLOCK = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Blocked())
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {blocked!r} else find_spec(name, package)
"""


def run(code: str, blocked: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run Python in the repository, with some packages as if they were not installed."""
    whole = (BLOCK.format(blocked=blocked) if blocked else "import sys\n") + code
    return subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize(
    "module",
    [
        "crosscheck_impls.interface",
        "crosscheck_impls.with_numpy",
        "crosscheck.comparison.session",
        "crosscheck.cli.main",
    ],
)
def test_an_import_brings_no_framework_along(module):
    got = run(f"import {module}; print(sorted({FRAMEWORKS!r} & set(sys.modules)))")
    assert got.returncode == 0, got.stderr
    assert got.stdout.strip() == "[]"


def test_the_interface_brings_not_even_numpy_along():
    got = run("import crosscheck_impls.interface; print('numpy' in sys.modules)")
    assert got.stdout.strip() == "False", got.stderr


def test_without_torch_and_jax_the_harness_imports():
    got = run("import crosscheck.comparison.session, crosscheck_impls.with_numpy; print('whole')", ("torch", "jax"))
    assert got.stdout.strip() == "whole", got.stderr


def test_without_torch_and_jax_the_list_says_so():
    got = run(
        "sys.argv = ['crosscheck', 'list']; import crosscheck.cli.main; crosscheck.cli.main.main()", ("torch", "jax")
    )
    assert got.returncode == 0, got.stderr
    lines = {line.split()[0]: line for line in got.stdout.splitlines() if line.strip()}
    assert "not installed" in lines["torch"]
    assert "not installed" in lines["jax"]
    assert "not installed" not in lines["numpy"]


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_loading_a_missing_framework_names_it(framework):
    code = f"""
from crosscheck_impls.interface import load
try:
    load({framework!r})
except ModuleNotFoundError as error:
    print(error.name)
"""
    got = run(code, (framework,))
    assert got.stdout.strip() == framework, got.stderr


def test_the_conformance_suite_skips_what_is_missing_and_refuses_what_is_asked_for():
    pytest_main = "import pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-rs', *{args!r}]))"
    suite = ["harness/crosscheck/testing/conformance/test_doors.py", "-k", "contract"]
    got = run(pytest_main.format(args=suite), ("torch", "jax"))
    assert got.returncode == 0, got.stdout + got.stderr
    assert "torch is not installed" in got.stdout
    assert "jax is not installed" in got.stdout
    assert "1 passed, 2 skipped" in got.stdout
    for asked, words in (("torch", "torch"), ("nump", "did you mean numpy"), ("numpy/by_hnd", "did you mean by_hand")):
        got = run(pytest_main.format(args=[*suite, "--impl", asked]), ("torch",))
        assert got.returncode == pytest.ExitCode.USAGE_ERROR
        assert words in got.stdout + got.stderr


MINE = """
from crosscheck_impls.interface import Layer, load


def by_hand(network, params, X, Y):
    J, gradient = load("numpy").gradients["by_hand"](network, params, X, Y)
    return J, tuple(Layer({mutant}, db) for dW, db in gradient)


gradients = {{"by_hand": by_hand}}
"""


@pytest.mark.parametrize(("mutant", "caught"), [("dW", False), ("dW * (1 + 1e-10)", True)], ids=["sound", "faulty"])
@pytest.mark.parametrize("path", ["my_package.mine", "my_package.mine/by_hand"])
def test_the_conformance_suite_takes_anyones_module(tmp_path, path, mutant, caught):
    """From the user's own folder; a relative mutant of 1e-10 in dW, which no allclose would see, is caught."""
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "mine.py").write_text(MINE.format(mutant=mutant), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", SUITE]
    got = subprocess.run([*command, "--impl", path], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert got.returncode == (pytest.ExitCode.TESTS_FAILED if caught else pytest.ExitCode.OK), got.stdout + got.stderr
    assert ("test_J_and_every_gradient_lie_within_the_error_bound_of_the_oracle" in got.stdout) == caught
