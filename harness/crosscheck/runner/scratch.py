"""A folder for what MPI puts on the disk, which is removed whatever has become of its processes.

The harness removes it; if the harness has been killed, the keepers of its workers do.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator

SCRATCH = "OMPI_MCA_btl_sm_backing_directory"  # Open MPI's own variable, for memory that processes share

ALONE = {"OMPI_MCA_btl": "self"}  # of a process that may import MPI but has no other to talk to: it writes nothing


@contextlib.contextmanager
def scratch(needed: bool) -> Iterator[dict[str, str]]:
    """Yield the variables of processes that may begin MPI; none, and no folder, where there are no such."""
    if not needed:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="crosscheck-", ignore_cleanup_errors=True) as folder:
        yield {SCRATCH: folder}
