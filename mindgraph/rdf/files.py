"""Files as they are written: beside and renamed, hashed on the way, compressed where asked.

Writing has a thread of its own, so that the next rows are put together meanwhile.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from isal import igzip

from mindgraph.errors import WorkspaceError

#: Chunks that may wait to be written.
_WAITING = 2


class HashedFile:
    """Write bytes to a file and count and hash what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: Any) -> int:
        """Write bytes; the name and meaning are those of a file."""
        view = memoryview(data)
        self._hash.update(view)
        self._file.write(view)
        self.size += view.nbytes
        return view.nbytes

    def flush(self) -> None:
        """Flush to the file."""
        self._file.flush()

    @property
    def sha256(self) -> str:
        """The hash of what was written so far, in hex."""
        return self._hash.hexdigest()


class Output:
    """Take chunks of one file; `size` and `sha256` hold once it is closed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._beside = path.with_name(f".{path.name}.new")
        self._file = self._beside.open("wb", buffering=0)
        self._hashed = HashedFile(self._file)
        gzipped = path.suffix == ".gz"
        packed: Any = igzip
        self._gzip = packed.GzipFile("", "wb", 1, self._hashed, mtime=0) if gzipped else None
        self._target: Any = self._gzip or self._hashed
        self._pool = ThreadPoolExecutor(1)
        self._pending: deque[Future[Any]] = deque()

    def write(self, data: bytes) -> None:
        """Hand over some bytes; an error of earlier ones is raised here."""
        self.write_all([memoryview(data)])

    def write_all(self, chunks: Iterable[memoryview]) -> None:
        """Hand over chunks that belong together: so many at a time may wait."""
        self._pending.append(self._pool.submit(self._write, list(chunks)))
        while len(self._pending) > _WAITING:
            self._pending.popleft().result()

    def _write(self, chunks: list[memoryview]) -> None:
        for chunk in chunks:
            self._target.write(chunk)

    def close(self) -> None:
        """Write what waits and give the file its name; as every export, it is not forced to the disk."""
        while self._pending:
            self._pending.popleft().result()
        if self._gzip is not None:
            self._gzip.close()
        self.discard(keep=True)
        self._beside.replace(self.path)

    def discard(self, *, keep: bool = False) -> None:
        """Let go of the file; what was there under its name stays."""
        self._pool.shutdown(cancel_futures=True)
        self._file.close()
        if not keep:
            self._beside.unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._hashed.size

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes on disk, in hex."""
        return self._hashed.sha256


@contextmanager
def output(path: Path) -> Iterator[Output]:
    """Open a file for writing beside and renaming; on an error nothing is left behind."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        out = Output(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield out
        out.close()
    except OSError as error:
        out.discard()
        raise _unwritable(path, error) from error
    except BaseException:
        out.discard()
        raise


def _unwritable(path: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"{path} cannot be written: {error.strerror or error}",
        hint="What was there before is untouched. Name another folder, or free some disk space.",
    )
