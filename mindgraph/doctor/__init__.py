"""What is wrong with the setup: machine, workspace and server, each finding with what to do.

`machine` looks at what stands around us, `folder` at a workspace, `stores.bolt.health` at a server. Nothing
is changed by looking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mindgraph.doctor.folder import folder_findings
from mindgraph.doctor.machine import machine_findings
from mindgraph.findings import Finding
from mindgraph.workspace import Workspace


def examine(workspace: Workspace, server: Callable[[], Iterator[Finding]] | None = None) -> Iterator[Finding]:
    """Yield what is found of the machine, of a workspace and, where one is named, of a server."""
    yield from machine_findings(workspace.path)
    yield from folder_findings(workspace)
    if server is not None:
        yield from server()


__all__ = ["Finding", "examine"]
