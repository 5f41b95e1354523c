"""A folder for what MPI puts on the disk, which is removed whatever has become of its processes."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator

SCRATCH = "OMPI_MCA_btl_sm_backing_directory"  # Open MPI's own variable, for memory that processes share


@contextlib.contextmanager
def scratch() -> Iterator[dict[str, str]]:
    """Yield the variables of processes that may begin MPI."""
    with tempfile.TemporaryDirectory(prefix="crosscheck-", ignore_cleanup_errors=True) as folder:
        yield {SCRATCH: folder}
