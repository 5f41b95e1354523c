"""How each class, and each program in torch or JAX, is called."""

import copy

import numpy as np
from calls import GRADIENTS, PREDICT, TRAIN, back, call, flat, named, pairs, turned, unnamed


def network(ns, P, lr=0.1):
    net = ns.NeuralNetwork(2, 2, learning_rate=lr)
    vars(net).update(named(P))
    return net


@call(GRADIENTS, "neural_network_class")
def _(ns, P, X, Y):
    net = network(ns, P)
    net.forward(X)
    J = net.compute_loss(Y)
    net.backward(Y)
    return J, unnamed(vars(net))


@call(TRAIN, "neural_network_class")
def _(ns, P, X, Y, lr, n):
    net = network(ns, P, lr)
    net.train(X, Y, n)
    return unnamed(vars(net), "W", "b")


call(PREDICT, "neural_network_class")(lambda ns, P, X: network(ns, P).predict(X))


def simple(ns, P):
    net = ns.SimpleNN(2, 2, 1)
    net.params = named(P)
    return net


@call(GRADIENTS, "simple_nn")
def _(ns, P, X, Y):
    J, g = simple(ns, P).loss(X, Y)
    return J, unnamed(g, "W", "b")


@call(TRAIN, "simple_nn")
def _(ns, P, X, Y, lr, n):
    net = simple(ns, P)
    net.train(X, Y, lr, n)
    return unnamed(net.params, "W", "b")


call(PREDICT, "simple_nn")(lambda ns, P, X: simple(ns, P).predict(X))


@call(TRAIN, "eleven_lines")
def _(ns, P, X, Y, lr, n):
    net = ns.Net(2, 2)
    net.syn0, net.bias0, net.syn1, net.bias1 = flat(turned(P, rank=1))
    net.train(X.T, Y.T, n, lr)
    return back([(net.syn0, net.bias0), (net.syn1, net.bias1)])


def itself(ns, P, lr=0.1):
    net = ns.TwoLayerNet((2, 2, 1), lr)
    net.weights, net.biases = ([np.array(a) for a in column] for column in zip(*P, strict=True))
    return net


@call(TRAIN, "trains_itself")
def _(ns, P, X, Y, lr, n):
    net = itself(ns, P, lr).train(X, Y, n)
    return list(zip(net.weights, net.biases, strict=True))


call(PREDICT, "trains_itself")(lambda ns, P, X: itself(ns, P).predict(X))


def objects(ns, P):
    net = ns.Network([P[0][0].shape[1], *[len(b) for _, b in P]])
    dense = [layer for layer in net.layers if isinstance(layer, ns.Dense)]
    for layer, (W, b) in zip(dense, P, strict=True):
        layer.W, layer.b = np.array(W), np.array(b)
    return net, dense


@call(GRADIENTS, "layer_objects")
def _(ns, P, X, Y):
    net, dense = objects(ns, P)
    J = net.loss.forward(net.forward(X), Y)
    net.backward()
    return J, [(layer.dW, layer.db) for layer in dense]


@call(TRAIN, "layer_objects")
def _(ns, P, X, Y, lr, n):
    net, dense = objects(ns, P)
    for _ in range(n):
        net.train_step(X, Y, lr)
    return [(layer.W, layer.b) for layer in dense]


call(PREDICT, "layer_objects")(lambda ns, P, X: objects(ns, P)[0].predict(X))


@call(TRAIN, "dense_from_video")
def _(ns, P, X, Y, lr, n):
    dense = [ns.Dense(2, 2) for _ in P]
    for layer, (W, b) in zip(dense, P, strict=True):
        layer.weights, layer.bias = np.array(W), np.array(b)
    between = [ns.Tanh() for _ in P[1:]] + [ns.Sigmoid()]
    ns.train([x for two in zip(dense, between, strict=True) for x in two], X, Y, n, lr, verbose=False)
    return [(layer.weights, layer.bias) for layer in dense]


def estimator(ns, P, lr=0.1, n=1):
    model = ns.MyMLPClassifier([len(b) for _, b in P[:-1]], lr, n, warm_start=True)
    model.coefs_, model.intercepts_ = ([*column] for column in zip(*turned(P, rank=1), strict=True))
    model.classes_ = np.array([0, 1])
    return model


@call(TRAIN, "sklearn_mlp")
def _(ns, P, X, Y, lr, n):
    model = estimator(ns, P, lr, n).fit(X.T, Y[0])
    return back(list(zip(model.coefs_, model.intercepts_, strict=True)))


call(PREDICT, "sklearn_mlp")(lambda ns, P, X: estimator(ns, P).predict(X.T))


# torch
def module(ns, P):
    import torch

    size = P[0][0].shape[1]
    if hasattr(ns, "MLP"):
        model = ns.MLP(size, [len(b) for _, b in P[:-1]])
    elif hasattr(ns, "Classifier"):
        model = ns.Classifier(size, len(P[0][1]))
    else:
        model = copy.deepcopy(ns.model)
    model = model.double()
    for target, value in zip(model.parameters(), flat(P), strict=True):
        target.data = torch.tensor(
            value if value.shape[1] > 1 and target.ndim == 2 else value.reshape(-1) if target.ndim == 1 else value
        )
    return model


@call(GRADIENTS, "torch_logits", "torch_double", "torch_sequential")
def _(ns, P, X, Y):
    import torch

    model = module(ns, P)
    J = getattr(ns, "loss_fn", getattr(ns, "criterion", None))(model(torch.tensor(X.T)), torch.tensor(Y.T))
    J.backward()
    return J.item(), pairs([p.grad.numpy() for p in model.parameters()])


@call(TRAIN, "torch_logits", "torch_double", "torch_sequential")
def _(ns, P, X, Y, lr, n):
    import torch

    model = module(ns, P)
    getattr(ns, "train", getattr(ns, "fit", None))(model, torch.tensor(X.T), torch.tensor(Y.T), lr=lr, epochs=n)
    return pairs([p.detach().numpy() for p in model.parameters()])


@call(PREDICT, "torch_logits")
def _(ns, P, X):
    import torch

    return module(ns, P).predict(torch.tensor(X.T)).numpy().T


@call(GRADIENTS, "torch_raw_tensors", "torch_loss_function")
def _(ns, P, X, Y):
    import torch

    rows = "F" in vars(ns)
    values = flat([(W, b.ravel()) for W, b in P] if rows else P)
    p = [torch.tensor(v, requires_grad=True) for v in values]
    x, y = (torch.tensor(a.T if rows else a) for a in (X, Y))
    J = ns.loss(*p, x, y) if rows else ns.loss(dict(zip(named(P), p, strict=True)), x, y)
    g = torch.autograd.grad(J, p, allow_unused=True)
    return J.item(), pairs([np.zeros(v.shape) if d is None else d.numpy() for d, v in zip(g, values, strict=True)])


# JAX
@call(GRADIENTS, "jax_list_of_tuples", "jax_dictionary")
def _(ns, P, X, Y):
    import jax

    p = named(P) if hasattr(ns, "update") else P
    J, g = jax.value_and_grad(ns.loss)(p, X, Y)
    return J, unnamed(g, "W", "b") if hasattr(ns, "update") else g


@call(TRAIN, "jax_list_of_tuples")
def _(ns, P, X, Y, lr, n):
    for _ in range(n):
        P = ns.step(P, X, Y, alpha=lr)
    return P


call(PREDICT, "jax_list_of_tuples")(lambda ns, P, X: ns.predict(P, X))


def pytree(ns, P):
    import jax.numpy as jnp

    return ns.MLP([ns.Linear(jnp.array(W), jnp.array(b.ravel())) for W, b in P])


@call(GRADIENTS, "jax_module_pytree")
def _(ns, P, X, Y):
    import jax

    J, g = jax.value_and_grad(ns.loss)(pytree(ns, P), X.T, Y.T)
    return J, [(layer.weight, layer.bias) for layer in g.layers]


@call(TRAIN, "jax_module_pytree")
def _(ns, P, X, Y, lr, n):
    model = pytree(ns, P)
    for _ in range(n):
        model = ns.sgd(model, X.T, Y.T, lr)
    return [(layer.weight, layer.bias) for layer in model.layers]
