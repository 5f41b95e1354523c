"""The hosts of a fleet on the page: those that stand out first, then the rows in which they do."""

from __future__ import annotations

from crosscheck.report.html.sections import ROWS, Section, Table
from crosscheck.report.side_by_side import standing_out
from crosscheck.runs.many import Merged, Place


def section(it: Merged) -> Section:
    """Return the part of the page."""
    hosts = [[host.name, f"{host.rows:,}", f"{host.verdicts:,}", f"{host.bits:,}"] for host in it.hosts]
    odd = it.odd
    words = (
        f"{len(it.hosts)} hosts, {len(it.places):,} rows: {len(odd):,} stand out. "
        if odd
        else (f"{len(it.hosts)} hosts give the same verdicts, and the same bits wherever there are any. ")
    )
    return Section("hosts", "Hosts", "agreement.csv", f"{words}Below, a cell is the gravest of all hosts.", [
        Table("Hosts, those that stand out first, and the rows whose verdict, or bits, are not those of most",
              ["host", "rows", "verdicts", "bits"], hosts),
        Table("Rows that stand out", ["host", "problem", "implementation", "dtype", "in", "verdict", "most say", "bits",
                                      "most have"], [_row(place, it) for place in odd[:ROWS]], folded=True),
    ])  # fmt: skip


def _row(place: Place, it: Merged) -> list[str]:
    verdict, bits = it.usual[place.line.key]
    key = place.line.key
    return [
        place.name, key.problem, key.implementation, key.dtype, standing_out(place), place.line.verdict,
        verdict or "no majority", place.line.bits, bits or "no majority",
    ]  # fmt: skip
