"""Other tools' formats, read back by the tools that read them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import networkx as nx
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import mindgraph
from mindgraph import exports
from mindgraph.cli import cli, handon
from mindgraph.errors import CatalogError, NotFound, SettingsError
from mindgraph.exports.chat import read_pairs
from mindgraph.exports.drawn import colour_of
from mindgraph.exports.flat import TABLES
from mindgraph.exports.links import split
from mindgraph.graph import Graph, graph_of
from mindgraph.pipeline import Pipeline
from mindgraph.records import (
    Cluster,
    CoBuy,
    Generator,
    Intention,
    Membership,
    Product,
    Record,
    Triple,
    content_id,
)
from mindgraph.workspace import Workspace
from tests.handon import small_tables, write_tables
from tests.needs import need_module


def shop(products: int = 60) -> dict[type[Record], Sequence[Record]]:
    """Return a shop in which each product is bought with the next three, for reasons that recur."""
    ids = [f"p{n:03}" for n in range(products)]
    intentions = [
        Intention(id=content_id("intention", t, "en"), text=t) for t in (f"purpose {n}" for n in range(15))
    ]
    cobuys, triples = [], []
    for n in range(products):
        for step in (1, 2, 3):
            a, b = sorted((ids[n], ids[(n + step) % products]))
            cobuy = CoBuy(id=content_id("cobuy", a, b), product_a=a, product_b=b)
            cobuys.append(cobuy)
            for m, relation in enumerate(("usedFor", "isA")):
                intention = intentions[(n + 4 * m + step) % len(intentions)]
                triples.append(
                    Triple(
                        id=content_id("triple", cobuy.id, relation, intention.id),
                        cobuy=cobuy.id,
                        product_a=a,
                        product_b=b,
                        relation=relation,
                        intention=intention.id,
                        acceptance=0.5 + m / 4,
                    )
                )
    names = ["Home > Light", "Home > Desk", "Garden"]
    return {
        Product: [
            Product(id=i, title=f"Product <{i}> & Co", categories=[names[n % 3]]) for n, i in enumerate(ids)
        ],
        CoBuy: cobuys,
        Intention: intentions,
        Triple: triples,
        Generator: [Generator(id="g", model="m")],
        Cluster: [
            Cluster(id="top", level=1, label="All", size=15),
            *(Cluster(id=f"c{n}", parent="top", level=0, label=f"Cluster {n}", size=5) for n in range(3)),
        ],
        Membership: [
            Membership(intention=i.id, cluster=f"c{n % 3}", weight=1.0) for n, i in enumerate(intentions)
        ],
    }


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return write_tables(tmp_path_factory.mktemp("exports") / "ws", shop())


@pytest.fixture(scope="module")
def graph(workspace: Workspace) -> Graph:
    return graph_of(workspace.read, "shop")


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The small shop, whose texts break careless writers."""
    return write_tables(tmp_path_factory.mktemp("nasty") / "ws")


def pipeline_of(workspace: Workspace) -> Pipeline:
    return Pipeline(workspace, workspace.settings())


# networks


def test_networkx_holds_the_graph(workspace: Workspace, graph: Graph):
    """`mindgraph.to_networkx` has every product, intention and cluster, and every tie between them."""
    network = mindgraph.to_networkx(workspace)
    kinds = Counter(kind for _, kind in network.nodes(data="kind"))
    assert kinds == {"product": 60, "intention": 15, "cluster": 4}
    ties = Counter(kind for *_, kind in network.edges(data="kind"))
    assert ties == {k: len(graph.edges[k].rows) for k in ("BOUGHT_FOR", "CO_BOUGHT", "IN_CLUSTER", "PART_OF")}
    assert network.nodes["product:shop/p000"]["label"] == "Product <p000> & Co"
    assert nx.is_weakly_connected(network)


def test_networkx_takes_a_path_and_a_choice(workspace: Workspace):
    """A folder will do, and the choice is named as on the command line."""
    part = mindgraph.to_networkx(workspace.path, relations=("isA",), top=10)
    assert {r for *_, r in part.edges(data="relation")} == {"isA", None}
    assert sum(kind == "product" for _, kind in part.nodes(data="kind")) == 10


@pytest.mark.parametrize("which", ["workspace", "nasty"])
def test_graphml_is_read_by_networkx(which: str, tmp_path: Path, request: pytest.FixtureRequest):
    """networkx reads back the nodes and edges that `to_networkx` has, texts included."""
    space: Workspace = request.getfixturevalue(which)
    (path,) = pipeline_of(space).export("graphml", tmp_path)
    read, wanted = nx.read_graphml(path, force_multigraph=True), mindgraph.to_networkx(space)
    assert set(read.edges(keys=True)) == set(wanted.edges(keys=True))
    forbidden = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF], "\ufffd")
    for node, said in wanted.nodes(data=True):
        assert read.nodes[node] == {
            k: v.translate(forbidden) if isinstance(v, str) else v for k, v in said.items()
        }


def test_graphml_is_read_by_igraph(workspace: Workspace, tmp_path: Path):
    """igraph reads the same numbers of nodes and edges, with their attributes."""
    need_module("igraph", "igraph")
    import igraph

    (path,) = pipeline_of(workspace).export("graphml", tmp_path)
    read, wanted = igraph.Graph.Read_GraphML(str(path)), mindgraph.to_networkx(workspace)
    assert (read.vcount(), read.ecount()) == (len(wanted), wanted.size())
    assert Counter(read.vs["kind"]) == Counter(k for _, k in wanted.nodes(data="kind"))
    assert set(read.es["relation"]) >= {"usedFor", "isA"}


@pytest.mark.parametrize("which", ["workspace", "nasty"])
def test_gexf_is_read_by_networkx(which: str, tmp_path: Path, request: pytest.FixtureRequest):
    """networkx reads every node with colour and size, and every edge."""
    space: Workspace = request.getfixturevalue(which)
    (path,) = pipeline_of(space).export("gexf", tmp_path)
    read, wanted = nx.read_gexf(path), mindgraph.to_networkx(space)
    assert set(read.nodes) == set(wanted.nodes)
    assert read.size() == wanted.size()
    looks = {node: said["viz"] for node, said in read.nodes(data=True)}
    assert all(look["size"] >= 2 for look in looks.values())
    for node, said in wanted.nodes(data=True):
        if "purpose" in said:
            assert tuple(looks[node]["color"][c] for c in "rgb") == colour_of(said["purpose"])


def test_things_stand_in_a_purpose(workspace: Workspace):
    """Products, intentions and clusters know the broadest purpose that they stand in."""
    network = mindgraph.to_networkx(workspace)
    assert {said["purpose"] for _, said in network.nodes(data=True)} == {"All"}


# KGX


def test_kgx_files_are_as_specified(workspace: Workspace, tmp_path: Path, graph: Graph):
    """Nodes have id and category, edges their ends among the nodes, knowledge level and agent type."""
    pipeline_of(workspace).export("kgx", tmp_path)
    read = {
        name: pl.read_csv(tmp_path / f"shop_{name}.tsv", separator="\t", quote_char=None)
        for name in ("nodes", "edges")
    }
    nodes, edges = read["nodes"], read["edges"]
    assert nodes["id"].is_unique().all()
    assert edges["id"].is_unique().all()
    assert nodes["id"].str.contains(r"^\w+:.+").all()
    assert nodes["category"].str.starts_with("biolink:").all()
    for end in ("subject", "object"):
        assert edges[end].is_in(nodes["id"].implode()).all()
    assert edges["predicate"].str.starts_with("biolink:").all()
    levels = {"knowledge_assertion", "prediction", "observation", "statistical_association", "not_provided"}
    assert set(edges["knowledge_level"]) <= levels
    assert set(edges["agent_type"]) <= {"computational_model", "data_analysis_pipeline", "automated_agent"}
    assert len(edges) == sum(len(t.rows) for k, t in graph.edges.items() if k != "SERVES")


def test_kgx_tsv_and_jsonl_agree(nasty: Workspace, tmp_path: Path):
    """Both forms hold the same; in TSV every record is one line, whatever its texts hold."""
    pipeline_of(nasty).export("kgx", tmp_path)
    for name in ("nodes", "edges"):
        lines = (tmp_path / f"shop_{name}.tsv").read_bytes().decode().split("\n")
        rows = [
            json.loads(line) for line in (tmp_path / f"shop_{name}.jsonl").read_text().split("\n") if line
        ]
        header = lines[0].split("\t")
        assert {len(line.split("\t")) for line in lines if line} == {len(header)}
        assert [line.split("\t")[0] for line in lines[1:] if line] == [
            " ".join(row["id"].splitlines()) for row in rows
        ]
        assert header == list(rows[0])


# link prediction


def links(folder: Path) -> dict[str, set[tuple[str, ...]]]:
    return {
        name: {tuple(line.split("\t")) for line in (folder / f"{name}.txt").read_text().split("\n") if line}
        for name in ("train", "valid", "test")
    }


def test_links_do_not_leak(workspace: Workspace, tmp_path: Path):
    """No pair of entities stands in two files; what is tested was seen in training; nothing is lost."""
    pipeline_of(workspace).export("pykeen", tmp_path)
    check_split(links(tmp_path))
    wanted = {
        (u, d.get("relation", d["kind"].lower()), v)
        for u, v, d in mindgraph.to_networkx(workspace).edges(data=True)
    }
    assert set().union(*links(tmp_path).values()) == wanted
    named = {line.split("\t")[0] for line in (tmp_path / "entities.tsv").read_text().splitlines()[1:]}
    assert named == {end for h, _, t in wanted for end in (h, t)}


def check_split(parts: dict[str, set[tuple[str, ...]]]) -> None:
    """Assert that a split leaks nothing."""
    pairs = {name: {frozenset((h, t)) for h, _, t in rows} for name, rows in parts.items()}
    assert not pairs["train"] & (pairs["valid"] | pairs["test"])
    assert not pairs["valid"] & pairs["test"]
    entities = {end for h, _, t in parts["train"] for end in (h, t)}
    relations = {r for _, r, _ in parts["train"]}
    for name in ("valid", "test"):
        assert {end for h, _, t in parts[name] for end in (h, t)} <= entities
        assert {r for _, r, _ in parts[name]} <= relations


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 12),
            st.sampled_from(["usedFor", "isA", "co_bought", "in_cluster"]),
            st.integers(0, 12),
        ),
        max_size=80,
        unique=True,
    ),
    st.integers(0, 3),
)
def test_no_split_of_any_graph_leaks(rows: list[tuple[int, str, int]], seed: int):
    """Whatever the graph, the split keeps pairs together and shows every entity in training."""
    schema = {"head": pl.String, "relation": pl.String, "tail": pl.String}
    triples = pl.DataFrame([(f"e{h}", r, f"e{t}") for h, r, t in rows], schema=schema, orient="row")
    parts = {name: set(part.iter_rows()) for name, part in split(triples, seed).items()}
    check_split(parts)
    assert sum(map(len, parts.values())) == len(rows)
    assert set().union(*parts.values()) == set(triples.iter_rows())


def test_links_are_split_the_same_on_any_day(workspace: Workspace, tmp_path: Path):
    """The same seed gives the same files, another seed others; about a tenth is held back."""
    for name, seed in (("one", 0), ("two", 0), ("other", 1)):
        exports.export(graph_of(workspace.read, "shop"), "pykeen", tmp_path / name, seed=seed)
    one, two, other = (links(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two != other
    assert 0.05 < len(one["test"]) / sum(map(len, one.values())) < 0.15


_EPOCH = """
import sys
from pykeen.pipeline import pipeline
from pykeen.triples import TriplesFactory
folder = sys.argv[1]
train = TriplesFactory.from_path(folder + "/train.txt")
same = dict(entity_to_id=train.entity_to_id, relation_to_id=train.relation_to_id)
valid, test = (TriplesFactory.from_path(f"{folder}/{n}.txt", **same) for n in ("valid", "test"))
done = pipeline(training=train, validation=valid, testing=test, model="TransE",
                model_kwargs=dict(embedding_dim=8), epochs=1, random_seed=0, device="cpu",
                training_kwargs=dict(use_tqdm=False), evaluation_kwargs=dict(use_tqdm=False))
print(train.num_triples, valid.num_triples, test.num_triples, train.num_entities, done.get_metric("mrr") > 0)
"""


@pytest.mark.slow
def test_pykeen_trains_on_the_links(workspace: Workspace, tmp_path: Path):
    """PyKEEN reads the three files without losing a triple, trains an epoch and evaluates."""
    need_module("pykeen", "pykeen")
    pipeline_of(workspace).export("pykeen", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _EPOCH, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    parts = links(tmp_path)
    counts = [str(len(parts[name])) for name in ("train", "valid", "test")]
    assert done.stdout.split()[-5:] == [*counts, "79", "True"]


# fine-tuning


def chats(folder: Path) -> dict[str, list[dict]]:
    return {
        name: [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().split("\n") if line]
        for name in ("train", "valid", "test")
    }


def test_chats_are_conversations(workspace: Workspace, tmp_path: Path):
    """Each line is a system, a user and an assistant message of one of the two tasks."""
    pipeline_of(workspace).export("sft", tmp_path)
    told = [chat for rows in chats(tmp_path).values() for chat in rows]
    assert {chat["task"] for chat in told} == {"understand", "choose"}
    for chat in told:
        assert [m["role"] for m in chat["messages"]] == ["system", "user", "assistant"]
        assert all(m["content"].strip() for m in chat["messages"])
    first = next(chat for chat in told if chat["task"] == "understand")
    assert first["messages"][2]["content"].startswith(
        ("They are both used for purpose", "They both are a type of purpose")
    )


def test_chosen_products_are_right(workspace: Workspace, tmp_path: Path):
    """The answer's letter names the product of the pair; the others were never bought with the first."""
    pipeline_of(workspace).export("sft", tmp_path)
    triples = {t.id: t for t in shop()[Triple]}
    bought = {frozenset((c.product_a, c.product_b)) for c in shop()[CoBuy]}
    asked = [chat for rows in chats(tmp_path).values() for chat in rows if chat["task"] == "choose"]
    assert {chat["messages"][2]["content"] for chat in asked} == {"A", "B", "C", "D"}
    for chat in asked:
        options = dict(line.split(": ", 1) for line in chat["messages"][1]["content"].splitlines()[-4:])
        named = {letter: title.split("<")[1].split(">")[0] for letter, title in options.items()}
        triple = triples[chat["triple"]]
        assert named.pop(chat["messages"][2]["content"]) == triple.product_b
        assert all(frozenset((triple.product_a, other)) not in bought for other in named.values())


def test_no_product_stands_on_two_sides(workspace: Workspace, tmp_path: Path):
    """A product that is met in testing, even as a wrong option, was never met in training."""
    pipeline_of(workspace).export("sft", tmp_path)
    met = {
        name: {
            word for chat in rows for word in chat["messages"][1]["content"].split() if word.startswith("<p")
        }
        for name, rows in chats(tmp_path).items()
    }
    assert not met["train"] & met["test"]
    assert not met["train"] & met["valid"]
    assert not met["valid"] & met["test"]


@pytest.mark.parametrize("form", ["ids", "turned", "titles", "csv"])
def test_pairs_of_a_benchmark_are_left_out(workspace: Workspace, tmp_path: Path, form: str):
    """A pair named by ids or titles, whichever comes first, is in no file."""
    pair = shop()[CoBuy][0]
    title = {p.id: p.title for p in shop()[Product]}
    named = {
        "ids": {"item_a_id": pair.product_a, "item_b_id": pair.product_b},
        "turned": {"asin_a": pair.product_b, "asin_b": pair.product_a},
        "titles": {
            "title_a": title[pair.product_b].replace("&", "&amp;"),
            "title_b": title[pair.product_a].upper(),
        },
    }
    if form == "csv":
        path = tmp_path / "pairs.csv"
        path.write_text(f"product_a,product_b\n{pair.product_a},{pair.product_b}\n")
    else:
        path = tmp_path / "pairs.jsonl"
        path.write_text(json.dumps(named[form]) + "\n")
    out = tmp_path / "out"
    run = CliRunner().invoke(
        cli, ["-w", str(workspace.path), "export", "sft", str(out), "--exclude", str(path)]
    )
    assert run.exit_code == 0, run.output
    left = {chat["triple"] for rows in chats(out).values() for chat in rows}
    assert not left & {t.id for t in shop()[Triple] if t.cobuy == pair.id}
    pipeline_of(workspace).export("sft", tmp_path / "all")
    assert left < {chat["triple"] for rows in chats(tmp_path / "all").values() for chat in rows}


def test_a_file_without_pairs_is_told(tmp_path: Path):
    """A file that names no pairs, or is no JSON, is told with its line."""
    (tmp_path / "x.csv").write_text("one,two\n1,2\n")
    with pytest.raises(CatalogError, match=r"x\.csv: no pairs"):
        read_pairs(tmp_path / "x.csv")
    (tmp_path / "y.jsonl").write_text('{"a": "1", "b": "2"}\n{"a":\n')
    with pytest.raises(CatalogError, match=r"y\.jsonl:2: "):
        read_pairs(tmp_path / "y.jsonl")


def test_chats_leak_no_pair_of_intentionqa(tmp_path: Path, shared_data: Path):
    """Of a shop that holds the benchmark's pairs, none is left, by id or by title."""
    rows = [
        json.loads(line)
        for line in (shared_data / "intentionqa/intentions_flat.jsonl").read_text().splitlines()
    ]
    tables = shop(200)
    pairs = [
        (r["asin_a"], r["asin_b"], r["title_a"], r["title_b"]) for r in rows if r["asin_a"] != r["asin_b"]
    ][:300]
    products = {}
    for a, b, title_a, title_b in pairs:
        products |= {a: title_a, b: title_b}
    cobuys, triples = [], []
    for x, y in {tuple(sorted(pair[:2])) for pair in pairs}:
        cobuys.append(CoBuy(id=content_id("cobuy", x, y), product_a=x, product_b=y))
        template = tables[Triple][0]
        triples.append(
            msgspec.structs.replace(
                template, id=content_id("triple", x, y), cobuy=cobuys[-1].id, product_a=x, product_b=y
            )
        )
    more = {
        Product: [*tables[Product], *(Product(id=i, title=t) for i, t in products.items())],
        CoBuy: [*tables[CoBuy], *cobuys],
        Triple: [*tables[Triple], *triples],
    }
    pipeline = pipeline_of(write_tables(tmp_path / "ws", {**tables, **more}))
    pipeline.export("sft", tmp_path / "all")
    benchmark = shared_data / "intentionqa/task2.jsonl"
    pipeline.export(
        "sft", tmp_path / "out", exclude=[benchmark, shared_data / "intentionqa/intentions_flat.jsonl"]
    )
    theirs = {t.id for t in triples}
    assert theirs & {chat["triple"] for rows in chats(tmp_path / "all").values() for chat in rows}
    assert not theirs & {chat["triple"] for rows in chats(tmp_path / "out").values() for chat in rows}


_TEMPLATE = "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}{% endfor %}"


@pytest.mark.slow
def test_transformers_renders_the_chats(workspace: Workspace, tmp_path: Path):
    """The messages go through the chat template of `transformers` as they are."""
    need_module("transformers", "transformers")
    from transformers import PreTrainedTokenizerFast

    need_module("transformers", "tokenizers")
    from tokenizers import Tokenizer, models

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), chat_template=_TEMPLATE)
    pipeline_of(workspace).export("sft", tmp_path)
    chat = chats(tmp_path)["train"][0]
    text = tokenizer.apply_chat_template(chat["messages"], tokenize=False)
    assert text == "".join(f"<|{m['role']}|>{m['content']}" for m in chat["messages"])


# flat tables


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("which", ["workspace", "nasty"])
def test_flat_tables_are_read_back(which: str, kind: str, tmp_path: Path, request: pytest.FixtureRequest):
    """polars reads back each table with the columns of the dictionary and every text as it was."""
    space: Workspace = request.getfixturevalue(which)
    pipeline_of(space).export(kind, tmp_path)
    read = pl.read_ndjson if kind == "jsonl" else pl.read_parquet
    tables = {name: read(tmp_path / f"{name}.{kind}") for name in TABLES}
    for name, (_, columns) in TABLES.items():
        assert tables[name].columns == list(columns)
    products = space.read(Product)
    assert dict(tables["products"].select("id", "title").iter_rows()) == dict(
        products.select("id", "title").iter_rows()
    )
    assert len(tables["triples"]) == len(graph_of(space.read, "shop").edges["HAS_INTENTION"].rows)
    assert tables["triples"]["text"].null_count() == 0


def test_flat_tables_are_read_by_pandas(workspace: Workspace, tmp_path: Path):
    """pandas reads JSON lines and Parquet alike."""
    need_module("pandas", "pandas")
    import pandas as pd

    for kind in ("jsonl", "parquet"):
        pipeline_of(workspace).export(kind, tmp_path)
    lines = pd.read_json(tmp_path / "triples.jsonl", lines=True, dtype=False)
    columns = pd.read_parquet(tmp_path / "triples.parquet")
    assert list(lines.columns) == list(columns.columns)
    assert lines["text"].tolist() == columns["text"].tolist()


def test_the_dictionary_says_every_column(workspace: Workspace, tmp_path: Path):
    """README.md names each table and column."""
    pipeline_of(workspace).export("parquet", tmp_path)
    text = (tmp_path / "README.md").read_text()
    for name, (_, columns) in TABLES.items():
        assert f"## {name}" in text
        for column in columns:
            assert f"| {column} |" in text


# choosing a part


@pytest.mark.parametrize(
    ("chosen", "check"),
    [
        ({"relations": ("isA",)}, lambda t: set(t["relation"]) == {"isA"}),
        ({"min_acceptance": 0.6}, lambda t: t["acceptance"].min() >= 0.6),
        ({"top": 7}, lambda t: len(set(t["product_a"]) | set(t["product_b"])) <= 7),
        ({"clusters": ("Cluster 1",)}, lambda t: {int(x.split()[1]) % 3 for x in t["text"]} == {1}),
        ({"clusters": ("top",)}, lambda t: len(t) == 360),
        (
            {"categories": ("Garden",)},
            lambda t: all(
                (int(a[1:]) % 3 == 2) or (int(b[1:]) % 3 == 2)
                for a, b in t.select("product_a", "product_b").iter_rows()
            ),
        ),
        ({"categories": ("Home",)}, lambda t: len(t) == 320),
    ],
)
def test_a_part_is_what_was_chosen(workspace: Workspace, chosen: dict, check) -> None:
    """Every way of choosing leaves triples of that kind, and only what they touch."""
    selection = exports.Selection(**chosen)
    tables = exports.flat.flat_tables(graph_of(exports.selected(workspace.read, selection), "shop"))
    triples = tables["triples"]
    assert len(triples)
    assert check(triples)
    assert set(tables["products"]["id"]) == set(triples["product_a"]) | set(triples["product_b"])
    assert set(tables["intentions"]["id"]) == set(triples["intention"])
    assert set(tables["cobuys"]["id"]) == set(triples["cobuy"])


def test_what_is_not_there_cannot_be_chosen(workspace: Workspace):
    """A cluster or category that is not there is named."""
    with pytest.raises(NotFound, match="no cluster 'nowhere'"):
        mindgraph.to_networkx(workspace, clusters=("nowhere",))
    with pytest.raises(NotFound, match="category 'Toys'"):
        mindgraph.to_networkx(workspace, categories=("Toys",))


# all of them


@pytest.mark.parametrize("kind", exports.KINDS)
def test_every_export_writes_the_same_bytes_again(workspace: Workspace, tmp_path: Path, kind: str):
    """The same workspace gives the same files, each time."""
    one, two = (
        {p.name: p.read_bytes() for p in pipeline_of(workspace).export(kind, tmp_path / name)}
        for name in ("one", "two")
    )
    assert one == two
    assert any(one.values())


@pytest.mark.parametrize("kind", exports.KINDS)
def test_every_export_bears_an_empty_workspace(tmp_path: Path, kind: str):
    """A workspace without tables gives files with nothing in them, and no error."""
    for path in pipeline_of(write_tables(tmp_path / "ws", {})).export(kind, tmp_path / "out"):
        assert path.is_file()


@pytest.mark.parametrize("kind", exports.KINDS)
def test_every_export_is_a_verb(nasty: Workspace, tmp_path: Path, kind: str):
    """The command line writes each, and says what it wrote on standard error."""
    run = CliRunner().invoke(cli, ["-w", str(nasty.path), "export", kind, str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    assert run.stdout == ""
    assert "bytes" in run.stderr


def test_the_verb_knows_every_kind():
    """The command line names the kinds there are."""
    assert set(handon.KINDS) == {"rdf", *exports.KINDS}


def test_a_file_in_the_way_is_told(workspace: Workspace, tmp_path: Path):
    """A file where the folder should be is named; an unknown kind, too."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match="is a file"):
        pipeline_of(workspace).export("kgx", tmp_path / "file")
    with pytest.raises(SettingsError, match="no export 'xls'"):
        pipeline_of(workspace).export("xls", tmp_path / "out")


def test_nasty_shops_have_every_product(nasty: Workspace):
    """Whatever its id, each product is a node of its own."""
    network = mindgraph.to_networkx(nasty)
    assert sum(kind == "product" for _, kind in network.nodes(data="kind")) == len(small_tables()[Product])
