"""On exact data every order of summation gives the same bits, so that the criterion is equality."""

import numpy as np
import pytest
from crosscheck_impls.interface import EVERY_DTYPE, NARROW, VARIANTS, Layer, Network

from crosscheck.judge.equality import unequal
from crosscheck.problems.cases import make_case
from crosscheck.problems.exact import exact_problem
from crosscheck.runner.collect import measure

NETWORK = Network((5, 4, 2), ("relu", "linear"), "squared_error")


@pytest.mark.parametrize("dtype", EVERY_DTYPE)
def test_J_the_gradients_and_a_step_are_exact_to_the_last_bit(framework, name, variant, declared, dtype):
    if declared.precision != "full":
        pytest.skip("declared to round the operands of its products")
    if dtype in NARROW and variant not in VARIANTS.get(name, ()):
        pytest.skip("narrow dtypes are run where they are named")
    framework.configure(dtype)
    case = make_case(exact_problem("conformance", NETWORK, 8, dtype), dtype, later=False)
    answer = measure(framework, variant, declared, case, "cpu")
    assert unequal(case, answer) == []
    J, gradient = answer.gradients[0]
    moved = (Layer(gradient[0].W, np.nextafter(gradient[0].b, np.array(np.inf, dtype))), gradient[1])
    assert [one.tensor for one in unequal(case, answer._replace(gradients=[(J, moved)], checkpoints=[0]))] == ["db1"]
