"""A graph's own examples: what to ask of just this graph, so that every question has an answer."""

from __future__ import annotations

import re

import msgspec
import polars as pl

from mindgraph.errors import NotFound
from mindgraph.graph import Read, project
from mindgraph.records import Cluster, CoBuy, Intention, Merge, Product, Triple
from mindgraph.stores.named import Named


class Examples(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what the named questions can be asked of a graph; ids are keys that the data set qualifies."""

    #: The product with the most triples, and its title.
    product: str
    title: str
    #: The two products of the purchase with the most reasons, and their titles.
    a: str
    b: str
    title_a: str
    title_b: str
    #: The strongest of these reasons: the triple's id.
    triple: str
    #: The intention of the most purchases: its id and its text.
    intention: str
    text: str
    #: A word of that intention, and one of the product's title.
    word: str
    title_word: str
    #: Two categories that many products stand in.
    category: str
    other: str
    #: The key of the largest purpose; empty where there are none.
    purpose: str

    def parameters(self) -> dict[str, object]:
        """Return a value for each parameter of the named questions that must be given."""
        return {
            "product": self.product,
            "a": self.a,
            "b": self.b,
            "products": [self.a, self.b],
            "triple": self.triple,
            "intention": self.intention,
            "category": self.category,
            "one": self.category,
            "other": self.other,
            "words": self.word,
            "purpose": self.purpose,
        }

    def for_question(self, question: Named) -> dict[str, object]:
        """Return the values of one named question that must be given and are known."""
        known = self.parameters()
        if question.name == "find_product":
            known["words"] = self.title_word
        given = {p: known[p.name] for p in question.parameters if p.default is None and p.name in known}
        return {
            p.name: ",".join(value) if p.type == "text" and isinstance(value, list) else value
            for p, value in given.items()
        }


def examples_of(read: Read, dataset: str) -> Examples:
    """Return a graph's own examples; raise NotFound where it has no triple yet."""
    triples = project(read(Triple), read(Merge))
    if triples.is_empty():
        raise NotFound("There are no triples yet to show.", hint="`mindgraph build` makes them.")
    cobuy = _first(_most(triples, "cobuy").join(read(CoBuy), left_on="cobuy", right_on="id"), "weight")
    intention = _first(_most(triples, "intention"))["intention"]
    reasons = triples.filter(pl.col("cobuy") == cobuy["cobuy"])
    triple = reasons.sort("support", "acceptance", "id", descending=[True, True, False], nulls_last=True)
    product = _busiest(triples)
    titles = _titles(read(Product), (product, cobuy["product_a"], cobuy["product_b"]))
    categories = _categories(read(Product))
    text = str(read(Intention).filter(pl.col("id") == intention)["text"].item())
    return Examples(
        product=f"{dataset}/{product}",
        title=titles[product],
        a=f"{dataset}/{cobuy['product_a']}",
        b=f"{dataset}/{cobuy['product_b']}",
        title_a=titles[cobuy["product_a"]],
        title_b=titles[cobuy["product_b"]],
        triple=triple["id"][0],
        intention=intention,
        text=text,
        word=_word(text),
        title_word=_word(titles[product]),
        category=categories[0],
        other=categories[-1],
        purpose=_purpose(read(Cluster), dataset),
    )


def _most(triples: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the values of a column that the most triples have."""
    counted = triples.group_by(column).agg(pl.len().alias("triples"))
    return counted.filter(pl.col("triples") == pl.col("triples").max()).sort(column)


def _first(rows: pl.DataFrame, *by: str) -> dict[str, str]:
    """Return the row with the largest values, the first of them by the first column."""
    order = [*by, rows.columns[0]]
    return rows.sort(order, descending=[*(True for _ in by), False], nulls_last=True).row(0, named=True)


def _busiest(triples: pl.DataFrame) -> str:
    ends = pl.concat([triples.select(product=side) for side in ("product_a", "product_b")])
    return _first(_most(ends, "product"))["product"]


def _titles(products: pl.DataFrame, ids: tuple[str, ...]) -> dict[str, str]:
    """Return the products' titles, in one line each."""
    found = products.filter(pl.col("id").is_in(ids)).select("id", "title")
    titles = {id_: " ".join(str(title or id_).split()) for id_, title in found.iter_rows()}
    return {id_: titles.get(id_, id_) for id_ in ids}


def _categories(products: pl.DataFrame) -> list[str]:
    """Return the two first categories that the most products have; empty texts where there are none."""
    named = products.select(first=pl.col("categories").list.first()).drop_nulls()
    most = named.group_by("first").len().sort(["len", "first"], descending=[True, False])
    return most["first"].to_list()[:2] or [""]


def _purpose(clusters: pl.DataFrame, dataset: str) -> str:
    """Return the key of the cluster that holds the most; empty where there is none."""
    largest = clusters.sort(["size", "id"], descending=[True, False])["id"].to_list()[:1]
    return f"{dataset}/{largest[0]}" if largest else ""


def _word(text: str) -> str:
    """Return the longest word of a text, the first of several; the whole text where it has none."""
    words = re.findall(r"[^\W\d_]+", text)
    return max(words, key=len) if words else text
