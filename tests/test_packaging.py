"""What an installation brings: two packages and nothing else, the conformance suite and the templates among them."""

import importlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = {"crosscheck": ROOT / "harness" / "crosscheck", "crosscheck_impls": ROOT / "impls" / "crosscheck_impls"}
PLUGIN = "crosscheck.testing.plugin"
EXTRAS = {
    "torch",
    "jax",
    "cuda",
    "h5",
    "plots",
    "bench",
    "data",
    "excel",
    "mpi",
    "test",
    "all",
    "dev",
    "cluster",
    "slurm",
    "onnx",
}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed: it builds the wheel"
)


def build(target: str, folder: Path, root: Path = ROOT) -> Path:
    """Build the `wheel` or the `sdist` of a checkout into a folder, and return it."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=root)
    (built,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(build("wheel", tmp_path_factory.mktemp("wheel")))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", tmp_path_factory.mktemp("sdist"))


def in_wheel(wheel: zipfile.ZipFile, ending: str) -> str:
    """Return the text of the one file of the metadata that ends so."""
    (name,) = (name for name in wheel.namelist() if ".dist-info/" in name and name.endswith(ending))
    return wheel.read(name).decode()


def test_the_wheel_has_the_two_packages_and_their_metadata_and_nothing_else(wheel):
    (metadata,) = {name.split("/")[0] for name in wheel.namelist()} - set(SOURCES)
    assert metadata.startswith("crosscheck-")
    assert metadata.endswith(".dist-info")


@pytest.mark.parametrize("package", SOURCES)
def test_every_file_of_a_package_is_in_the_wheel(wheel, package):
    source = SOURCES[package]
    expected = {
        f"{package}/{path.relative_to(source).as_posix()}"
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in wheel.namelist() if name.startswith(f"{package}/")} == expected
    assert f"{package}/py.typed" in expected


def test_the_conformance_suite_and_the_templates_are_in_the_wheel(wheel):
    names = set(wheel.namelist())
    assert "crosscheck/testing/conformance/conftest.py" in names
    assert "crosscheck/testing/conformance/test_gradients.py" in names
    assert {f"crosscheck/testing/templates/{kind}.py" for kind in ("function", "with_numpy", "with_jax")} <= names


def test_the_wheel_brings_the_command_and_the_pytest_plugin(wheel):
    points = ConfigParser()
    points.read_string(in_wheel(wheel, "entry_points.txt"))
    assert {section: list(points[section]) for section in points.sections()} == {
        "console_scripts": ["crosscheck"],
        "pytest11": ["crosscheck"],
    }
    assert points["pytest11"]["crosscheck"] == "crosscheck.testing.plugin"
    module, function = points["console_scripts"]["crosscheck"].split(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_the_core_needs_no_framework_and_the_extras_are_named(wheel):
    metadata = Parser().parsestr(in_wheel(wheel, "METADATA"))
    assert set(metadata.get_all("Provides-Extra")) == EXTRAS
    always = [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]
    names = {line.split(">")[0] for line in always}
    data, screen = {"numpy", "ml-dtypes", "pandas", "scikit-learn", "python-flint", "threadpoolctl"}, {"typer", "rich"}
    assert names == data | screen | {"jinja2"}
    assert metadata["License-Expression"] == "MIT"


def test_the_wheel_of_the_sdist_is_the_wheel(wheel, sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (root,) = tmp_path.iterdir()
    assert (root / "tests" / "conftest.py").is_file()
    again = zipfile.ZipFile(build("wheel", tmp_path / "again", root))
    assert sorted(again.namelist()) == sorted(wheel.namelist())
    assert all(again.read(name) == wheel.read(name) for name in wheel.namelist())


def test_pytest_starts_beside_a_harness_and_impls_of_the_users_own(tmp_path: Path) -> None:
    """An installation of ours brought packages of these names once, and the plugin found the user's instead."""
    (tmp_path / "harness.py").write_text("mine = True\n", encoding="utf-8")
    (tmp_path / "impls").mkdir()
    (tmp_path / "impls" / "__init__.py").write_text("mine = True\n", encoding="utf-8")
    (tmp_path / "test_mine.py").write_text(
        "import harness, impls\n\n\ndef test_mine(crosscheck):\n    assert harness.mine and impls.mine\n",
        encoding="utf-8",
    )
    plugin = [] if importlib.metadata.entry_points(group="pytest11", name="crosscheck") else ["-p", PLUGIN]
    paths = [str(root.parent) for root in SOURCES.values()]
    got = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip
    assert got.returncode == 0, got.stdout + got.stderr
    assert "1 passed" in got.stdout
