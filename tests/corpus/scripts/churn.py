# customer churn, L layers, relu
import numpy as np
import pandas as pd

EPSILON = 1e-3  # avoids log(0)


def relu(z):
    return np.maximum(0, z)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(parameters, X):
    L = len(parameters) // 2
    As, Zs = [X], [None]
    for l in range(1, L + 1):
        Z = parameters["W" + str(l)].dot(As[-1]) + parameters["b" + str(l)]
        Zs.append(Z)
        As.append(sigmoid(Z) if l == L else relu(Z))
    return As, Zs


def cost_and_gradients(parameters, X, Y):
    L = len(parameters) // 2
    m = Y.shape[1]
    As, Zs = forward(parameters, X)
    J = -np.sum(Y * np.log(As[L] + EPSILON) + (1 - Y) * np.log(1 - As[L] + EPSILON)) / m
    grads = {}
    dZ = As[L] - Y
    for l in range(L, 0, -1):
        grads["dW" + str(l)] = dZ.dot(As[l - 1].T) / m
        grads["db" + str(l)] = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            dZ = parameters["W" + str(l)].T.dot(dZ) * (Zs[l - 1] > 0)
    return J, grads


def predict(parameters, X):
    return forward(parameters, X)[0][-1] > 0.5


if __name__ == "__main__":
    table = pd.read_csv("Churn_Modelling.csv").iloc[:, 3:]
    table = pd.get_dummies(table, drop_first=True).astype(float)
    Y = table.pop("Exited").to_numpy()[None]
    X = ((table - table.mean()) / table.std()).to_numpy().T
    dims = [X.shape[0], 16, 8, 1]
    parameters = {}
    for l in range(1, 4):
        parameters["W" + str(l)] = np.random.randn(dims[l], dims[l - 1]) * np.sqrt(2 / dims[l - 1])
        parameters["b" + str(l)] = np.zeros((dims[l], 1))
    for epoch in range(1000):
        J, grads = cost_and_gradients(parameters, X, Y)
        for key in parameters:
            parameters[key] -= 0.05 * grads["d" + key]
    print(J, (predict(parameters, X) == Y).mean())
