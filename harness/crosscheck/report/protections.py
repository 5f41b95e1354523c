"""The words for a sandbox: what a stranger's program cannot do in it, and what it can."""

from __future__ import annotations

from crosscheck.runner.sandbox import EVERY, Means, Sandbox

MEBIBYTE = 2**20


def of_sandbox(sandbox: Sandbox, who: str = "each submission") -> str:
    """Return which protections were on, and which were not, in two or three sentences.

    >>> print(of_sandbox(Sandbox(Means.LIMITS), "it")[:52])
    Without a sandbox, by limits alone, it could not rea
    """
    how = "Without a sandbox, by limits alone," if sandbox.means is Means.LIMITS else f"In a sandbox ({sandbox.means}),"
    most = sandbox.limits
    amounts = f"{most.memory / MEBIBYTE:,.0f} MiB of memory, {most.tasks} processes and threads"
    words = f"{how} {who} could not {_listed([str(each) for each in sandbox.on])}: {amounts}."
    if open_ := [str(each) for each in EVERY if each not in sandbox.on]:
        words += f" It could {_listed(open_)}, as far as you can: install bubblewrap (bwrap)."
    return words


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + (", or " if words[1:] else "") + words[-1]
