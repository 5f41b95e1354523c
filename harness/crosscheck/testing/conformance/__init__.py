"""The conformance suite: what every implementation of the contract in crosscheck_impls/interface.py keeps.

    pytest --pyargs crosscheck.testing.conformance --impl mine

It needs pytest and hypothesis: pip install 'crosscheck[test]'.
"""

import pytest

pytest.register_assert_rewrite("crosscheck.testing.judging", "crosscheck.testing.strategies")
