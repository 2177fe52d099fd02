"""What a person does with a ledger: list, count, hand on, take in, forget."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from mindgraph.errors import CatalogError, NotFound
from mindgraph.lvlm.recorded import Header, Line, write_cassette
from mindgraph.lvlm.replies import Replies
from mindgraph.messages import Usage

#: What rows can be counted by.
GROUPS = ("kind", "model", "revision", "version", "run", "finish_reason", "ok", "attempt", "relations")

#: One answer a place: the last one, and each item that it serves.
_CASSETTE = """
SELECT kind, item, relations, sample, attempt, text, p_yes, finish_reason, prompt_tokens, cached_tokens,
  completion_tokens, seconds, max(id) FROM (
    SELECT kind, item, relations, sample, attempt, text, p_yes, finish_reason, prompt_tokens,
      cached_tokens, completion_tokens, seconds, id FROM ledger WHERE {where} AND error IS NULL
    UNION ALL
    SELECT kind, s.item, relations, sample, attempt, text, p_yes, finish_reason, prompt_tokens,
      cached_tokens, completion_tokens, seconds, id
    FROM (SELECT * FROM ledger WHERE {where} AND error IS NULL) l JOIN shared s ON s.reply = l.id
  ) GROUP BY kind, item, relations, sample, attempt ORDER BY kind, item, relations, sample, attempt
"""
_CONDITIONS = {
    "kind": "kind = ?",
    "item": "(item = ? OR id IN (SELECT reply FROM shared WHERE item = ?))",
    "model": "model = ?",
    "version": "version = ?",
    "run": "run = ?",
    "ok": "ok = ?",
    "failed": "(error IS NOT NULL) = ?",
    "says": "instr(lower(text), lower(?)) > 0",
}


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Say which rows are meant; None means any."""

    kind: str | None = None
    item: str | None = None
    model: str | None = None
    version: str | None = None
    run: str | None = None
    #: True: those that could be read; False: those that could not.
    ok: bool | None = None
    #: True: those that never came.
    failed: bool | None = None
    #: A word that the answer holds.
    says: str | None = None

    def where(self) -> tuple[str, list[Any]]:
        """Return a condition on the view `ledger` and its values."""
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        conditions = [_CONDITIONS[name] for name in given]
        values = [value for name, value in given.items() for _ in range(_CONDITIONS[name].count("?"))]
        return " AND ".join(conditions) or "1", values

    @property
    def everything(self) -> bool:
        """Say whether nothing was chosen, so that all is meant."""
        return self == Chosen()


def listed(replies: Replies, chosen: Chosen, *, limit: int = -1) -> Iterator[dict[str, Any]]:
    """Yield the rows that are meant, in the order in which they came."""
    where, values = chosen.where()
    return replies.rows(where, values, limit=limit)


def counted(
    replies: Replies, chosen: Chosen, by: tuple[str, ...] = ("model", "kind")
) -> list[dict[str, Any]]:
    """Return how many answers, tokens and seconds there are by some columns; raises NotFound."""
    unknown = [name for name in by if name not in GROUPS]
    if unknown:
        raise NotFound(
            f"Answers cannot be counted by {unknown[0]!r}.", hint=f"By any of: {', '.join(GROUPS)}."
        )
    where, values = chosen.where()
    columns = "".join(f"{name}, " for name in by)
    grouped = f"GROUP BY {', '.join(by)} ORDER BY {', '.join(by)}" if by else ""
    return replies.select(
        f"SELECT {columns}count(*) AS answers, coalesce(sum(ok = 0), 0) AS bad,"
        " coalesce(sum(error IS NOT NULL), 0) AS failed, sum(prompt_tokens) AS prompt_tokens,"
        " sum(cached_tokens) AS cached_tokens, sum(completion_tokens) AS completion_tokens,"
        f" sum(cost) AS usd, round(sum(seconds), 1) AS seconds FROM ledger WHERE {where} {grouped}",
        values,
    )


def export(replies: Replies, chosen: Chosen, target: Path, *, note: str = "") -> int:
    """Write answers to a file and return how many: a ledger (`.sqlite`), or a cassette (any other name).

    A cassette replays without a model, for one model; raises NotFound where nothing, or more than
    one model, is meant.
    """
    models = [row["model"] for row in counted(replies, chosen, ("model",))]
    if not models:
        raise NotFound("No answer is meant.", hint="`mindgraph replies count` shows what there is.")
    if target.suffix == ".sqlite":
        return _export_ledger(replies, chosen, target)
    if len(models) > 1:
        raise NotFound(f"A cassette holds one model; here are {', '.join(models)}.", hint="Name one: --model")
    where, values = chosen.where()
    lines = map(_line, replies.cursor(_CASSETTE.format(where=where), [*values, *values]))
    return write_cassette(target, Header(model=_with_revision(replies, chosen), note=note), lines)


def take_in(replies: Replies, source: Path) -> int:
    """Add the answers of another ledger and return how many were new; what is there already stays."""
    if not source.is_file():
        raise CatalogError(f"{source}: there is no such file.")
    if source.suffix in (".jsonl", ".gz"):
        raise CatalogError(
            f"{source}: a cassette names no prompts, so its answers have no keys.",
            hint=f"Replay it instead: --engine recorded --cassette {source}",
        )
    Replies(source).close()  # is it a ledger at all?
    return replies.merge(source)


def forget(replies: Replies, chosen: Chosen) -> int:
    """Remove the rows that are meant and return how many; they will be asked, and paid, again."""
    where, values = chosen.where()
    return replies.delete(where, values)


def _export_ledger(replies: Replies, chosen: Chosen, target: Path) -> int:
    target.unlink(missing_ok=True)
    copy = Replies(target)
    where, values = chosen.where()
    try:
        count = copy.merge(replies.path, where, values)
        copy.compact()
    finally:
        copy.close()
    return count


def _with_revision(replies: Replies, chosen: Chosen) -> str:
    (row, *others) = counted(replies, chosen, ("model", "revision"))
    return f"{row['model']}@{row['revision']}" if row["revision"] and not others else str(row["model"])


def _line(row: tuple[Any, ...]) -> Line:
    kind, item, relations, sample, attempt, text, p_yes, finish, prompt, cached, completion, seconds, _ = row
    return Line(
        kind=kind,
        item=item,
        relations=tuple(name for name in relations.split(",") if name),
        sample=sample,
        attempt=attempt,
        text=text,
        p_yes=p_yes,
        finish_reason=finish,
        usage=Usage(
            prompt_tokens=prompt, cached_tokens=cached, completion_tokens=completion, seconds=seconds
        ),
    )
