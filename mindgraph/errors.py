"""What can stop a run.

::

    MindgraphError            hint: what to do next; retryable: bool
    ├── SettingsError         a setting is missing or contradicts another
    ├── CatalogError          an input file cannot be read at all; names file and line
    ├── WorkspaceError        locked, written by a newer version, damaged; names the file
    ├── NotFound              a name or an id that is not there; suggests the nearest
    ├── LVLMError             the model could not be asked
    │   ├── LVLMUnavailable   not now; the same command goes on later
    │   └── BudgetReached     stopped as told; the same command goes on
    ├── StoreError            the store refused a statement: names it
    │   ├── StoreUnavailable  not now
    │   └── StoreMismatch     read-back differs from what was sent
    ├── ShapeError            RDF or a table breaks a shape: names shape and node
    └── MissingExtra          an optional library is absent: the line that installs it

What stops a run is an exception. What stops one item is a `records.Reject`, and the run goes on.
"""

from __future__ import annotations


class MindgraphError(Exception):
    """Stop a run with one line that names the place, and a hint that says what to do next."""

    hint: str = ""
    retryable: bool = False

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class SettingsError(MindgraphError):
    """Say that a setting is missing, unknown or contradicts another."""

    hint = "Settings come from mindgraph.toml, MINDGRAPH_* variables and options, in that order."


class CatalogError(MindgraphError):
    """Say that an input file cannot be read at all; the message names file and line."""


class WorkspaceError(MindgraphError):
    """Say that a workspace is locked, newer than this version, or damaged; names the file."""


class NotFound(MindgraphError):
    """Say that a name or an id is not there."""

    hint = "`mindgraph status` shows what is in the workspace."


class LVLMError(MindgraphError):
    """Say that the model could not be asked."""


class LVLMUnavailable(LVLMError):
    """Say that the model does not answer now; what was answered is kept."""

    retryable = True
    hint = "Run the same command again once the server answers: nothing is asked twice."


class BudgetReached(LVLMError):
    """Stop as told by a limit on calls, money or time; what was answered is kept."""

    hint = "Run the same command with a higher limit to go on: nothing is asked twice."


class StoreError(MindgraphError):
    """Say that a graph store refused a statement; the message names it."""


class StoreUnavailable(StoreError):
    """Say that the graph store does not answer now."""

    retryable = True


class StoreMismatch(StoreError):
    """Say that what the store holds differs from what was sent."""


class ShapeError(MindgraphError):
    """Say that RDF or a table breaks a shape; names shape and node."""


class MissingExtra(MindgraphError):
    """Say that an optional library is absent, with the line that installs it."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"{library} is not installed.", hint=f"pip install 'mindgraph-kg[{extra}]'")
        self._of = library, extra

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        """Come whole through a pickle: another process may have raised it."""
        return MissingExtra, self._of
