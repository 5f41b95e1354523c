"""A pytest plugin: the fixture `crosscheck`, which asks for the verdict on a function in one line.

    def test_mine(crosscheck):
        crosscheck(cost_and_gradients)

And the option `--impl` of the conformance suite, which pytest has to know before it looks for the suite:

    pytest --pyargs crosscheck.testing.conformance --impl mine

Every pytest run of everybody who has installed the package loads this file, so it imports nothing of the harness
before a test, or `--impl`, asks for it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

SUITE = "crosscheck.testing.conformance"


def register(manager: pytest.PytestPluginManager) -> None:
    """Register this plugin, unless its entry point has: in a checkout that is not installed there is none."""
    from crosscheck.testing import plugin

    if not manager.is_registered(plugin):
        manager.register(plugin, "crosscheck")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--impl`, unless another plugin has an option of that name: then the conformance suite runs on all."""
    try:
        parser.getgroup("crosscheck").addoption(
            "--impl",
            action="append",
            default=[],
            metavar="NAME",
            dest="crosscheck_impl",
            help="for crosscheck.testing.conformance: a framework, framework/variant, the dotted path of your module, "
            "or its file, with or without /variant; again for more. All of ours by default.",
        )
    except ValueError:  # the name is taken
        return


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what `--impl` asks for and cannot be had, in one line and before anything is collected."""
    names = config.getoption("crosscheck_impl", [])
    asked = names or any(SUITE in str(argument) for argument in config.invocation_params.args)
    if asked and importlib.util.find_spec("hypothesis") is None:
        raise pytest.UsageError("the conformance suite needs hypothesis: pip install 'crosscheck[test]'")
    if names:
        from crosscheck.testing.implementations import CHOSEN, named

        config.stash[CHOSEN] = named(names)


@pytest.fixture(name="crosscheck")
def crosscheck_fixture() -> Callable[..., None]:
    """Return crosscheck(function, **options), which raises AssertionError, with the report, unless it is right."""
    return crosscheck


def crosscheck(function: Callable[..., Any], **options: Any) -> None:
    """Check a function, in this process, as `crosscheck check` does.

    options: problems, layers, activation, output, loss, leaky_slope, dtypes, see grading/from_python.py. Raises
    AssertionError; TypeError for what is no function and for another option; BadInput.
    """
    __tracebackhide__ = True
    from crosscheck.grading.from_python import check

    report = check(function, **options)
    if not report.right:
        raise AssertionError(report.text)
