"""Things by number: the subjects of one kind in the order of their IRIs.

Numbers stand for ids on the way from the tables to the blocks: they sort as the IRIs do, and they
are small. A whole column is looked up by hash; what is referred to but not there gets a number of its
own, after the others, so that a dump shows a broken reference as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from mindgraph.rdf.terms import encode

Codes: TypeAlias = np.ndarray[Any, np.dtype[np.uint32]]
Packed: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]

#: Hashes to try; where two things still share one, they are the same thing twice.
_SEEDS = 3


class Ids:
    """Hold the ids of one kind of thing, numbered in the order of their IRIs."""

    def __init__(self, batches: Iterable[pl.Series]) -> None:
        #: Whether the numbers are the places in the table, too.
        self.in_place = True
        held = [pl.Series(dtype=pl.String)]
        for batch in batches:
            self.in_place = self.in_place and ascend_as_iris(batch, held[-1])
            held.append(batch.alias(""))
        raw = pl.concat(held)
        if not self.in_place:
            unique = raw.unique()
            raw = unique.gather((encode(unique) + ">").arg_sort())
        self._raw, self._names = raw, raw if self.in_place else encode(raw)
        self._extra: dict[str, int] = {}
        self._index()

    def __len__(self) -> int:
        return len(self._raw)

    def codes(self, ids: pl.Series) -> Codes:
        """Return the number of each id; none may be null."""
        hashes = ids.hash(self._seed).to_numpy()
        order = np.argsort(hashes)
        places = np.searchsorted(self._hashes, hashes[order])
        places[places == len(self)] = 0
        codes = np.zeros(len(ids), dtype=np.uint32)
        if len(self):
            codes[order] = self._codes[places]
        known = np.zeros(len(ids), dtype=bool)
        known[order] = self._hashes[places] == hashes[order] if len(self) else False
        for place in np.flatnonzero(~known):
            codes[place] = self._extra.setdefault(ids[int(place)], len(self) + len(self._extra))
        return codes

    def names(self, codes: pl.Series) -> pl.Series:
        """Return the encoded ids of some numbers."""
        return self._of(self._names, codes, encoded=True)

    def raw(self, codes: pl.Series) -> pl.Series:
        """Return the ids of some numbers as they stand in the tables."""
        return self._of(self._raw, codes, encoded=False)

    def named(self, ids: pl.Series) -> pl.Series:
        """Return ids encoded, without a look at them where none of the known ones needs it."""
        return ids if self._names is self._raw and not self._extra else encode(ids)

    def _of(self, ids: pl.Series, codes: pl.Series, *, encoded: bool) -> pl.Series:
        if self._extra:
            more = pl.Series(list(self._extra))
            ids = pl.concat([ids, encode(more) if encoded else more])
        return ids.gather(codes)

    def _index(self) -> None:
        """Sort the ids' hashes; another seed where two ids share one."""
        self._seed = 0
        while True:
            hashes = self._raw.hash(self._seed).to_numpy()
            self._codes: Codes = np.argsort(hashes).astype(np.uint32)
            self._hashes = hashes[self._codes]
            if not (self._hashes[1:] == self._hashes[:-1]).any():
                return
            self._seed += 1


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
