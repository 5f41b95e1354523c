"""A claim that is measured at once: one row for each framework's name, and a picture."""

from crosscheck.claims.engine.lab import Findings, row
from crosscheck.claims.engine.pictures import panels, svg


def run(frameworks):
    figure, (axis,) = panels()
    axis.plot([0, 1], [1, 0], label="a line")
    axis.set(xlabel="x", ylabel="y")
    figures = {name: framework.name for name, framework in frameworks.items()}
    return Findings([row("Names are names.", "N1", "the name", figures, "names", True)], {"": svg(figure)})
