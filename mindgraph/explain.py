"""Why something is there: the whole chain from an id down to source lines and raw answers.

Each function returns plain nested data: one mapping an object, in the order in which it is read.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from mindgraph.cohesion import cohesion
from mindgraph.errors import NotFound
from mindgraph.graph import project
from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Evidence,
    Feature,
    Generator,
    Intention,
    Membership,
    Merge,
    Product,
    Record,
    Triple,
    Verdict,
)
from mindgraph.tables import content_ids

#: How a record's table is had, such as `Workspace.scan`.
Scan = Callable[[type[Record]], pl.LazyFrame]
#: What the ledger holds for a key: prompt, answer, model, tokens …; None where it holds nothing.
ReplyOf = Callable[[str], Mapping[str, Any] | None]

#: How many co-buys, triples or products of one thing are told; the rest is counted.
MOST = 10
#: The shortest beginning of an id that is looked up.
SHORTEST = 6


class Explainer:
    """Look things up in the tables of one workspace."""

    def __init__(self, scan: Scan, reply_of: ReplyOf, dataset: str) -> None:
        self._scan = scan
        self._reply_of = reply_of
        self._dataset = dataset

    def explain(self, wanted: str) -> dict[str, Any]:
        """Return why the product, co-buy, intention, triple, candidate or cluster is there.

        An id may be qualified by the data set, and one by content may be cut to its first digits.
        Raises NotFound, with the nearest product ids.
        """
        plain = wanted.removeprefix(f"{self._dataset}/")
        product = self._rows(Product, pl.col("id").is_in([wanted, plain]))
        if product:
            return self._product(product[0])
        for record, describe in (
            (CoBuy, self._cobuy),
            (Triple, self._triple),
            (Intention, self._intention),
            (Candidate, self._candidate),
            (Cluster, self._cluster),
        ):
            found = self._by_prefix(record, plain)
            if len(found) > 1:
                ids = ", ".join(row["id"] for row in found[:3])
                raise NotFound(f"{wanted} begins several ids: {ids} …", hint="Give more digits.")
            if found:
                return describe(found[0])
        merged = self._merged(plain)
        if merged:
            return merged
        raise NotFound(f"Nothing has the id {wanted!r}.", hint=self._nearest(plain))

    def _product(self, row: Mapping[str, Any]) -> dict[str, Any]:
        cobuys = self._rows(CoBuy, (pl.col("product_a") == row["id"]) | (pl.col("product_b") == row["id"]))
        cobuys.sort(key=lambda c: (-c["weight"], c["id"]))
        features = self._rows(Feature, pl.col("product") == row["id"])
        reasons = self._rows(Triple, pl.col("cobuy").is_in([c["id"] for c in cobuys]))
        titles = self._titles([c[side] for c in cobuys[:MOST] for side in ("product_a", "product_b")])
        return {
            "kind": "product",
            **row,
            "picture": f"images/{row['image']}.jpg" if row["image"] else None,
            "features": [
                {"text": f["text"], "pictures seen": f["images_seen"], **self._said(f)} for f in features
            ],
            "bought with": [
                {
                    "product": _other(c, row["id"]),
                    "title": titles.get(_other(c, row["id"]), ""),
                    "weight": c["weight"],
                    "co-buy": c["id"],
                }
                for c in cobuys[:MOST]
            ],
            "bought for": self._reasons(reasons),
            **_counted(co_buys=len(cobuys), triples=len(reasons)),
        }

    def _cobuy(self, row: Mapping[str, Any]) -> dict[str, Any]:
        triples = self._rows(Triple, pl.col("cobuy") == row["id"])
        candidates = self._rows(Candidate, pl.col("cobuy") == row["id"])
        kept = self._rows(Evidence, pl.col("triple").is_in([t["id"] for t in triples]))
        used = {evidence["candidate"] for evidence in kept}
        return {
            "kind": "co-buy",
            **row,
            "products": self._pair(row),
            "why": self._reasons(triples),
            "not kept": [self._told(c) for c in candidates if c["id"] not in used][:MOST],
            **_counted(triples=len(triples), candidates=len(candidates)),
        }

    def _merged(self, prefix: str) -> dict[str, Any] | None:
        """Return the triple that has this id in the graph alone: its intention stands for merged wordings."""
        merges = self._scan(Merge).collect()
        if merges.is_empty() or len(prefix) < SHORTEST:
            return None
        moved = self._scan(Triple).join(merges.lazy(), on="intention").collect()
        canonical = moved.with_columns(pl.col("canonical").alias("intention"))
        ids = content_ids(canonical, "triple", ["cobuy", "relation", "intention"])
        found = moved.filter(ids.str.starts_with(prefix))
        if found.is_empty() or ids.filter(ids.str.starts_with(prefix)).n_unique() > 1:
            return None
        raw = found.select(self._scan(Triple).collect_schema().names())
        return self._triple(project(raw, merges).to_dicts()[0], raw["id"].to_list())

    def _triple(self, row: Mapping[str, Any], raw: Sequence[str] = ()) -> dict[str, Any]:
        evidence = self._rows(Evidence, pl.col("triple").is_in(list(raw) or [row["id"]]))
        candidates = self._rows(Candidate, pl.col("id").is_in([e["candidate"] for e in evidence]))
        cobuy = self._rows(CoBuy, pl.col("id") == row["cobuy"])
        return {
            "kind": "triple",
            **row,
            "intention text": self._texts([row["intention"]]).get(row["intention"], ""),
            "products": self._pair(row),
            "co-buy": cobuy[0] if cobuy else None,
            "evidence": [self._told(c) for c in candidates],
        }

    def _intention(self, row: Mapping[str, Any]) -> dict[str, Any]:
        merges = self._rows(Merge, (pl.col("canonical") == row["id"]) | (pl.col("intention") == row["id"]))
        wordings = [m["intention"] for m in merges if m["canonical"] == row["id"]]
        texts = self._texts([*wordings, *(m["canonical"] for m in merges)])
        triples = self._rows(Triple, pl.col("intention").is_in([row["id"], *wordings]))
        memberships = self._rows(Membership, pl.col("intention") == row["id"])
        return {
            "kind": "intention",
            **row,
            "other wordings": [texts.get(w, w) for w in wordings],
            "stands under": [
                {"intention": m["canonical"], "text": texts.get(m["canonical"], ""), "score": m["score"]}
                for m in merges
                if m["intention"] == row["id"]
            ],
            "clusters": [self._labels(m["cluster"]) for m in memberships],
            "said of": [
                {"triple": t["id"], "relation": t["relation"], "products": self._pair(t), **_strength(t)}
                for t in sorted(triples, key=_strongest)[:MOST]
            ],
            **_counted(triples=len(triples), co_buys=len({t["cobuy"] for t in triples})),
        }

    def _candidate(self, row: Mapping[str, Any]) -> dict[str, Any]:
        cobuy = self._rows(CoBuy, pl.col("id") == row["cobuy"])
        return {
            "kind": "candidate",
            **self._told(row),
            "products": self._pair(cobuy[0]) if cobuy else [],
        }

    def _cluster(self, row: Mapping[str, Any]) -> dict[str, Any]:
        children = self._rows(Cluster, pl.col("parent") == row["id"])
        return {
            "kind": "cluster",
            **{name: row[name] for name in ("id", "label", "level")},
            "part of": self._labels(row["parent"]) if row["parent"] else None,
            "parts": [child["label"] for child in children[:MOST]],
            **cohesion(self._scan, row),
        }

    def _told(self, candidate: Mapping[str, Any]) -> dict[str, Any]:
        """Return one candidate with what was asked, answered and judged."""
        verdicts = self._rows(Verdict, pl.col("candidate") == candidate["id"])
        return {
            "candidate": candidate["id"],
            "relation": candidate["relation"],
            "text": candidate["text"],
            "detail": candidate["detail"],
            "pictures seen": candidate["images_seen"],
            **self._said(candidate),
            "verdicts": [self._judged(v) for v in verdicts],
        }

    def _judged(self, verdict: Mapping[str, Any]) -> dict[str, Any]:
        said = self._said(verdict) if verdict["reply"] else {}
        return {name: verdict[name] for name in ("judge", "answer", "score", "reason")} | said

    def _said(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return who said it, asked what, in which words."""
        generator = self._rows(Generator, pl.col("id") == row["generator"])
        who = {k: generator[0][k] for k in ("model", "revision", "prompt_version")} if generator else {}
        reply = self._reply_of(row["reply"])
        return {"said by": who, "reply": _reply(reply) if reply else {"source": row["reply"]}}

    def _reasons(self, triples: list[dict[str, Any]]) -> list[dict[str, Any]]:
        shown = sorted(triples, key=_strongest)[:MOST]
        texts = self._texts([t["intention"] for t in shown])
        return [
            {
                "relation": t["relation"],
                "intention": texts.get(t["intention"], t["intention"]),
                **_strength(t),
                "triple": t["id"],
            }
            for t in shown
        ]

    def _pair(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        ids = [row["product_a"], row["product_b"]]
        found = {r["id"]: r for r in self._rows(Product, pl.col("id").is_in(ids))}
        kept = ("id", "title", "image", "source")
        return [{k: found[i][k] for k in kept} if i in found else {"id": i} for i in ids]

    def _labels(self, cluster: str) -> list[str]:
        labels: list[str] = []
        wanted: str | None = cluster
        while wanted is not None and len(labels) < MOST:
            found = self._rows(Cluster, pl.col("id") == wanted)
            labels += [row["label"] for row in found]
            wanted = found[0]["parent"] if found else None
        return labels

    def _titles(self, ids: list[str]) -> dict[str, str]:
        return {row["id"]: row["title"] for row in self._rows(Product, pl.col("id").is_in(ids))}

    def _texts(self, ids: list[str]) -> dict[str, str]:
        return {row["id"]: row["text"] for row in self._rows(Intention, pl.col("id").is_in(ids))}

    def _by_prefix(self, record: type[Record], wanted: str) -> list[dict[str, Any]]:
        exact = self._rows(record, pl.col("id") == wanted)
        if exact or len(wanted) < SHORTEST:
            return exact
        return self._rows(record, pl.col("id").str.starts_with(wanted.lower()))

    def _rows(self, record: type[Record], where: pl.Expr) -> list[dict[str, Any]]:
        found = self._scan(record).filter(where).collect()
        return found.sort(record.order).to_dicts()

    def _nearest(self, wanted: str) -> str:
        ids = self._scan(Product).select("id").collect()["id"].to_list()
        near = difflib.get_close_matches(wanted, ids, n=3) if len(ids) < 200_000 else []
        if near:
            return f"Did you mean the product {', '.join(near)}?"
        return (
            "Give the id of a product, co-buy, intention, triple, candidate or cluster, as `query` prints it."
        )


def _reply(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer of the ledger: what was asked, what came back, what it took."""
    asked = {name: found[name] for name in ("system", "content", "schema") if found.get(name)}
    told = {
        k: v for k, v in found.items() if v not in (None, "") and k not in (*asked, "id", "images", "text")
    }
    if "time" in told:
        told["time"] = datetime.fromtimestamp(told["time"], UTC).isoformat(timespec="seconds")
    return {"answer": found.get("text", ""), "asked": asked, **told}


def _other(cobuy: Mapping[str, Any], product: str) -> str:
    ends = (cobuy["product_a"], cobuy["product_b"])
    return str(ends[1] if ends[0] == product else ends[0])


def _strength(triple: Mapping[str, Any]) -> dict[str, Any]:
    return {"acceptance": triple["acceptance"], "support": triple["support"]}


def _strongest(triple: Mapping[str, Any]) -> tuple[float, float, str]:
    return (-triple["support"], -(triple["acceptance"] or 0.0), triple["id"])


def _counted(**counts: int) -> dict[str, Any]:
    return {"counts": {name.replace("_", "-"): count for name, count in counts.items()}}
