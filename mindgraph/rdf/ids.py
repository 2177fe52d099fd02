"""Things by number: the subjects of one kind in the order of their IRIs.

Numbers stand for ids on the way from the tables to the blocks: they sort as the IRIs do, and they
are small. A whole column is looked up at once; what is referred to but not there gets a number of its
own, after the others, so that a dump shows a broken reference as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa

from mindgraph.rdf.terms import encode

Codes: TypeAlias = np.ndarray[Any, np.dtype[np.uint32]]
Packed: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]

Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
Places: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

_DIGITS = 32
_DIGEST = "^[0-9a-f]{32}$"
#: The two digits of each byte, as one number whose bytes are their letters.
_PAIRS = np.array([int.from_bytes(f"{byte:02x}".encode(), "little") for byte in range(256)], dtype="<u2")
#: Hashes to try; where two things still share one, they are the same thing twice.
_SEEDS = 3


class Ids:
    """Hold the ids of one kind of thing, numbered in the order of their IRIs."""

    def __init__(self, batches: Iterable[pl.Series]) -> None:
        #: Whether the numbers are the places in the table, too.
        self.in_place = True
        last = pl.Series(dtype=pl.String)
        held: list[pl.Series | Packed] = []
        for batch in batches:
            self.in_place = self.in_place and ascend_as_iris(batch, last)
            last = batch.tail(1).alias("")
            content = digests(batch)
            held.append(batch.alias("") if content is None else content)
        self._store = _stored(held, self.in_place)
        self._extra: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._store)

    def codes(self, ids: pl.Series) -> Codes:
        """Return the number of each id; none may be null."""
        codes, known = self._store.find(ids)
        for place in np.flatnonzero(~known):
            codes[place] = self._extra.setdefault(ids[int(place)], len(self) + len(self._extra))
        return codes

    def names(self, codes: pl.Series) -> pl.Series:
        """Return the encoded ids of some numbers."""
        return encode(self.raw(codes)) if self._extra else self._store.names(codes)

    def raw(self, codes: pl.Series) -> pl.Series:
        """Return the ids of some numbers as they stand in the tables."""
        unknown = np.flatnonzero(codes.to_numpy() >= len(self))
        if not len(unknown):
            return self._store.raw(codes)
        more = pl.Series(list(self._extra)).gather(codes.gather(unknown) - len(self))
        known = codes.set(codes >= len(self), 0)
        found = self._store.raw(known) if len(self) else pl.repeat("", len(codes), eager=True)
        return found.scatter(unknown, more)

    def named(self, ids: pl.Series) -> pl.Series:
        """Return ids encoded, without a look at them where none of the known ones needs it."""
        return ids if self._store.plain and not self._extra else encode(ids)


class _Texts:
    """Look up texts by hash."""

    def __init__(self, raw: pl.Series) -> None:
        self._raw, self._names = raw, encode(raw)
        self.plain = self._names is raw
        self._seed = 0
        while True:  # another seed where two ids share a hash
            hashes = raw.hash(self._seed).to_numpy()
            self._codes: Codes = np.argsort(hashes).astype(np.uint32)
            self._hashes = hashes[self._codes]
            if not (self._hashes[1:] == self._hashes[:-1]).any():
                return
            self._seed += 1

    def __len__(self) -> int:
        return len(self._raw)

    def find(self, ids: pl.Series) -> tuple[Codes, Flags]:
        """Return the number of each id, and whether it is there."""
        codes, known = np.zeros(len(ids), dtype=np.uint32), np.zeros(len(ids), dtype=bool)
        if len(self):
            hashes = ids.hash(self._seed).to_numpy()
            order = np.argsort(hashes)
            places = np.searchsorted(self._hashes, hashes[order])
            places[places == len(self)] = 0
            codes[order] = self._codes[places]
            known[order] = self._hashes[places] == hashes[order]
        return codes, known

    def names(self, codes: pl.Series) -> pl.Series:
        return self._names.gather(codes)

    def raw(self, codes: pl.Series) -> pl.Series:
        return self._raw.gather(codes)


class _Digests:
    """Look up ids by content, 32 hexadecimal digits, as numbers of 128 bits: a third of the memory."""

    plain = True

    def __init__(self, ascending: Packed) -> None:
        self._high, self._low = np.ascontiguousarray(ascending[:, 0]), np.ascontiguousarray(ascending[:, 1])

    def __len__(self) -> int:
        return len(self._high)

    def find(self, ids: pl.Series) -> tuple[Codes, Flags]:
        """Return the number of each id, and whether it is there."""
        codes, known = np.zeros(len(ids), dtype=np.uint32), np.zeros(len(ids), dtype=bool)
        content, rows = digests(ids), np.arange(len(ids))
        if content is None:
            rows = ids.str.contains(_DIGEST).arg_true().to_numpy()
            content = digests(ids.gather(rows))
        if content is None or not len(content) or not len(self):
            return codes, known
        order = np.argsort(content[:, 0])
        rows, high, low = rows[order], content[order, 0], content[order, 1]
        places = np.searchsorted(self._high, high)
        while (behind := self._at(places, high) & (self._low[places % len(self)] < low)).any():
            places[behind] += 1
        codes[rows] = places
        known[rows] = self._at(places, high) & (self._low[places % len(self)] == low)
        return codes, known

    def names(self, codes: pl.Series) -> pl.Series:
        return self.raw(codes)

    def raw(self, codes: pl.Series) -> pl.Series:
        places = codes.to_numpy()
        return texts_of(np.column_stack([self._high[places], self._low[places]]))

    def _at(self, places: Places, high: Packed) -> Flags:
        """Say whether the first half of an id is the one at a place."""
        there: Flags = (places < len(self)) & (self._high[places % len(self)] == high)
        return there


def digests(ids: pl.Series) -> Packed | None:
    """Return ids of 32 hexadecimal digits as pairs of numbers, of shape (n, 2); None where one is not."""
    if ids.null_count() or (ids.str.len_bytes() != _DIGITS).any():
        return None
    array = ids.rechunk().to_arrow()
    data = array.buffers()[2]
    begin = array.offset * _DIGITS
    letters = np.frombuffer(memoryview(data or b""), dtype=np.uint8)[begin : begin + len(ids) * _DIGITS]
    figures = (letters >= ord("0")) & (letters <= ord("9"))
    if not (figures | ((letters >= ord("a")) & (letters <= ord("f")))).all():
        return None
    values = (letters & 15) + np.where(figures, np.uint8(0), np.uint8(9))
    halves = ((values[::2] << 4) | values[1::2]).view(">u8").reshape(-1, 2)
    return halves.astype(np.uint64)


def texts_of(content: Packed) -> pl.Series:
    """Return pairs of numbers as the ids that they stand for."""
    letters: Any = _PAIRS[content.astype(">u8").view(np.uint8).reshape(-1)]
    ends: Any = np.arange(0, _DIGITS * len(content) + 1, _DIGITS, dtype=np.int64)
    array = pa.LargeStringArray.from_buffers(len(content), pa.py_buffer(ends), pa.py_buffer(letters))
    return pl.Series(array, dtype=pl.String)


def _stored(held: list[pl.Series | Packed], in_place: bool) -> _Texts | _Digests:
    """Return a look-up of ids in the order of their IRIs; `in_place` says that they come so."""
    contents = [part for part in held if not isinstance(part, pl.Series)]
    if in_place and contents and len(contents) == len(held):
        return _Digests(np.concatenate(contents))
    texts = [part if isinstance(part, pl.Series) else texts_of(part) for part in held]
    raw = pl.concat([pl.Series(dtype=pl.String), *texts])
    if not in_place:
        unique = raw.unique()
        raw = unique.gather((encode(unique) + ">").arg_sort())
    return _Digests(found) if len(raw) and (found := digests(raw)) is not None else _Texts(raw)


class Marks:
    """Say of many things, by id, which of `groups` each belongs to: a number from 0 on, or `groups`.

    Hash and group share a number of 64 bits, so a thing costs eight bytes. `batches` is asked again
    where two things share a hash, to try another one.
    """

    def __init__(self, batches: Callable[[], Iterable[tuple[pl.Series, Codes]]], groups: int) -> None:
        self._groups = groups
        self._low = np.uint64((1 << groups.bit_length()) - 1)
        for self._seed in range(_SEEDS):
            packed = [self._hashes(ids) | np.minimum(codes, groups) for ids, codes in batches()]
            self._packed: Packed = np.concatenate(packed) if packed else np.zeros(0, np.uint64)
            del packed
            self._packed.sort()
            tops = self._packed & ~self._low
            if not (tops[1:] == tops[:-1]).any():
                return

    def of(self, ids: pl.Series) -> Codes:
        """Return the group of each thing."""
        groups = np.full(len(ids), self._groups, dtype=np.uint32)
        if not len(self._packed):
            return groups
        hashes = self._hashes(ids)
        order = np.argsort(hashes)
        places = np.minimum(np.searchsorted(self._packed, hashes[order]), len(self._packed) - 1)
        there = self._packed[places]
        found = (there & ~self._low) == hashes[order]
        groups[order[found]] = (there[found] & self._low).astype(np.uint32)
        return groups

    def _hashes(self, ids: pl.Series) -> Packed:
        hashes: Packed = ids.hash(self._seed).to_numpy() & ~self._low
        return hashes


def ascend_as_iris(ids: pl.Series, before: pl.Series) -> bool:
    """Say whether ids are distinct, plain, ordered as their IRIs are, and come after those before."""
    keys = pl.concat([before.tail(1), ids.alias(before.name)]) + ">"
    return bool((keys.slice(1) > keys.head(len(keys) - 1)).all()) and encode(ids) is ids


def packed(high: Codes, low: Codes) -> Packed:
    """Return two numbers as one that sorts as the pair does."""
    both: Packed = (high.astype(np.uint64) << np.uint64(32)) | low
    return both


def unpacked(pairs: Packed) -> tuple[Codes, Codes]:
    """Return the two numbers of each pair."""
    return (pairs >> np.uint64(32)).astype(np.uint32), (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32)
