"""What a server or the driver raises, as what our callers know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from neo4j.exceptions import (
    AuthError,
    ClientError,
    DatabaseError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from mindgraph.errors import StoreError, StoreUnavailable

_TROUBLE = "Look at the server's disk and its logs. Then run the same command again: it finishes the work."

_AGAIN = "Run the same command again once the server answers: it finishes the work."

#: Codes of errors that lie in the rows that were sent; what follows the last dot.
_OF_THE_ROWS = {
    "ArgumentError",
    "ConstraintValidationFailed",
    "ExecutionFailed",
    "TypeError",
    "MemoryPoolOutOfMemoryError",
    "TransactionOutOfMemoryError",
    "InvalidTypeName",
    "TransactionCommitFailed",
}


class BadRows(Exception):
    """Say that a batch failed for what is in it; with fewer rows it may succeed."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise the driver's and the server's errors as StoreError, with the statement's name in front."""
    try:
        yield
    except (Neo4jError, DriverError) as error:
        raise translation(what, error) from error


def translation(what: str, error: Exception) -> StoreError:
    """Return the error of ours that says what a driver's or a server's error says."""
    said = message(error)
    code = code_of(error)
    if isinstance(error, AuthError):
        return StoreError(f"{what}: the login is refused: {said}", hint="Check --user and the password.")
    if code.endswith("DatabaseNotFound"):
        return StoreError(f"{what}: {said}", hint="`SHOW DATABASES` lists them; choose one by --database.")
    if code.endswith(("WriteOnReadOnlyAccessDatabase", "ForbiddenOnReadOnlyDatabase", "ReadOnly")):
        return StoreError(f"{what}: the database is read-only: {said}")
    if isinstance(error, ServiceUnavailable | SessionExpired | TransientError):
        return StoreUnavailable(f"{what}: {said}", hint=_AGAIN)
    if code.endswith("DatabaseUnavailable"):
        return StoreUnavailable(f"{what}: {said}", hint=_AGAIN)
    if isinstance(error, DatabaseError):
        return StoreError(f"{what}: {said}", hint=_TROUBLE)
    return StoreError(f"{what}: {said}")


def lies_in_the_rows(error: Exception) -> bool:
    """Say whether an error may go away when fewer rows are sent: bad data, or too much of it."""
    if not isinstance(error, ClientError | DatabaseError | TransientError):
        return False
    if "disk" in message(error).lower() or "space" in message(error).lower():
        return False
    return code_of(error).rpartition(".")[2] in _OF_THE_ROWS


def message(error: Exception) -> str:
    """Return the first line of what an error says."""
    said = (isinstance(error, Neo4jError) and error.message) or str(error) or type(error).__name__
    return str(said).strip().splitlines()[0]


def code_of(error: Exception) -> str:
    """Return the server's code of an error, such as Neo.ClientError.Schema.ConstraintValidationFailed."""
    return str(getattr(error, "code", "") or "")
