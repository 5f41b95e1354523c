"""What is found of an answer: records that a page words, and that a class is grouped by."""

from __future__ import annotations

from typing import NamedTuple

from crosscheck.grading.diagnosis.account import Account, Slip, Special
from crosscheck.grading.diagnosis.factors import ONE, Factor
from crosscheck.grading.diagnosis.habits import JOINT_HABITS
from crosscheck.grading.diagnosis.points import Point, names
from crosscheck.grading.diagnosis.stages import Stage
from crosscheck.mutation.mutants import BY_NAME, Mutant

# mistakes that are one where J and its gradient both have them: the gradient is right, of the wrong J
TIMES_M = Factor(1.0, "m")
JOINT = {
    ("J without its minus", "dZ = Y - A"): "J and its gradient without their minus",
    ("J without 1/m", "dW without 1/m", "db without 1/m"): "J and its gradient without 1/m",
    ("J without 1/m", "dZ[L] times m"): "J and its gradient without 1/m",
    ("dW without 1/m", "db without 1/m"): "dW and db without 1/m",
    ("J is a mean over outputs too", "gradient of a mean over outputs"):
        "J and its gradient are means over outputs too",
    ("squared error without its 1/2", "twice the squared error's gradient"):
        "squared error and its gradient without 1/2",
}  # fmt: skip

OF_SEVERAL = {"J is a mean over outputs too", "gradient of a mean over outputs"}  # of one output they make nothing else


class Finding(NamedTuple):
    """One mistake, proved: with it, and with the others, the answer's numbers are what they are at every point.

    stage: of the computation. layers: whose lines it is in; () for the cost, and for the whole forward pass. tensors:
    those that it makes wrong. mutant: a known mistake; or factor: they are that many times what they would be without;
    or special: something of a certain size is added, of this formula. also: other known mistakes that give the same
    numbers. alone: whether no other finding is of the same tensors. problems: those on which it was proved. depth: of
    the networks, in layers.
    """

    stage: Stage
    layers: tuple[int, ...]
    tensors: tuple[str, ...]
    mutant: Mutant | None = None
    factor: Factor = ONE
    special: Special | None = None
    formula: str = ""
    size: float = 0.0
    also: tuple[str, ...] = ()
    alone: bool = True
    problems: tuple[str, ...] = ()
    depth: int = 0

    @property
    def every_layer(self) -> bool:
        """Whether it is in the lines of every layer, or of none."""
        return self.stage not in (Stage.DW, Stage.DB) or len(self.layers) == self.depth

    @property
    def key(self) -> str:
        """What two answers with the same mistake have in common, whatever their tensors."""
        if self.mutant is not None:
            return self.mutant.name
        if self.special is not None:
            return f"{self.special} in {self.stage}"
        if self.stage is Stage.UPDATE and not self.factor.number:
            return "not updated"
        kinds = dict.fromkeys(tensor.rstrip("0123456789") for tensor in self.tensors)
        of = "steps along " if self.stage is Stage.UPDATE else ""
        size = "" if self.factor.size == "1" else self.factor.size
        return f"{of}{' and '.join(kinds)} times {self.factor.number:g}{size}"


class Diagnosis(NamedTuple):
    """What is found of the answers of one depth, in the order of computation.

    wrong: the tensors that are. unexplained: those of them that nothing explains. problems: those that were compared.
    steps: the mistakes of the training loop; astray: what its first step moves otherwise than by alpha times the
    program's own gradient, or than by the right one where the program returns none; untold: what of that nothing
    explains. costs: what is wrong with the costs that the training reports, where J itself is
    right. implied: whether there is no gradient but that which its steps imply.
    """

    depth: int = 0
    findings: tuple[Finding, ...] = ()
    wrong: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    steps: tuple[Finding, ...] = ()
    astray: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    implied: bool = False
    costs: tuple[Finding, ...] = ()


def found(account: Account, points: list[Point]) -> Diagnosis:
    """Return what an account of the answer at these points says, slips of the same kind together."""
    network = points[0].network
    wrong = [tensor for tensor in names(network) if any(point.wrong(tensor) for point in points)]
    groups: dict[object, list[Slip]] = {}
    for slip in account.slips:
        if slip.option.mutant is None and slip.special is None:  # mere factors are facts about tensors
            key: object = ("factor", slip.factor, _of(slip, network.L) == ["J"])
            groups.setdefault(key, []).append(slip)
            continue
        groups.setdefault(slip._replace(layer=0, also=(), factor=ONE), []).append(slip._replace(factor=ONE))
        if slip.factor != ONE:
            rest = slip._replace(option=slip.option._replace(mutant=None), special=None)
            groups.setdefault(("factor", slip.factor, rest.stage), []).append(rest)
    findings = _joined([_finding(slips, network.L, wrong, points) for slips in groups.values()])
    every = [tensor for finding in findings for tensor in finding.tensors]
    alone = [
        finding._replace(alone=all(every.count(tensor) == 1 for tensor in finding.tensors)) for finding in findings
    ]
    problems = tuple(dict.fromkeys(point.problem for point in points))
    return Diagnosis(network.L, tuple(alone), tuple(wrong), account.unexplained, problems)


def _joined(findings: list[Finding]) -> list[Finding]:
    """Return the findings, those of J and of the gradient of just that J as one, as where a gradient is automatic."""
    known = {finding.mutant.name: finding for finding in findings if finding.mutant is not None}
    if at := [each for each in findings if each.stage is Stage.OUTPUT and each.factor == TIMES_M]:
        known["dZ[L] times m"] = at[0]
    for parts, whole in ({k: BY_NAME[name] for k, name in JOINT.items()} | JOINT_HABITS).items():
        if all(part in known and known[part].every_layer for part in parts):
            several = [known[part] for part in parts]
            rest = [finding for finding in findings if finding not in several]
            return [_one(several)._replace(mutant=whole), *_joined(rest)]
    factors = [finding for finding in findings if finding.factor != ONE]
    for one in factors:
        for two in factors:
            if one.stage is Stage.COST and two.stage is Stage.OUTPUT and one.factor == two.factor:
                rest = [finding for finding in findings if finding not in (one, two)]
                return [_one([one, two]), *rest]
    return findings


def _one(several: list[Finding]) -> Finding:
    tensors = tuple(dict.fromkeys(tensor for finding in several for tensor in finding.tensors))
    problems = tuple(dict.fromkeys(problem for finding in several for problem in finding.problems))
    return several[0]._replace(layers=(), tensors=tensors, problems=problems, also=())


def _finding(slips: list[Slip], L: int, wrong: list[str], points: list[Point]) -> Finding:
    first = slips[0]
    shown = dict.fromkeys(tensor for slip in slips for tensor in _of(slip, L))
    tensors = tuple(tensor for tensor in names(points[0].network) if tensor in shown and tensor in wrong)
    problems = dict.fromkeys(p.problem for p in points if _shows(slips, p) and any(map(p.wrong, tensors)))
    return Finding(
        first.stage, tuple(sorted({slip.layer for slip in slips} - {0})), tensors, first.option.mutant, first.factor,
        first.special, first.formula, first.size, first.also, problems=tuple(problems), depth=L,
    )  # fmt: skip


def _shows(slips: list[Slip], point: Point) -> bool:
    """Return whether they make a difference at a point: a factor of 1/n[L] is 1 where there is one output."""
    mutant = slips[0].option.mutant
    if mutant is not None and mutant.name in OF_SEVERAL and point.network.n[-1] == 1:
        return False
    return any(slip.factor == ONE or slip.factor.at(point, slip.layer) != 1 for slip in slips)


def _of(slip: Slip, L: int) -> list[str]:
    """Return the tensors that a slip shows in."""
    if slip.stage is Stage.COST:
        return ["J"]
    if slip.stage in (Stage.DW, Stage.DB):
        return [f"{slip.stage}{slip.layer}"]
    below = [f"d{kind}{l}" for l in range(slip.layer or L, 0, -1) for kind in "Wb"]
    if slip.stage is Stage.FORWARD:
        return ["J", *(f"d{kind}{l}" for l in range(L, 0, -1) for kind in "Wb")]
    return below
