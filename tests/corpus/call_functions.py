"""How each program that is made of functions on NumPy arrays is called."""

import numpy as np
from calls import GRADIENTS, PREDICT, TRAIN, back, call, flat, named, pairs, turned, unnamed, wb


# logistic regression
@call(GRADIENTS, "logreg_cats", "cat_or_not")
def _(ns, P, X, Y):
    g, J = ns.propagate(*wb(P), X, Y)
    return J, [(g["dw"].T, g["db"])]


@call(TRAIN, "logreg_cats", "cat_or_not")
def _(ns, P, X, Y, lr, n):
    p = ns.optimize(*wb(P), X, Y, n, lr)[0]
    return [(p["w"].T, p["b"])]


call(PREDICT, "logreg_cats", "cat_or_not")(lambda ns, P, X: ns.predict(*wb(P), X))


@call(GRADIENTS, "regresion_logistica")
def _(ns, P, X, Y):
    J, dw, db = ns.coste_y_gradientes(P[0][0], wb(P)[1], X, Y)
    return J, [(dw, db)]


call(TRAIN, "regresion_logistica")(lambda ns, P, X, Y, lr, n: [ns.entrenar(P[0][0], wb(P)[1], X, Y, n, lr)[:2]])
call(PREDICT, "regresion_logistica")(lambda ns, P, X: ns.predecir(P[0][0], wb(P)[1], X))


@call(GRADIENTS, "loops_before_vectors", "logreg_numpy")
def _(ns, P, X, Y):
    J, g = ns.cost_and_gradients(dict(zip("wb", wb(P), strict=True)), X, Y)
    return J, [(g["dw"].T, g["db"])]


@call(GRADIENTS, "admissions", "microchips")
def _(ns, P, X, Y):
    w, b = wb(P)
    db, dw = ns.compute_gradient(X.T, Y[0], w[:, 0], b)
    return ns.compute_cost(X.T, Y[0], w[:, 0], b), [(dw, db)]


call(TRAIN, "microchips")(lambda ns, P, X, Y, lr, n: [ns.gradient_descent(X.T, Y[0], P[0][0][0], wb(P)[1], lr, n)[:2]])
call(TRAIN, "admissions")(
    lambda ns, P, X, Y, lr, n: [
        ns.gradient_descent(X.T, Y[0], P[0][0][0], wb(P)[1], ns.compute_cost, ns.compute_gradient, lr, n)[:2]
    ]
)
call(PREDICT, "admissions", "microchips")(lambda ns, P, X: ns.predict(X.T, P[0][0][0], wb(P)[1]))


@call(GRADIENTS, "matlab_refugee")
def _(ns, P, X, Y):
    J, dw, db = ns.cost_and_grad(*wb(P), X, Y)
    return J, [(dw.T, db)]


call(PREDICT, "matlab_refugee")(lambda ns, P, X: ns.classify(*wb(P), X))


@call(TRAIN, "matlab_refugee")
def _(ns, P, X, Y, lr, n):
    w, b = ns.descend(*wb(P), X, Y, lr, n)
    return [(w.T, b)]


@call(GRADIENTS, "credit_scoring")
def _(ns, P, X, Y):
    w, b = P[0][0][0], wb(P)[1]
    return ns.log_loss(w, b, X.T, Y[0]), [ns.gradient(w, b, X.T, Y[0])]


call(TRAIN, "credit_scoring")(lambda ns, P, X, Y, lr, n: [ns.fit(P[0][0][0], wb(P)[1], X.T, Y[0], lr, n)])
call(PREDICT, "credit_scoring")(lambda ns, P, X: ns.predict(P[0][0][0], wb(P)[1], X.T))


@call(TRAIN, "sklearn_logreg")
def _(ns, P, X, Y, lr, n):
    model = ns.LogisticRegression(lr, n).fit(X.T, Y[0])
    return [(model.coef_, model.intercept_)]


@call(PREDICT, "sklearn_logreg")
def _(ns, P, X):
    model = ns.LogisticRegression()
    model.coef_, model.intercept_ = P[0][0][0], wb(P)[1]
    return model.predict(X.T)


# dictionaries W1, b1, ... and functions of the course
@call(GRADIENTS, "planar_data_one_hidden", "flower_hidden_layer", "leaky_relu_chinese")
def _(ns, P, X, Y):
    p = named(P)
    A2, cache = ns.forward_propagation(X, p)
    last = (p,) if "layer_sizes" in vars(ns) else ()
    return ns.compute_cost(A2, Y, *last), unnamed(ns.backward_propagation(p, cache, X, Y))


@call(GRADIENTS, "deep_step_by_step", "deep_nn_application")
def _(ns, P, X, Y):
    AL, caches = ns.L_model_forward(X, named(P))
    return ns.compute_cost(AL, Y), unnamed(ns.L_model_backward(AL, Y, caches))


@call(
    TRAIN,
    "planar_data_one_hidden",
    "deep_step_by_step",
    "deep_nn_application",
    "flower_hidden_layer",
    "three_layers_init",
)
def _(ns, P, X, Y, lr, n):
    gradient = GRADIENTS[ns.STEM]
    for _ in range(n):
        g = {f"d{k}": v for k, v in named(gradient(ns, P, X, Y)[1]).items()}
        P = unnamed(getattr(ns, "update_parameters", getattr(ns, "update", None))(named(P), g, lr), "W", "b")
    return P


call(PREDICT, "deep_nn_application")(lambda ns, P, X: ns.predict(X, np.zeros((1, X.shape[1])), named(P)))
call(
    PREDICT, "planar_data_one_hidden", "flower_hidden_layer", "leaky_relu_chinese", "fraud_regularised", "churn",
    "multilabel_tags", "float32_pipeline", "frugal", "jax_dictionary",
)(lambda ns, P, X: ns.predict(named(P), X))  # fmt: skip


@call(GRADIENTS, "reseau_deux_couches")
def _(ns, P, X, Y):
    A2, cache = ns.propagation_avant(X, named(P))
    return ns.calculer_cout(A2, Y), unnamed(ns.retropropagation(named(P), cache, X, Y))


call(TRAIN, "reseau_deux_couches")(lambda ns, P, X, Y, lr, n: unnamed(ns.entrainer(X, Y, named(P), n, lr), "W", "b"))
call(PREDICT, "reseau_deux_couches")(lambda ns, P, X: ns.predire(X, named(P)))


@call(GRADIENTS, "gradient_checking")
def _(ns, P, X, Y):
    J, cache = ns.forward_propagation_n(X, Y, named(P))
    return J, unnamed(ns.backward_propagation_n(X, Y, cache))


@call(GRADIENTS, "three_layers_init")
def _(ns, P, X, Y):
    a3, cache = ns.forward_propagation(X, named(P))
    return ns.compute_loss(a3, Y), unnamed(ns.backward_propagation(X, Y, cache))


@call(GRADIENTS, "house_prices")
def _(ns, P, X, Y):
    Z, cache = ns.forward(X, named(P))
    return ns.compute_cost(Z, Y), unnamed(ns.backward(Z, Y, named(P), cache))


call(TRAIN, "house_prices")(lambda ns, P, X, Y, lr, n: unnamed(ns.gradient_descent(named(P), X, Y, lr, n)[0], "W", "b"))


@call(GRADIENTS, "fraud_regularised")
def _(ns, P, X, Y):
    AL, cache = ns.L_forward(X, named(P))
    return ns.compute_cost(AL, Y, named(P)), unnamed(ns.L_backward(named(P), cache, Y))


call(TRAIN, "fraud_regularised")(lambda ns, P, X, Y, lr, n: unnamed(ns.train(named(P), X, Y, lr, n)[0], "W", "b"))


# one function over a dictionary
def one(ns, P, X, Y):
    function = next(getattr(ns, k) for k in ("cost_and_gradients", "custo_e_gradientes", "compute") if hasattr(ns, k))
    J, g = function(named(P), X, Y)
    return J, unnamed(g)


call(GRADIENTS, "rede_neural", "float32_pipeline", "churn", "frugal", "multilabel_tags")(one)
call(TRAIN, "rede_neural")(lambda ns, P, X, Y, lr, n: unnamed(ns.treina(named(P), X, Y, lr, n), "W", "b"))
call(TRAIN, "frugal")(lambda ns, P, X, Y, lr, n: unnamed(ns.fit(named(P), X, Y, lr, n), "W", "b"))
call(TRAIN, "xor_step")(lambda ns, P, X, Y, lr, n: unnamed(ns.train(named(P), X, Y, lr, n), "W", "b"))


@call(GRADIENTS, "spam_filter")
def _(ns, P, X, Y):
    J, g = ns.loss_and_grad(named(P, "w"), X, Y)
    return J, unnamed(g, "w", "b")


call(TRAIN, "spam_filter")(lambda ns, P, X, Y, lr, n: unnamed(ns.fit(named(P, "w"), X, Y, lr, n), "w", "b"))
call(GRADIENTS, "gradients_only")(lambda ns, P, X, Y: (ns.cost(named(P), X, Y), unnamed(ns.gradients(named(P), X, Y))))


@call(GRADIENTS, "circles_rows")
def _(ns, P, X, Y):
    p = named(turned(P))
    return ns.loss(p, X.T, Y.T), back(unnamed(ns.backprop(p, X.T, Y.T), "W", "b"))


call(TRAIN, "circles_rows")(
    lambda ns, P, X, Y, lr, n: back(unnamed(ns.fit(named(turned(P)), X.T, Y.T, lr, n), "W", "b"))
)


# flat arguments, lists, tuples, vectors
@call(GRADIENTS, "moons_relu_rows")
def _(ns, P, X, Y):
    p = flat(turned(P))
    return ns.bce(Y.T, ns.forward(X.T, *p)[-1]), back(pairs(ns.backward(X.T, Y.T, *p)))


call(TRAIN, "moons_relu_rows")(lambda ns, P, X, Y, lr, n: back(pairs(ns.train(X.T, Y.T, *flat(turned(P)), lr, n))))
call(PREDICT, "moons_relu_rows")(lambda ns, P, X: ns.predict(X.T, *flat(turned(P))).T)


@call(GRADIENTS, "two_layer_einsum")
def _(ns, P, X, Y):
    J, *g = ns.loss_and_grads(*flat(P), X, Y)
    return J, pairs(g)


call(PREDICT, "two_layer_einsum")(lambda ns, P, X: ns.predict(*flat(P), X))
call(GRADIENTS, "deep_list_of_tuples")(lambda ns, P, X, Y: ns.loss_and_grads(P, X, Y))
call(TRAIN, "deep_list_of_tuples")(lambda ns, P, X, Y, lr, n: ns.fit(P, X, Y, lr, n))
call(PREDICT, "deep_list_of_tuples")(lambda ns, P, X: ns.predict(P, X))


@call(GRADIENTS, "quadratic_delta")
def _(ns, P, X, Y):
    lists = [list(column) for column in zip(*P, strict=True)]
    db, dW = ns.backprop(*lists, X, Y)
    return ns.cost(*lists, X, Y), list(zip(dW, db, strict=True))


@call(TRAIN, "quadratic_delta")
def _(ns, P, X, Y, lr, n):
    return list(zip(*ns.gradient_descent(*[list(c) for c in zip(*P, strict=True)], X, Y, lr, n), strict=True))


@call(GRADIENTS, "float32_namedtuple")
def _(ns, P, X, Y):
    J, g = ns.cost_and_grads(ns.Params(*flat(P)), X, Y)
    return J, pairs(g)


@call(GRADIENTS, "netz_drei_schichten")
def _(ns, P, X, Y):
    p = flat(P)
    return ns.kosten(ns.vorwaerts(X, *p)[-1], Y), pairs(ns.rueckwaerts(X, Y, *p))


call(TRAIN, "netz_drei_schichten")(lambda ns, P, X, Y, lr, n: pairs(ns.trainieren(X, Y, *flat(P), lr, n)))
call(PREDICT, "netz_drei_schichten")(lambda ns, P, X: ns.vorhersage(X, *flat(P)))


@call(GRADIENTS, "diabetes_regression")
def _(ns, P, X, Y):
    n_h, n_x = P[0][0].shape
    J, g = ns.objective(ns.pack(*flat(turned(P))), X.T, Y.T, n_h)
    return J, back(pairs(ns.unpack(g, n_x, n_h, len(Y))))


@call(GRADIENTS, "wine_rows")
def _(ns, P, X, Y):
    p = flat(turned(P, rank=1))
    return ns.loss_fn(*p, X.T, Y[0]), back(pairs(ns.grad_fn(*p, X.T, Y[0])))


call(PREDICT, "wine_rows")(lambda ns, P, X: ns.predict(*flat(turned(P, rank=1)), X.T))
