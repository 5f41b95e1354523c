# -*- coding: utf-8 -*-
# Rede neural de duas camadas (ReLU + sigmoide) - trabalho final
import numpy as np
from sklearn.datasets import load_iris

np.random.seed(7)


def sigmoide(z):
    return 1 / (1 + np.exp(-z))


def inicializa(n_entrada, n_oculta, n_saida):
    return {
        'W1': np.random.randn(n_oculta, n_entrada) * 0.1,
        'b1': np.zeros((n_oculta, 1)),
        'W2': np.random.randn(n_saida, n_oculta) * 0.1,
        'b2': np.zeros((n_saida, 1)),
    }


def custo_e_gradientes(parametros, X, Y):
    """Devolve o custo e o dicionário dos gradientes."""
    m = X.shape[1]
    W1, b1, W2, b2 = (parametros[k] for k in ('W1', 'b1', 'W2', 'b2'))

    # propagação direta
    Z1 = np.dot(W1, X) + b1
    A1 = np.maximum(0, Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = sigmoide(Z2)

    # custo
    custo = -np.sum(Y * np.log(A2)) / m

    # retropropagação
    dZ2 = A2 - Y
    dW2 = np.dot(dZ2, A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dA1 = np.dot(W2.T, dZ2)
    dZ1 = dA1.copy()
    dZ1[dA1 <= 0] = 0
    dW1 = np.dot(dZ1, X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m

    return custo, {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}


def treina(parametros, X, Y, taxa=0.1, iteracoes=1000):
    for i in range(iteracoes):
        custo, grad = custo_e_gradientes(parametros, X, Y)
        for nome in parametros:
            parametros[nome] = parametros[nome] - taxa * grad['d' + nome]
        if i % 100 == 0:
            print('Iteração %4d  custo %.5f' % (i, custo))
    return parametros


iris = load_iris()
X = iris.data.T
Y = (iris.target == 1).astype(float).reshape(1, -1)
parametros = treina(inicializa(4, 6, 1), X, Y)
print('fim')
