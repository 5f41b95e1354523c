"""Planted mutants: each a line or two of `reference.py` written differently, with a name and words for a learner.

A mutant whose line is not executed on a problem, or that computes the same there, is no mutant there; `power.py`
finds out which. To add one, add a line to the table: each old text has to stand in the reference exactly once.
"""

from __future__ import annotations

from typing import NamedTuple

KINDS = {
    "switch": "a convention or a precision that a library chooses for you",
    "misprint": "the course notes say it so",
    "classic": "a mistake that people make when they write backpropagation",
    "training": "a training loop that does something else than plain gradient descent",
    "precision": "fewer bits than the arrays have",
    "data": "not the data that were given",
}


class Mutant(NamedTuple):
    """A named change to the reference. kind: one of KINDS. changes: (old, new) pairs of text."""

    name: str
    kind: str
    words: str
    changes: tuple[tuple[str, str], ...]

    @property
    def diff(self) -> str:
        """The change as people read it."""
        return "; ".join(f"`{_line(old)}` became `{_line(new)}`" for old, new in self.changes)


def _line(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines())


def _mutant(name: str, kind: str, words: str, *texts: str) -> Mutant:
    return Mutant(name, kind, words, tuple(zip(texts[::2], texts[1::2], strict=True)))


# The lines of the reference that are changed most.
SIGMOID, RELU, LEAKY = (
    "np.where(Z < 0, e, 1) / (1 + e)",
    "np.where(Z < 0, 0 * Z, Z)\n    if",
    "network.leaky_slope * Z, Z)",
)
SIGMOID_SLOPE, TANH_SLOPE = "return A * (1 - A)", "return 1 - A * A"
RELU_SLOPE = 'return right_of_kink(network, "relu", Z).astype(Z.dtype)'
LEAKY_SLOPE = "return right + network.leaky_slope * (1 - right)"
KINK = 'return Z >= 0 if network.relu_grad_at_zero == "right" else Z > 0'
HALVES = "((Z > 0).astype(Z.dtype) + (Z >= 0)) / 2"
INPUT, Z_LINE, A_LINE = "A, Z = [X], []", "Z.append(W @ A[l - 1] + b)", "A.append(activate(network, l, Z[l - 1]))"
SOFTPLUS, LOSS = "return np.where(Z < 0, 0 * Z, Z) + np.log1p(np.exp(-np.abs(Z)))", "losses = softplus(Z) - Y * Z"
SQUARED, MEAN = "losses = (A - Y) ** 2 / 2", "return np.sum(losses) / m"
OUT = "        return (A - Y) * derivative(network, network.L, Z, A)\n    return A - Y"
OUT_SQUARED, OUT_ENTROPY = OUT.strip().split("\n    ")
BEGIN = "A, Z = forward(network, params, X)\n    m = X.shape[1]"
J_LINE = "J = cost(network, A[-1], Z[-1], Y)"
DW, DB = "dW = dZ @ A[l - 1].T / m", "db = np.sum(dZ, axis=1, keepdims=True) / m"
KEEP, RETURN = "gradients.insert(0, Layer(dW, db))", "return J, tuple(gradients)"
DA, DZ = "dA = params[l - 1].W.T @ dZ", "dZ = dA * derivative(network, l - 1, Z[l - 2], A[l - 1])"
STEP = "after.append(Layer(W - alpha * dW, b - alpha * db))"
START, LOOP = "costs = []", "for _t in range(iterations):"
ASK, RECORD = "J, gradients = cost_and_gradients(network, params, X, Y)", "costs.append(J)"
UPDATE, END = "params = update(params, gradients, alpha)", "return params, costs"
CLASS = 'return (A[-1] > 0.5).astype("int64")'
LOGS = "losses = -(Y * np.log(A) + (1 - Y) * np.log(1 - A))"
BY_DIVISION = "return (-(Y / A) + (1 - Y) / (1 - A)) * (A * (1 - A))"


def _entropy(new: str) -> tuple[str, str]:
    return OUT, OUT.replace(OUT_ENTROPY, new)


def _entry(change: str) -> tuple[str, str]:
    """Change the first entry of dW1."""
    return (
        RETURN,
        f"first = gradients[0].W.copy()\n    first[0, 0] = {change}\n    gradients[0] = Layer(first, gradients[0].b)\n    {RETURN}",
    )


# fmt: off
# ruff: noqa: E501 (a table: a line is a mutant)
MUTANTS: tuple[Mutant, ...] = (
    # what a library decides for you
    _mutant("relu'(0) = 0", "switch", "the derivative of ReLU at exactly 0 is taken as 0, as torch.relu and jax.nn.relu do (kink left)", KINK, KINK.replace("return", 'return Z > 0 if name == "relu" else')),
    _mutant("relu'(0) = 1", "switch", "the derivative of ReLU at exactly 0 is taken as 1, as the notes' z >= 0 says (kink right)", KINK, KINK.replace("return", 'return Z >= 0 if name == "relu" else')),
    _mutant("relu'(0) = 1/2", "switch", "the derivative of ReLU at exactly 0 is taken as 1/2, as autodiff of maximum(z, 0) does", RELU_SLOPE, f"return {HALVES}"),
    _mutant("leaky_relu'(0) = slope", "switch", "the derivative of leaky ReLU at exactly 0 is the left one, the slope, as torch's leaky_relu says (kink left)", KINK, KINK.replace("return", 'return Z > 0 if name == "leaky_relu" else')),
    _mutant("leaky_relu'(0) = 1", "switch", "the derivative of leaky ReLU at exactly 0 is the right one, 1, as jax.nn.leaky_relu says (kink right)", KINK, KINK.replace("return", 'return Z >= 0 if name == "leaky_relu" else')),
    _mutant("leaky_relu'(0) = (1 + slope) / 2", "switch", "the derivative of leaky ReLU at exactly 0 is halfway between slope and 1, as autodiff of maximum(z, slope z) says", LEAKY_SLOPE, f"right = {HALVES}\n        {LEAKY_SLOPE}"),
    _mutant("logarithms clamped at -100", "switch", "the logarithms in the cost are cut off at -100 and the gradient divides by at least 1e-12, as torch.nn.BCELoss does; compute the cost from the logits", LOSS, "losses = -(Y * np.maximum(np.log(A), -100) + (1 - Y) * np.maximum(np.log1p(-A), -100))", *_entropy("return (A - Y) / np.maximum(A * (1 - A), 1e-12) * (A * (1 - A))")),
    _mutant("log(sigmoid(z)) saturates", "switch", "the cost is the logarithm of a sigmoid already rounded to 0 or 1, and the gradient divides by it: inf or NaN where |Z| is large; compute the cost from the logits", LOSS, LOGS, *_entropy(BY_DIVISION)),
    _mutant("log(sigmoid(z)) saturates, dZ right", "switch", "the cost is the logarithm of a sigmoid already rounded to 0 or 1: inf or NaN where |Z| is large; the gradient A - Y is right; compute the cost from the logits", LOSS, LOGS),
    _mutant("softplus threshold 20", "switch", "softplus(z) is taken as z above 20, and its derivative as 1, as torch.nn.functional.softplus does by default; write it with log1p, or raise the threshold", SOFTPLUS, f"return np.where(Z > 20, Z, {SOFTPLUS.removeprefix('return ')})", *_entropy("return np.where(Z > 20, 1, A) - Y")),
    _mutant("softplus threshold 20, both signs", "switch", "softplus(z) and softplus(-z) are cut off above 20, as torch.nn.functional.softplus does by default; write them with log1p, or raise the threshold", LOSS, "losses = (1 - Y) * np.where(Z > 20, Z, softplus(Z)) + Y * np.where(Z < -20, -Z, softplus(-Z))", *_entropy("return (1 - Y) * np.where(Z > 20, 1, A) + Y * (np.where(Z < -20, 0, A) - 1)")),
    _mutant("computed in float32", "switch", "everything is computed in float32, though the arrays are float64, as JAX does unless jax_enable_x64 is on", BEGIN, f"X, Y, params = single(X), single(Y), tuple(Layer(single(W), single(b)) for W, b in params)\n    {BEGIN}"),
    _mutant("TF32 products", "switch", "the operands of matrix products are cut to 10 bits, as TF32 does on a GPU; torch.set_float32_matmul_precision('highest'), or jax_default_matmul_precision", Z_LINE, "Z.append(tf32(W) @ tf32(A[l - 1]) + b)", DW, "dW = tf32(dZ) @ tf32(A[l - 1]).T / m", DA, "dA = tf32(params[l - 1].W).T @ tf32(dZ)"),
    _mutant("bfloat16 products", "switch", "the operands of matrix products are rounded to bfloat16, as autocast and TPUs do", Z_LINE, "Z.append(bfloat16(W) @ bfloat16(A[l - 1]) + b)", DW, "dW = bfloat16(dZ) @ bfloat16(A[l - 1]).T / m", DA, "dA = bfloat16(params[l - 1].W).T @ bfloat16(dZ)"),
    _mutant("tanh as 2 sigmoid(2 z) - 1", "switch", "tanh is computed as 2 sigmoid(2 z) - 1, which loses the digits of small values: use the library's tanh", "return np.tanh(Z)", "return 2 * sigmoid(2 * Z) - 1"),
    _mutant("sigmoid as (1 + tanh(z / 2)) / 2", "switch", "the sigmoid is computed as (1 + tanh(z / 2)) / 2, which loses the digits of values near 0: use 1 / (1 + exp(-z))", SIGMOID, "(1 + np.tanh(Z / 2)) / 2"),
    _mutant("subnormal numbers flushed to 0", "switch", "numbers below the normal range are taken as 0, as XLA does on the CPU and many GPUs do: scale the features", INPUT, "A, Z = [flushed(X)], []", Z_LINE, "Z.append(flushed(flushed(W) @ A[l - 1] + flushed(b)))", DW, "dW = flushed(flushed(dZ) @ A[l - 1].T / m)"),
    # the notes' misprints
    _mutant("A = 1 / 1 + exp(-Z)", "misprint", "the sigmoid lacks its parentheses: 1 / (1 + exp(-Z))", SIGMOID, "1 / 1 + np.exp(-Z)"),
    _mutant("A = 1 / 1 + exp(-Z), J by log(A)", "misprint", "the sigmoid lacks its parentheses: 1 / (1 + exp(-Z)); A is above 1 then, and log(1 - A) is NaN", SIGMOID, "1 / 1 + np.exp(-Z)", LOSS, LOGS),
    _mutant("J without its minus", "misprint", "the cross-entropy lacks its minus: -(Y log A + (1 - Y) log(1 - A))", LOSS, "losses = -(softplus(Z) - Y * Z)"),
    _mutant("J and its gradient without their minus", "misprint", "the cross-entropy lacks its minus, and the gradient is taken of that: -(Y log A + (1 - Y) log(1 - A))", LOSS, "losses = -(softplus(Z) - Y * Z)", *_entropy("return Y - A")),
    _mutant("A[l] = g(A[l])", "misprint", "the activation is applied twice: A[l] = g(Z[l])", A_LINE, "A.append(activate(network, l, activate(network, l, Z[l - 1])))"),
    _mutant("A[l] = g(A[l-1])", "misprint", "the activation is applied to the layer's input, not to Z[l]", A_LINE, "A.append(activate(network, l, A[l - 1]))"),
    _mutant("dZ[l-1] with g'[l]", "misprint", "dZ of a layer uses the next layer's activation: it must be g'[l-1] at Z[l-1]", DZ, "dZ = dA * derivative(network, l, Z[l - 2], A[l - 1])"),
    _mutant("Z = X W + b", "misprint", "the product is the wrong way round: Z = W X + b with examples as columns", Z_LINE, "Z.append(A[l - 1] @ W + b)"),
    _mutant("square root error", "misprint", "the loss is the root of the error, not its square", SQUARED, "losses = np.sqrt(np.abs(A - Y)) / 2"),
    _mutant("reshape for transpose", "misprint", "A is reshaped where it must be transposed: reshape keeps the numbers in their order and mixes examples", DW, "dW = dZ @ A[l - 1].reshape(A[l - 1].T.shape) / m"),
    # means and sums
    _mutant("dW without 1/m", "classic", "dW is a sum over the examples where it must be their mean: divide by m", DW, "dW = dZ @ A[l - 1].T"),
    _mutant("db without 1/m", "classic", "db is a sum over the examples where it must be their mean: divide by m", DB, "db = np.sum(dZ, axis=1, keepdims=True)"),
    _mutant("dW and db without 1/m", "classic", "the gradient is a sum over the examples where it must be their mean: divide by m", DW, "dW = dZ @ A[l - 1].T", DB, "db = np.sum(dZ, axis=1, keepdims=True)"),
    _mutant("J without 1/m", "classic", "the cost is a sum over the examples where it must be their mean: divide by m", MEAN, "return np.sum(losses)"),
    _mutant("divided by m twice", "classic", "the gradient is divided by m twice", DW, "dW = dZ @ A[l - 1].T / m / m", DB, "db = np.sum(dZ, axis=1, keepdims=True) / m / m"),
    _mutant("dW divided by m - 1", "classic", "dW is divided by m - 1; the mean of m examples divides by m", DW, "dW = dZ @ A[l - 1].T / (m - 1)"),
    _mutant("db divided by m - 1", "classic", "db is divided by m - 1; the mean of m examples divides by m", DB, "db = np.sum(dZ, axis=1, keepdims=True) / (m - 1)"),
    _mutant("J divided by m - 1", "classic", "the cost is divided by m - 1; the mean of m examples divides by m", MEAN, "return np.sum(losses) / (m - 1)"),
    _mutant("J and its gradient without 1/m", "classic", "the cost is a sum over the examples where it must be their mean, and the gradient is taken of that: divide by m", MEAN, "return np.sum(losses)", DW, "dW = dZ @ A[l - 1].T", DB, "db = np.sum(dZ, axis=1, keepdims=True)"),
    _mutant("J and its gradient are means over outputs too", "classic", "the cost is the mean over the outputs as well, and the gradient is taken of that; the examples alone are averaged", MEAN, "return np.mean(losses)", "dZ = output_gradient(network, A[-1], Z[-1], Y)", "dZ = output_gradient(network, A[-1], Z[-1], Y) / Y.shape[0]"),
    _mutant("J is a mean over outputs too", "classic", "the cost is the mean over the outputs as well; it must be their sum, and the mean over the examples only", MEAN, "return np.mean(losses)"),
    _mutant("gradient of a mean over outputs", "classic", "the gradient is divided by the number of outputs as well; only the examples are averaged", "dZ = output_gradient(network, A[-1], Z[-1], Y)", "dZ = output_gradient(network, A[-1], Z[-1], Y) / Y.shape[0]"),
    _mutant("divided by n instead of m", "classic", "the gradient is divided by the number of features, X.shape[0]; the examples are the columns, m = X.shape[1]", BEGIN, BEGIN.replace("shape[1]", "shape[0]")),
    _mutant("J and its gradient over n", "classic", "everything is divided by the number of features, X.shape[0]; the examples are the columns, m = X.shape[1]", BEGIN, BEGIN.replace("shape[1]", "shape[0]"), J_LINE, f"{J_LINE} * X.shape[1] / m"),
    _mutant("J and its gradient over 2 m", "classic", "everything is divided by 2 m, as some write the squared error's cost", BEGIN, BEGIN.replace("X.shape[1]", "2 * X.shape[1]"), J_LINE, f"{J_LINE} / 2"),
    _mutant("divided by twice m", "classic", "the gradient is divided by 2 m, as some write the squared error's cost", BEGIN, BEGIN.replace("X.shape[1]", "2 * X.shape[1]")),
    # signs and derivatives
    _mutant("dZ = Y - A", "classic", "the sign of dZ[L] is wrong: it is A - Y", *_entropy("return Y - A")),
    _mutant("dZ[L] times g'", "classic", "dZ[L] is multiplied by the sigmoid's derivative once too often: with cross-entropy it is just A - Y", *_entropy("return (A - Y) * derivative(network, network.L, Z, A)")),
    _mutant("dZ[L] without g'", "classic", "dZ[L] lacks the derivative of the output's activation: with squared error it is (A - Y) g'(Z)", OUT, OUT.replace(OUT_SQUARED, "return A - Y")),
    _mutant("twice the squared error's gradient", "classic", "the gradient is that of (A - Y)^2 without the 1/2", OUT, OUT.replace("return (A - Y) * d", "return 2 * (A - Y) * d")),
    _mutant("squared error without its 1/2", "classic", "the loss is (A - Y)^2 without the 1/2", SQUARED, "losses = (A - Y) ** 2"),
    _mutant("squared error and its gradient without 1/2", "classic", "the loss is (A - Y)^2 without the 1/2, and the gradient is taken of that", SQUARED, "losses = (A - Y) ** 2", OUT, OUT.replace("return (A - Y) * d", "return 2 * (A - Y) * d")),
    _mutant("dZ without g'", "classic", "dZ of a hidden layer lacks the derivative of its activation", DZ, "dZ = dA"),
    _mutant("g' at A instead of Z", "classic", "the derivative is taken at A[l]; it belongs at Z[l]", DZ, "dZ = dA * derivative(network, l - 1, A[l - 1], activate(network, l - 1, A[l - 1]))"),
    _mutant("g'(Z) written with Z for A", "classic", "the derivative is written with A, such as A (1 - A) or 1 - A^2, but was given Z", DZ, "dZ = dA * derivative(network, l - 1, Z[l - 2], Z[l - 2])"),
    _mutant("g' of the layer before", "classic", "dZ uses the Z of another layer", DZ, "dZ = dA * derivative(network, l - 1, Z[l - 1], A[l])"),
    _mutant("g(Z) for g'(Z)", "classic", "dA is multiplied by the activation itself, not by its derivative", DZ, "dZ = dA * A[l - 1]"),
    _mutant("tanh' = 1 - A", "classic", "the derivative of tanh lacks its square: 1 - A^2", TANH_SLOPE, "return 1 - A"),
    _mutant("tanh' = A (1 - A)", "classic", "the derivative of tanh is taken as the sigmoid's", TANH_SLOPE, "return A * (1 - A)"),
    _mutant("sigmoid' = A (1 + A)", "classic", "a sign in the sigmoid's derivative: A (1 - A)", SIGMOID_SLOPE, "return A * (1 + A)"),
    _mutant("sigmoid' = 1 - A^2", "classic", "the derivative of the sigmoid is taken as that of tanh", SIGMOID_SLOPE, "return 1 - A * A"),
    _mutant("sigmoid(2 z)", "classic", "the sigmoid is that of 2 z, as 0.5 (tanh(z) + 1) is; half of z belongs into that tanh", "e = np.exp(-np.abs(Z))\n", "e = np.exp(-2 * np.abs(Z))\n"),
    _mutant("ReLU' = 0 to the left of 1", "classic", "the derivative of ReLU is 1 where Z > 1 only", RELU_SLOPE, "return (Z > 1).astype(Z.dtype)"),
    _mutant("ReLU' of the wrong side", "classic", "the derivative of ReLU is 1 where Z is negative", RELU_SLOPE, "return (Z < 0).astype(Z.dtype)"),
    _mutant("ReLU' = Z", "classic", "the derivative of ReLU is taken as ReLU itself", RELU_SLOPE, "return A"),
    _mutant("leaky ReLU' = 0 on the left", "classic", "the derivative of leaky ReLU left of 0 is its slope, not 0", LEAKY_SLOPE, "return right"),
    _mutant("leaky ReLU without its slope", "classic", "leaky ReLU is computed as ReLU, its derivative with the slope", LEAKY, "0 * Z, Z)"),
    _mutant("leaky slope 0.01 whatever was asked", "classic", "the derivative's slope is written as 0.01, whatever the network asks for", LEAKY_SLOPE, "return right + 0.01 * (1 - right)"),
    _mutant("ReLU for leaky ReLU's forward", "classic", "the slope of leaky ReLU is rounded: 0.01 with an error of 1e-6", LEAKY, "(network.leaky_slope + 1e-6) * Z, Z)"),
    # the wrong array
    _mutant("W not transposed", "classic", "dA is W dZ; it must be W^T dZ", DA, "dA = params[l - 1].W @ dZ"),
    _mutant("dA through the layer before", "classic", "dA is taken back through another layer's W", DA, "dA = params[l - 2].W.T @ dZ"),
    _mutant("dW with Z instead of A", "classic", "dW[l] multiplies dZ[l] with Z[l-1]; it must be A[l-1]", DW, "dW = dZ @ (Z[l - 2] if l > 1 else X).T / m"),
    _mutant("dW with A[l] instead of A[l-1]", "classic", "dW[l] multiplies dZ[l] with the layer's own A[l]; it must be its input A[l-1]", DW, "dW = dZ @ A[l].T / m"),
    _mutant("layers in the wrong order", "classic", "the gradients come back from the last layer to the first", KEEP, "gradients.append(Layer(dW, db))"),
    _mutant("db summed over everything", "classic", "db sums over the units as well; axis=1 keeps one sum for each unit", DB, "db = np.sum(dZ) / m + np.zeros((len(dZ), 1), dZ.dtype)"),
    _mutant("db of rank 1", "classic", "db has lost an axis: keepdims=True keeps it a column", DB, "db = np.sum(dZ, axis=1) / m"),
    _mutant("db from one example", "classic", "db is the first example's dZ, not the mean over all of them", DB, "db = dZ[:, :1]"),
    _mutant("Z without b", "classic", "the bias is left out of Z = W A + b", Z_LINE, "Z.append(W @ A[l - 1])"),
    _mutant("Z minus b", "classic", "the bias is subtracted: Z = W A + b", Z_LINE, "Z.append(W @ A[l - 1] - b)"),
    _mutant("bias only in the first layer", "classic", "only the first layer's bias is used", Z_LINE, "Z.append(W @ A[l - 1] + (b if l == 1 else 0 * b))"),
    _mutant("no activation in the last hidden layer", "classic", "the last hidden layer is left without its activation", A_LINE, "A.append(Z[l - 1] if l == network.L - 1 else activate(network, l, Z[l - 1]))"),
    _mutant("dZ of a hidden layer divided by m", "classic", "dZ is divided by m on its way back, and dW and db again", DZ, f"{DZ} / m"),
    # small numbers
    _mutant("log(A + 1e-8)", "classic", "1e-8 is added inside the logarithms against log(0); compute the cost from the logits instead", LOSS, "losses = -(Y * np.log(A + 1e-8) + (1 - Y) * np.log(1 - A + 1e-8))"),
    _mutant("A clipped to [1e-7, 1 - 1e-7]", "classic", "A is clipped to [1e-7, 1 - 1e-7] before the logarithm, as Keras does; compute the cost from the logits", LOSS, "clipped = np.minimum(np.maximum(A, 1e-7), 1 - 1e-7) + 0 * A\n        losses = -(Y * np.log(clipped) + (1 - Y) * np.log(1 - clipped))"),
    _mutant("dZ through a division with epsilon", "classic", "1e-8 is added to the denominators of dA[L] = -Y/A + (1 - Y)/(1 - A)", *_entropy("return (-(Y / (A + 1e-8)) + (1 - Y) / (1 - A + 1e-8)) * (A * (1 - A))")),
    _mutant("1e-6 in one entry of dW", "classic", "one entry of dW1 is off by a millionth of its size", *_entry("first[0, 0] * (1 + 1e-6)")),
    _mutant("one entry of dW dropped", "classic", "the first entry of dW1 is 0", *_entry("0 * first[0, 0]")),
    _mutant("weight decay", "classic", "the gradient has weight decay in it, 1e-4 W", KEEP, "gradients.insert(0, Layer(dW + 1e-4 * params[l - 1].W, db))"),
    _mutant("gradient clipped at 0.1", "classic", "the entries of the gradient are clipped to [-0.1, 0.1]", KEEP, "gradients.insert(0, Layer(np.minimum(np.maximum(dW, -0.1), 0.1), np.minimum(np.maximum(db, -0.1), 0.1)))"),
    # the training loop
    _mutant("momentum", "training", "the step carries 0.9 of the step before: that is momentum", START, f"{START}\n    velocity = None", ASK, f"{ASK}\n        velocity = gradients if velocity is None else tuple(Layer(0.9 * v.W + g.W, 0.9 * v.b + g.b) for v, g in zip(velocity, gradients, strict=True))\n        gradients = velocity"),
    _mutant("gradient accumulates", "training", "the gradient is added to those of the steps before; zero_grad is forgotten", START, f"{START}\n    velocity = None", ASK, f"{ASK}\n        velocity = gradients if velocity is None else tuple(Layer(v.W + g.W, v.b + g.b) for v, g in zip(velocity, gradients, strict=True))\n        gradients = velocity"),
    _mutant("stale gradient", "training", "each step uses the gradient of the step before", START, f"{START}\n    before = None", UPDATE, "params, before = update(params, gradients if before is None else before, alpha), gradients"),
    _mutant("gradient of the start for ever", "training", "the gradient is computed once and used in every step", START, f"{START}\n    first = None", UPDATE, "first = first or gradients\n        params = update(params, first, alpha)"),
    _mutant("alpha rounded to float32", "training", "the learning rate is rounded to float32", LOOP, f"alpha = float(np.float32(alpha))\n    {LOOP}"),
    _mutant("alpha halves after 10 steps", "training", "the learning rate is halved after ten steps", UPDATE, "params = update(params, gradients, alpha if _t < 10 else alpha / 2)"),
    _mutant("alpha decays", "training", "the learning rate decays, alpha / (1 + t / 1000)", UPDATE, "params = update(params, gradients, alpha / (1 + _t / 1000))"),
    _mutant("alpha without sign", "training", "the step goes uphill: W - alpha dW", STEP, "after.append(Layer(W + alpha * dW, b + alpha * db))"),
    _mutant("b is not updated", "training", "the biases are never updated", STEP, "after.append(Layer(W - alpha * dW, b))"),
    _mutant("only the last layer is updated", "training", "only the last layer learns", UPDATE, "params = params[:-1] + update(params[-1:], gradients[-1:], alpha)"),
    _mutant("b learns twice as fast", "training", "the biases have twice the learning rate", STEP, "after.append(Layer(W - alpha * dW, b - 2 * alpha * db))"),
    _mutant("W updated before dA", "training", "W[l] is updated before dA[l-1] = W[l]^T dZ[l] is taken: compute all gradients first", DA, "dA = (params[l - 1].W - rate * dW).T @ dZ", LOOP, f"global rate\n    rate = alpha\n    {LOOP}", END, f"rate = 0.0\n    {END}"),
    _mutant("cost one step late", "training", "the cost is computed after the update: J[t] must belong to the parameters before step t", RECORD, "pass", UPDATE, f"{UPDATE}\n        costs.append(cost_and_gradients(network, params, X, Y)[0])"),
    _mutant("cost one step late, the first right", "training", "J[t] is the cost of the step before, but for the first", RECORD, "costs.append(before if _t else J)\n        before = J"),
    _mutant("one iteration too few", "training", "the loop ends one step early: range(iterations) makes all of them", UPDATE, "params = update(params, gradients, alpha) if _t < iterations - 1 or iterations == 1 else params"),
    _mutant("one iteration too many", "training", "one step is made after the last: the number of steps is iterations", END, "return update(params, cost_and_gradients(network, params, X, Y)[1], alpha), costs"),
    _mutant("every seventh step is skipped", "training", "now and then a step is left out", UPDATE, "params = update(params, gradients, alpha) if _t % 7 != 6 else params"),
    _mutant("step 5 is made twice", "training", "one step in the middle is made twice", UPDATE, f"{UPDATE}\n        params = update(params, gradients, alpha) if _t == 5 else params"),
    _mutant("stops when J rises", "training", "training stops as soon as the cost rises", UPDATE, "params = update(params, gradients, alpha) if len(costs) < 2 or costs[-1] <= costs[-2] else params"),
    _mutant("weight decay of the parameters", "training", "the parameters shrink by alpha 1e-4 in each step", STEP, "after.append(Layer(W - alpha * dW - alpha * 1e-4 * W, b - alpha * db))"),
    _mutant("gradient of unit length", "training", "the gradient is divided by its length", UPDATE, "length = np.sqrt(sum((d * d).sum() for layer in gradients for d in layer)) + 1e-30\n        params = update(params, gradients, alpha / length)"),
    _mutant("half the examples in turn", "training", "each step sees half of the examples, in turn: that is mini-batches", ASK, "half = X.shape[1] // 2 or 1\n        part = slice(0, half) if _t % 2 == 0 else slice(-half, None)\n        J, gradients = cost_and_gradients(network, params, X[:, part], Y[:, part])"),
    _mutant("parameters rounded to float32", "training", "the parameters pass through float32 in each step", UPDATE, f"{UPDATE}\n        params = tuple(Layer(through_single(W), through_single(b)) for W, b in params)"),
    _mutant("parameters rounded to float16", "training", "the parameters pass through float16 in each step", UPDATE, f"{UPDATE}\n        params = tuple(Layer(half(W), half(b)) for W, b in params)"),
    _mutant("parameters averaged", "training", "the parameters that come back are averaged with those of the step before", START, f"{START}\n    before = params", UPDATE, f"before = params\n        {UPDATE}", END, "return tuple(Layer((W + V) / 2, (b + a) / 2) for (W, b), (V, a) in zip(params, before, strict=True)), costs"),
    # fewer bits
    _mutant("Z through float32", "precision", "Z passes through float32", Z_LINE, "Z.append(through_single(W @ A[l - 1] + b))"),
    _mutant("Z through float16", "precision", "Z passes through float16", Z_LINE, "Z.append(half(W @ A[l - 1] + b))"),
    _mutant("dZ through float32", "precision", "dZ[L] passes through float32", *_entropy("return through_single(A - Y)")),
    _mutant("dW through float16", "precision", "dW passes through float16", DW, "dW = half(dZ @ A[l - 1].T / m)"),
    _mutant("J through float32", "precision", "the cost is summed in float32", MEAN, "return np.sum(through_single(losses)) / m"),
    _mutant("TF32 in dW only", "precision", "the operands of dW's product are cut to 10 bits", DW, "dW = tf32(dZ) @ tf32(A[l - 1]).T / m"),
    _mutant("TF32 in Z only", "precision", "the operands of Z's product are cut to 10 bits", Z_LINE, "Z.append(tf32(W) @ tf32(A[l - 1]) + b)"),
    _mutant("bfloat16 in Z only", "precision", "the operands of Z's product are rounded to 8 bits", Z_LINE, "Z.append(bfloat16(W) @ bfloat16(A[l - 1]) + b)"),
    _mutant("tanh by an approximation", "precision", "tanh is the fraction z (27 + z^2) / (27 + 9 z^2), cut off at 1", 'return np.tanh(Z)', "return np.minimum(np.maximum(Z * (27 + Z * Z) / (27 + 9 * Z * Z), -1), 1)"),
    _mutant("hard sigmoid", "precision", "the sigmoid is the line z / 4 + 1/2, cut off at 0 and 1", SIGMOID, "np.where(e > 2, e, np.minimum(np.maximum(Z / 4 + 0.5, 0), 1))"),
    # the data
    _mutant("the first example left out", "data", "the first example is left out", BEGIN, f"X, Y = X[:, 1:], Y[:, 1:]\n    {BEGIN}"),
    _mutant("the last example left out of dW", "data", "the last example is left out of dW's product", DW, "dW = dZ[:, :-1] @ A[l - 1][:, :-1].T / m"),
    _mutant("the first feature left out", "data", "the first feature is taken as 0", INPUT, "A, Z = [np.concatenate([0 * X[:1], X[1:]])], []"),
    _mutant("two features swapped", "data", "the first and the last feature are swapped", INPUT, "A, Z = [np.concatenate([X[-1:], X[1:-1], X[:1]]) if len(X) > 1 else X], []"),
    _mutant("labels smoothed by 1e-7", "data", "the labels are smoothed by 1e-7: Y (1 - 2e-7) + 1e-7", BEGIN, f"Y = Y * (1 - 2e-7) + 1e-7\n    {BEGIN}"),
    _mutant("one label flipped", "data", "the label of the first example is the other one", BEGIN, f"Y = np.concatenate([1 - Y[:, :1], Y[:, 1:]], axis=1)\n    {BEGIN}"),
    _mutant("labels in reverse", "data", "the labels belong to the examples in reverse order", BEGIN, f"Y = Y[:, ::-1]\n    {BEGIN}"),
    _mutant("X through float16", "data", "the features pass through float16", INPUT, "A, Z = [half(X)], []"),
    _mutant("X through float32", "data", "the features pass through float32", INPUT, "A, Z = [through_single(X)], []"),
    _mutant("X scaled once more", "data", "the features are divided by 255 once more", INPUT, "A, Z = [X / 255], []"),
    _mutant("labels -1 and 1", "data", "the labels are taken as -1 and 1: the notes' formulas want 0 and 1", BEGIN, f"Y = 2 * Y - 1\n    {BEGIN}"),
    # predictions
    _mutant("class 1 where Z > 0.5", "classic", "the class is taken from Z > 0.5; it is A > 0.5, which is Z > 0", CLASS, 'return (_[-1] > 0.5).astype("int64")'),
    _mutant("class 1 where A >= 0.5", "classic", "the class at exactly 0.5 is 1; the notes say 0 there (A > 0.5)", CLASS, 'return (A[-1] >= 0.5).astype("int64")'),
    _mutant("classes swapped", "classic", "the classes 0 and 1 are swapped", CLASS, 'return (A[-1] <= 0.5).astype("int64")'),
    _mutant("class 1 everywhere", "classic", "every example is given class 1", CLASS, 'return (A[-1] > -1).astype("int64")'),
)
# fmt: on
BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
