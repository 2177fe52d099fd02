"""Things by number: the subjects of one kind in the order of their IRIs.

Numbers stand for ids on the way from the tables to the blocks: they sort as the IRIs do, and they
are small. A whole column is looked up by hash; what is referred to but not there gets a number of its
own, after the others, so that a dump shows a broken reference as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from mindgraph.rdf.terms import encode

Codes: TypeAlias = np.ndarray[Any, np.dtype[np.uint32]]


class Ids:
    """Hold the ids of one kind of thing, numbered in the order of their IRIs."""

    def __init__(self, batches: Iterable[pl.Series]) -> None:
        raw = pl.concat([pl.Series(dtype=pl.String), *(batch.alias("") for batch in batches)])
        if not _ascend_as_iris(raw):
            unique = raw.unique()
            raw = unique.gather((encode(unique) + ">").arg_sort())
        self._raw, self._names = raw, encode(raw)
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

    def slice(self, start: int, count: int) -> pl.Series:
        """Return the encoded ids from a number on."""
        return self._names.slice(start, count)

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
    """Say of many things, by id, which of a few groups each belongs to: a number, or `NONE`."""

    NONE = 0xFFFF

    def __init__(self, batches: Iterable[tuple[pl.Series, Codes]]) -> None:
        pairs = [
            (ids.hash(0).to_numpy(), np.minimum(codes, self.NONE).astype(np.uint16)) for ids, codes in batches
        ]
        hashes = np.concatenate([h for h, _ in pairs]) if pairs else np.zeros(0, dtype=np.uint64)
        order = np.argsort(hashes)
        self._hashes = hashes[order]
        self._marks = np.concatenate([c for _, c in pairs])[order] if pairs else np.zeros(0, dtype=np.uint16)

    def of(self, ids: pl.Series) -> np.ndarray[Any, np.dtype[np.uint16]]:
        """Return the group of each thing."""
        marks = np.full(len(ids), self.NONE, dtype=np.uint16)
        if not len(self._hashes):
            return marks
        hashes = ids.hash(0).to_numpy()
        order = np.argsort(hashes)
        places = np.minimum(np.searchsorted(self._hashes, hashes[order]), len(self._hashes) - 1)
        found = self._hashes[places] == hashes[order]
        marks[order[found]] = self._marks[places[found]]
        return marks


def _ascend_as_iris(raw: pl.Series) -> bool:
    """Say whether ids are distinct, and ordered as their IRIs are: of one length, and ascending."""
    if not len(raw):
        return True
    lengths = raw.str.len_bytes()
    ascending = bool((raw.slice(1) > raw.head(len(raw) - 1)).all())
    return ascending and lengths.min() == lengths.max() and encode(raw) is raw
