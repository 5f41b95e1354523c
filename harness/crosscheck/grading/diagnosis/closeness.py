"""How close is close, where no error bound says it: every such number of the diagnosis, and why it is that.

What is claimed rests on the error bound, by `points.fits`. These numbers choose what is held against it, or compare two
results of the same program, of which there is no bound; none of them makes a hypothesis true.
"""

from __future__ import annotations

import numpy as np

U = float(np.finfo("float64").eps) / 2
TERMS = 2**13  # more than any sum has, over the examples, features or units of the problems that are asked
# Two ways to the same number: each term of a sum that does not cancel is rounded at most once on either way.
ALIKE = TERMS * U
# A number is tried as one of six digits first, and then as it is.
DIGITS = 6
# Which factor is tried: the nearest of those known, which lie much further apart than this; `fits` decides.
CANDIDATE = 1e-6
# The same where there is an epsilon besides, which moves J or a sum by some share of itself.
BESIDE_AN_EPSILON = 0.01
# Two answers to one question: half of the digits of the coarsest precision, which no order of summation takes.
TWICE = float(np.sqrt(np.finfo("float32").eps))
# Which of two activations is meant: J is so much nearer to the one as no accident of the problems makes it.
NEARER = 1e-3
# Times what rounding can do: what is further off in one entry is not looked at in the others.
FAR = 1e3
