"""A machine qualified: sizes, layouts and threads where kernels break, faults told apart, the smallest that is seen."""
