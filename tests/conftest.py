"""The option `--impl`: which implementations the conformance suite runs against."""

import importlib.util
import sys
from pathlib import Path

import pytest
from crosscheck_impls.interface import VARIANTS, BadInput, load, nearest

pytest.register_assert_rewrite("tests.judging", "tests.laws")  # before anybody imports them

IMPLEMENTATIONS = pytest.StashKey[list[tuple[str, str]]]()  # (framework or dotted path, variant)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--impl",
        action="append",
        default=[],
        metavar="NAME",
        help="framework, framework/variant, or the dotted path of your module with or without /variant; "
        "again for more. All of ours by default.",
    )


def pytest_configure(config: pytest.Config) -> None:
    from crosscheck.testing import (
        plugin as pytest_plugin,  # in a checkout that is not installed nobody has registered it
    )

    if not config.pluginmanager.is_registered(pytest_plugin):
        config.pluginmanager.register(pytest_plugin, "crosscheck")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    asked = [chosen for name in config.getoption("--impl") for chosen in sources_of(name)]
    everything = [(framework, variant) for framework, variants in VARIANTS.items() for variant in variants]
    config.stash[IMPLEMENTATIONS] = list(dict.fromkeys(asked)) or everything


def sources_of(name: str) -> list[tuple[str, str]]:
    """Return what one `--impl` stands for. Raises UsageError for what is unknown or not installed."""
    path, _, variant = name.partition("/")
    try:
        variants = list(load(path).gradients)
    except (BadInput, ImportError) as error:
        raise pytest.UsageError(f"--impl {name}: {error}") from error
    if variant and variant not in variants:
        raise pytest.UsageError(f"--impl {name}: {path} has no variant {variant!r}; {nearest(variant, variants)}")
    return [(path, each) for each in ([variant] if variant else variants)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test with the arguments (name, variant) every implementation; one with `name` alone every framework."""
    if "conformance" not in metafunc.module.__name__ or "name" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.stash[IMPLEMENTATIONS]
    if "variant" in metafunc.fixturenames:
        cells = [pytest.param(*each, marks=absent(each[0]), id="/".join(each)) for each in chosen]
        metafunc.parametrize(("name", "variant"), cells)
    else:
        names = dict.fromkeys(name for name, _ in chosen)
        metafunc.parametrize("name", [pytest.param(name, marks=absent(name)) for name in names])


def absent(name: str) -> list[pytest.MarkDecorator]:
    """Skip one of our frameworks that is not installed; where `--impl` asks for it, that was an error before."""
    there = name not in VARIANTS or importlib.util.find_spec(name) is not None
    return [] if there else [pytest.mark.skip(reason=f"{name} is not installed")]
