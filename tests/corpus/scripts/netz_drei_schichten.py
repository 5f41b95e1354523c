# Übung 4: Netz mit drei Schichten (tanh, tanh, Sigmoid)
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def vorwaerts(X, W1, b1, W2, b2, W3, b3):
    """Vorwärtslauf; gibt die Aktivierungen aller Schichten zurück."""
    A1 = np.tanh(W1 @ X + b1)
    A2 = np.tanh(W2 @ A1 + b2)
    A3 = sigmoid(W3 @ A2 + b3)
    return A1, A2, A3


def kosten(A3, Y):
    # Kreuzentropie, gemittelt über die Beispiele
    m = Y.shape[1]
    return np.sum(Y * np.log(A3) + (1 - Y) * np.log(1 - A3)) / m


def rueckwaerts(X, Y, W1, b1, W2, b2, W3, b3):
    m = X.shape[1]
    A1, A2, A3 = vorwaerts(X, W1, b1, W2, b2, W3, b3)
    dZ3 = A3 - Y
    dW3 = dZ3 @ A2.T / m
    db3 = np.sum(dZ3, axis=1, keepdims=True) / m
    dZ2 = (W3.T @ dZ3) * (1 - A2 ** 2)
    dW2 = dZ2 @ A1.T / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = W2.T @ dZ2
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return dW1, db1, dW2, db2, dW3, db3


def trainieren(X, Y, W1, b1, W2, b2, W3, b3, lernrate=0.1, schritte=1000):
    for schritt in range(schritte):
        dW1, db1, dW2, db2, dW3, db3 = rueckwaerts(X, Y, W1, b1, W2, b2, W3, b3)
        W1 = W1 - lernrate * dW1
        b1 = b1 - lernrate * db1
        W2 = W2 - lernrate * dW2
        b2 = b2 - lernrate * db2
        W3 = W3 - lernrate * dW3
        b3 = b3 + lernrate * db3
    return W1, b1, W2, b2, W3, b3


def vorhersage(X, W1, b1, W2, b2, W3, b3):
    return (vorwaerts(X, W1, b1, W2, b2, W3, b3)[-1] > 0.5).astype(int)


if __name__ == "__main__":
    np.random.seed(1)
    X = np.random.randn(2, 300)
    Y = (np.sum(X**2, axis=0, keepdims=True) < 1).astype(int)
    gewichte = [np.random.randn(5, 2), np.zeros((5, 1)), np.random.randn(4, 5), np.zeros((4, 1)),
                np.random.randn(1, 4), np.zeros((1, 1))]
    gewichte = trainieren(X, Y, *gewichte)
    print("Genauigkeit:", np.mean(vorhersage(X, *gewichte) == Y))
