"""The networks of the suite, few and small, since JAX compiles for each of them, and used again from test to test."""

from crosscheck_impls.interface import Network

LOGISTIC = Network((3, 1), ("sigmoid",))
TANH = Network((3, 4, 1), ("tanh", "sigmoid"))
DEEP = Network((3, 4, 3, 2), ("relu", "tanh", "sigmoid"))

NETWORKS = {
    "logistic": LOGISTIC,
    "logistic, two outputs": Network((3, 2), ("sigmoid",)),
    "2-layer sigmoid": Network((3, 4, 1), ("sigmoid", "sigmoid")),
    "2-layer tanh": TANH,
    "2-layer relu": Network((3, 4, 1), ("relu", "sigmoid")),
    "2-layer relu, kink left": Network((3, 4, 1), ("relu", "sigmoid"), relu_grad_at_zero="left"),
    "2-layer leaky_relu": Network((3, 4, 1), ("leaky_relu", "sigmoid"), leaky_slope=0.2),
    "2-layer leaky_relu, kink left": Network(
        (3, 4, 1), ("leaky_relu", "sigmoid"), leaky_slope=0.2, relu_grad_at_zero="left"
    ),
    "2-layer linear": Network((3, 4, 1), ("linear", "sigmoid")),
    "3-layer, two outputs": DEEP,
    "3-layer, the activations the other way round": Network((3, 4, 3, 1), ("tanh", "relu", "sigmoid")),
    "squared error, sigmoid": Network((3, 2), ("sigmoid",), "squared_error"),
    "squared error, linear": Network((3, 4, 1), ("leaky_relu", "linear"), "squared_error"),
    "squared error, relu": Network((3, 4, 1), ("tanh", "relu"), "squared_error"),
}
