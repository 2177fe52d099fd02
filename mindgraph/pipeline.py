"""The staircase: the stages in order over one workspace. This is the Python API.

Each method is a verb of the command line: it reads tables, hands them to the stage, writes what
comes back, and returns what was counted.
"""

from __future__ import annotations

from mindgraph.settings import Settings
from mindgraph.workspace import Workspace


class Pipeline:
    """Run the stages over one workspace."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.workspace = workspace
        self.settings = settings
