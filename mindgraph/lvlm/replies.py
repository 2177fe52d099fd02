"""The ledger's file: one SQLite database of every request and every answer.

Write-ahead logging, so that several processes may share it; what is committed survives the end of
the process at any moment. What many requests have in common (model, parameters, system text, schema)
is stored once, in `recipes`; the view `ledger` shows everything side by side.
"""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from mindgraph.errors import WorkspaceError
from mindgraph.lvlm import statements as sql
from mindgraph.lvlm.keys import SIZE, How, schema_text
from mindgraph.messages import Decision, Picture, Prompt, Reply, Usage

#: Version of the tables, kept in `PRAGMA user_version`.
VERSION = 1
#: How many keys one statement looks up.
CHUNK = 500
#: Seconds to wait while another process writes.
PATIENCE = 60.0

_PARTS = msgspec.json.Decoder(list[str | dict[str, str]])


class Stored(msgspec.Struct, frozen=True, gc=False):
    """Be one answer as the ledger holds it."""

    key: bytes
    item: str
    text: str
    p_yes: float | None
    finish_reason: str
    ok: bool | None
    usage: Usage

    def reply(self, prompt: Prompt, how: How) -> Reply:
        """Return it as the answer to a prompt."""
        reply = Reply(
            prompt=prompt,
            text=self.text,
            finish_reason=self.finish_reason,
            key=self.key.hex(),
            usage=self.usage,
            ok=self.ok,
        )
        return reply if how == "ask" else Decision(**msgspec.structs.asdict(reply), p_yes=self.p_yes)


class Asked(msgspec.Struct, frozen=True):
    """Be one question that the ledger knows: who asked, how, and whether it was answered."""

    prompt: Prompt
    how: How
    answered: bool


class Replies:
    """Read and write one ledger; use it from one thread."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._recipes: dict[tuple[str, ...], int] = {}
        self._marks: dict[bytes, bool] = {}
        with self._translated():
            self._db = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            self._prepare()

    def look_up(self, keys: Sequence[bytes]) -> dict[bytes, Stored]:
        """Return the answers that are there, by key; an answer that failed counts as none."""
        found: dict[bytes, Stored] = {}
        with self._translated():
            for start in range(0, len(keys), CHUNK):
                part = keys[start : start + CHUNK]
                rows = self._db.execute(sql.LOOK_UP.format(_marks(part)), part)
                found.update((row[0], _stored(row)) for row in rows)
        return found

    def store(
        self,
        answers: Sequence[tuple[bytes, Reply]],
        *,
        how: How,
        name: str,
        run: str = "",
        costs: Sequence[float | None] | None = None,
    ) -> list[bytes]:
        """Commit answers and the marks made before; return the keys that were answered already.

        An answer that is there already stays, unless it was a failure.
        """
        late = []
        with self._translated(), self._transaction():
            for (key, reply), cost in zip(answers, costs or [None] * len(answers), strict=True):
                recipe = self._recipe(how, name, reply.prompt)
                if not self._db.execute(sql.STORE, (key, recipe, *_columns(reply, cost, run))).rowcount:
                    late.append(key)
            self._write_marks()
        return late

    def waiting(self, keys: Sequence[bytes]) -> set[bytes]:
        """Return those keys whose answers are on their way in a batch."""
        found: set[bytes] = set()
        with self._translated():
            for start in range(0, len(keys), CHUNK):
                part = keys[start : start + CHUNK]
                found.update(key for (key,) in self._db.execute(sql.ON_ITS_WAY.format(_marks(part)), part))
        return found

    def asked(self, keys: Sequence[str]) -> dict[str, Asked]:
        """Return what was asked under these keys (hex), each at most once; others are left out."""
        found: dict[str, Asked] = {}
        known = [key for key in map(_as_key, keys) if len(key) == SIZE]
        with self._translated():
            for start in range(0, len(known), CHUNK):
                part = known[start : start + CHUNK]
                for row in self._db.execute(sql.ASKED.format(_marks(part)), part):
                    found[row[0].hex()] = _asked(row)
        return found

    def answer(self, answers: Sequence[tuple[bytes, Reply]]) -> None:
        """Put answers in the place of the failures that stand for them; one that was answered stays."""
        with self._translated(), self._transaction():
            for key, reply in answers:
                self._db.execute(sql.ANSWER, (*_said(reply), time.time(), reply.error, key))

    def share(self, key: bytes, item: str) -> None:
        """Note that a second item was answered by the same answer."""
        with self._translated():
            self._db.execute(
                "INSERT OR IGNORE INTO shared SELECT id, ? FROM replies WHERE key = ? AND item <> ?",
                (item, key, item),
            )

    def mark(self, key: bytes, ok: bool) -> None:
        """Say whether an answer could be read; written with the next answers, or on `flush`."""
        self._marks[key] = ok
        if len(self._marks) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write the marks that are waiting."""
        if self._marks:
            with self._translated(), self._transaction():
                self._write_marks()

    def rows(
        self, where: str = "1", values: Sequence[Any] = (), *, limit: int = -1
    ) -> Iterator[dict[str, Any]]:
        """Yield rows of the view `ledger` in the order in which they came."""
        self.flush()
        statement = f"SELECT * FROM ledger WHERE {where} ORDER BY id LIMIT ?"
        with self._translated():
            cursor = self._db.execute(statement, (*values, limit))
            for row in cursor:
                yield _named(cursor, row)

    def select(self, statement: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return the rows of a statement over the view `ledger`."""
        self.flush()
        with self._translated():
            cursor = self._db.execute(statement, values)
            return [_named(cursor, row) for row in cursor]

    def cursor(self, statement: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a statement as they are, however many there are."""
        self.flush()
        with self._translated():
            yield from self._db.execute(statement, values)

    def find(self, key: str) -> dict[str, Any] | None:
        """Return one row with its prompt (`system`, `content`, `schema`), or None.

        `content` is a list of texts and of `{"picture": id}`, in the order in which they were read.
        """
        self.flush()
        with self._translated():
            cursor = self._db.execute(
                "SELECT l.*, c.system, c.schema, r.content FROM replies r JOIN recipes c ON c.id = r.recipe"
                " JOIN ledger l ON l.id = r.id WHERE r.key = ?",
                (_as_key(key),),
            )
            row = cursor.fetchone()
        if row is None:
            return None
        found = _named(cursor, row)
        return {**found, "content": unpack(found["content"]), "schema": found["schema"] or None}

    def totals(self) -> list[dict[str, Any]]:
        """Return one row per model and kind: answers, bad and failed ones, tokens, cost, seconds."""
        return self.select(sql.TOTALS)

    def items_of(self, key: str) -> list[str]:
        """Return all items that an answer serves: who asked first, then the others in order."""
        with self._translated():
            rows = self._db.execute(
                "SELECT item, 0 FROM replies WHERE key = ?1 UNION ALL SELECT s.item, 1 FROM shared s"
                " JOIN replies r ON r.id = s.reply WHERE r.key = ?1 ORDER BY 2, 1",
                (_as_key(key),),
            )
            return [item for item, _ in rows]

    def merge(self, other: Path, where: str = "1", values: Sequence[Any] = ()) -> int:
        """Add the rows of another ledger's file that a condition means; return how many were new."""
        with self._translated():
            self._db.execute("ATTACH DATABASE ? AS other", (str(other),))
            try:
                with self._transaction():
                    self._db.execute(sql.MERGE_RECIPES)
                    self._db.execute(sql.MAKE_WAY)
                    count = self._db.execute(sql.MERGE.format(where=where), values).rowcount
                    self._db.execute(sql.MERGE_SHARED)
            finally:
                self._db.execute("DETACH DATABASE other")
        return count

    def delete(self, where: str, values: Sequence[Any] = ()) -> int:
        """Remove the rows that a condition on the view `ledger` means; return how many."""
        self.flush()
        with self._translated(), self._transaction():
            statement = f"DELETE FROM replies WHERE id IN (SELECT id FROM ledger WHERE {where})"
            return self._db.execute(statement, values).rowcount

    def compact(self) -> None:
        """Give the file its smallest size, in one piece that can be copied."""
        with self._translated():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check(self, *, full: bool = False) -> str:
        """Return "ok" where the file is whole, or what is wrong with it.

        `full` compares indexes with rows, too, and looks for rows that refer to nothing.
        """
        with self._translated():
            said = str(self._db.execute(f"PRAGMA {'integrity' if full else 'quick'}_check(1)").fetchone()[0])
            lost = self._db.execute("PRAGMA foreign_key_check").fetchone() if full and said == "ok" else None
        return f"a row of {lost[0]} refers to a row of {lost[2]} that is not there" if lost else said

    def count(self) -> int:
        """Return the number of answers, failures among them."""
        with self._translated():
            return int(self._db.execute("SELECT count(*) FROM replies").fetchone()[0])

    def close(self) -> None:
        """Write what waits and give the file back."""
        self.flush()
        self._db.close()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        found = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if found > VERSION:
            raise WorkspaceError(
                f"{self.path}: written by a newer version"
                f" (ledger {found}, this version reads up to {VERSION}).",
                hint="Upgrade: pip install --upgrade mindgraph-kg",
            )
        if found < VERSION:
            self._db.executescript(f"BEGIN IMMEDIATE;{sql.TABLES}PRAGMA user_version = {VERSION};COMMIT;")

    def _recipe(self, how: How, name: str, prompt: Prompt) -> int:
        model, _, revision = name.partition("@")
        parameters = msgspec.json.encode(prompt.decoding).decode()
        recipe = (how, model, revision, parameters, prompt.version, prompt.system, schema_text(prompt.schema))
        if recipe not in self._recipes:
            self._db.execute(sql.ADD_RECIPE, recipe)
            self._recipes[recipe] = int(self._db.execute(sql.RECIPE, recipe).fetchone()[0])
        return self._recipes[recipe]

    def _write_marks(self) -> None:
        self._db.executemany(
            "UPDATE replies SET ok = ? WHERE key = ?", ((ok, key) for key, ok in self._marks.items())
        )
        self._marks.clear()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._recipes.clear()
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise WorkspaceError(f"{self.path}: {error}", hint=_advice(error)) from error


def pack(content: Iterable[str | Picture]) -> bytes:
    """Return the parts of a prompt as they are stored."""
    parts = [{"picture": part.id} if isinstance(part, Picture) else part for part in content]
    return zlib.compress(msgspec.json.encode(parts), 1)


def unpack(stored: bytes) -> list[str | dict[str, str]]:
    """Return the parts of a stored prompt: texts, and pictures as `{"picture": id}`."""
    return _PARTS.decode(zlib.decompress(stored))


def _columns(reply: Reply, cost: float | None, run: str) -> tuple[Any, ...]:
    prompt, usage = reply.prompt, reply.usage
    return (
        prompt.kind,
        prompt.item,
        ",".join(prompt.relations),
        prompt.sample,
        prompt.attempt,
        ",".join(part.id for part in prompt.content if isinstance(part, Picture)),
        pack(prompt.content),
        *_said(reply),
        cost,
        usage.seconds,
        time.time(),
        run,
        reply.error,
    )


def _stored(row: tuple[Any, ...]) -> Stored:
    key, item, text, p_yes, finish_reason, ok, prompt, cached, completion, seconds = row
    usage = Usage(prompt_tokens=prompt, cached_tokens=cached, completion_tokens=completion, seconds=seconds)
    return Stored(key, item, text, p_yes, finish_reason, None if ok is None else bool(ok), usage)


def _said(reply: Reply) -> tuple[Any, ...]:
    usage = reply.usage
    return (
        reply.text,
        reply.p_yes if isinstance(reply, Decision) else None,
        reply.finish_reason,
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.completion_tokens,
    )


def _asked(row: tuple[Any, ...]) -> Asked:
    _, how, error, kind, item, relations, sample, attempt = row
    named = tuple(name for name in relations.split(",") if name)
    prompt = Prompt(kind=kind, item=item, relations=named, sample=sample, attempt=attempt)
    return Asked(prompt, how, error is None)


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _named(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip((column[0] for column in cursor.description), row, strict=True))


def _as_key(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _advice(error: sqlite3.Error) -> str:
    said = str(error)
    if "full" in said:
        return "Free some disk space and run the same command again: what was answered is kept."
    if "locked" in said:
        return "Another process has been writing for a minute; run the same command again."
    if "unable to open" in said:
        return "Does the folder exist, and may you write there?"
    return "Put a copy of it back, or move it away to begin a new one: then every answer is paid again."
