"""A Neo4j server: the load beside a plain one, verified, repeated, changed; the importer's files; questions.

The server is the one that the tests start from its jars, on the same processors as the client.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import polars as pl
import psutil

from benchmarks.harness import Bench, LeftOut, Row, Run, bench, measure
from mindgraph.browser_kit.examples import examples_of
from mindgraph.records import Triple, content_id
from mindgraph.spool import LAYERS
from mindgraph.stores.embedded import EmbeddedStore
from mindgraph.stores.named import Named, all_named
from mindgraph.workspace import Workspace
from tests.servers import GENERATIONS, NoServer, Server, prepare, write_admin_script
from tests.shops import hub

#: The long-term release, which is the oldest that is supported.
GENERATION = GENERATIONS["5"]

MB = 1e6

#: Products of which the questions about one product are asked.
PRODUCTS = 15

#: Seconds after which a question is not asked once more.
PATIENCE = 10.0


@bench("neo4j")
def neo4j_load(given: Bench) -> Iterator[Row]:
    """Load, verify, load again, change and load; the same rows plainly; the same by the importer's files."""
    folder = given.copy()
    with _server() as server:
        watch = _Watch(server)
        first, told = _load(given, server.uri, folder)
        spent = watch.said()
        rows = f"{sum(told['counts'].values()):,} nodes and relationships"
        yield Row("the graph's tables, made once for what follows", f"{told['tables']:.1f} s", size=rows)
        yield Row(
            "first load, all of it", f"{first.seconds:.1f} s", cpu=first.cpu, memory=first.memory, size=spent
        )
        verified = given.mindgraph(folder, "validate", server.uri)
        verifying = watch.said()
        second, unchanged = _load(given, server.uri, folder)
        yield _against("second load, unchanged, verified", second, first, 0.35, "the first", watch.said())
        work = f"1 % changed ({_change(folder):,} triples), verified"
        third, changed = _load(given, server.uri, folder)
        yield _against(work, third, first, 0.15, "the first", watch.said())
    if sum(unchanged["written"]) or changed["compared"] != "what changed":
        raise AssertionError(f"not what it is to be: {unchanged}, {changed}")
    with _server() as server:
        watch = _Watch(server)
        plain = given.run("-m", "benchmarks.neo4j_runs", "plain", server.uri, told["spool"])
        work = "plain load: UNWIND … MERGE, one connection"
        yield Row(work, "", f"{plain.seconds:.1f} s", cpu=plain.cpu, size=watch.said())
        _require_same(server, told["counts"])
    transfer = replace(first, seconds=told["transfer"])
    yield _against("transfer of the load", transfer, plain, 0.5, "the plain load")
    yield _against("full verification", verified, plain, 0.25, "the plain load", verifying)
    yield from _files(given, plain)
    yield _memory(given, first)


@bench("hub")
def one_hub(given: Bench) -> Iterator[Row]:
    """Load so many relationships that all end at one node, and verify them."""
    many = max(1_000, round(1_000_000 * given.scale))
    workspace = hub(given.scratch / "hub", many)
    with _server() as server:
        run, told = _load(given, server.uri, workspace.path)
    if told["counts"]["HAS_INTENTION"] != many:
        raise AssertionError(f"not {many:,} at the hub: {told['counts']}")
    size = f"{sum(told['counts'].values()):,} nodes and relationships"
    work = f"{many:,} relationships at one node, loaded and verified"
    yield Row(work, f"{run.seconds:.1f} s", cpu=run.cpu, memory=run.memory, size=size)


@bench("questions")
def questions(given: Bench) -> Iterator[Row]:
    """Ask every named question, warm: a server, and the embedded graph."""
    folder = given.copy()
    given.mindgraph(folder, "load")
    given.mindgraph(folder, "neo4j-import", given.scratch / "files")
    with _server(start=False) as server:
        _import(server, given.scratch / "files")
        _finish(server.start(), given.scratch / "files")
        with server.driver() as driver, EmbeddedStore(folder / "graph", seconds=300) as embedded:

            def on_server(text: str, parameters: dict[str, object]) -> None:
                driver.execute_query(text, parameters)

            def on_embedded(text: str, parameters: dict[str, object]) -> None:
                embedded.query(text, parameters)

            yield from _questions(Workspace(folder), on_server, on_embedded)


@contextmanager
def _server(*, start: bool = True) -> Iterator[Server]:
    """Give an empty server; leave the bench out where there is none."""
    try:
        server = prepare(GENERATION, flags=())
        try:
            yield server.start() if start else server
        finally:
            server.close()
    except NoServer as lack:
        raise LeftOut(str(lack)) from lack


class _Watch:
    """Say how much time of the processors a server has spent since it was last asked."""

    def __init__(self, server: Server) -> None:
        assert server.process is not None
        self._process = psutil.Process(server.process.pid)
        self._spent = self._now()

    def said(self) -> str:
        """Return the seconds since the last time, in words."""
        before, self._spent = self._spent, self._now()
        return f"server: {self._spent - before:.0f} s CPU"

    def _now(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


def _load(given: Bench, uri: str, folder: Path) -> tuple[Run, dict]:
    run = given.run("-m", "benchmarks.neo4j_runs", "load", uri, folder)
    return run, json.loads(run.output)


def _change(folder: Path) -> int:
    """Change a hundredth of the triples: a third of them gone, a third new, a third accepted less."""
    workspace = Workspace(folder)
    triples = workspace.read(Triple).with_row_index("number")
    part = pl.col("number") % 300
    gone, less, new = (triples.filter(part == number) for number in range(3))
    ids = [content_id("triple", *row) for row in new.select("cobuy", "intention", "relation").iter_rows()]
    said = new.with_columns(id=pl.Series(ids, dtype=pl.String), relation=pl.lit("relatedTo"))
    changed = pl.concat([triples.filter(part > 1), less.with_columns(acceptance=pl.lit(0.51)), said])
    workspace.write(Triple, changed.drop("number"))
    return len(gone) + len(less) + len(new)


def _require_same(server: Server, counts: dict[str, int]) -> None:
    """Raise where the plain load did not write all rows: then the comparison is none."""
    with server.driver() as driver:
        for name, count in counts.items():
            pattern = f"(n:{name})" if LAYERS[name].is_node else f"()-[n:{name}]->()"
            found = driver.execute_query(f"MATCH {pattern} RETURN count(n) AS n").records[0]["n"]
            if found != count:
                raise AssertionError(f"{name}: the plain load has {found:,}, not {count:,}")


def _against(work: str, ours: Run, peer: Run, bar: float, of: str, size: str = "") -> Row:
    """Return a row that holds seconds against a share of other seconds."""
    return Row(
        work=work,
        ours=f"{ours.seconds:.1f} s",
        peer=f"{of}: {peer.seconds:.1f} s",
        ratio=ours.seconds / peer.seconds,
        bar=f"≤ {bar:g}×",
        met=ours.seconds <= bar * peer.seconds,
        cpu=ours.cpu,
        memory=ours.memory,
        size=size,
    )


def _files(given: Bench, plain: Run) -> Iterator[Row]:
    """Write the importer's files and import them, in both formats; compare what is there."""
    folder = given.copy()
    for kind in ("csv", "parquet"):
        files = given.scratch / kind
        run = given.mindgraph(folder, "neo4j-import", files, "--as", kind)
        tables = ", the graph's tables made for it" if kind == "csv" else ""
        size = f"{sum(path.stat().st_size for path in files.iterdir()) / MB:,.0f} MB"
        yield _against(f"{kind} files written{tables}", run, plain, 0.05, "the plain load", size)
        with _server(start=False) as server:
            imported = _import(server, files)
            _finish(server.start(), files)
            given.mindgraph(folder, "validate", server.uri)
        yield _against(f"{kind} files imported", imported, plain, 0.15, "the plain load")


def _import(server: Server, files: Path) -> Run:
    """Run import.sh as a person does."""
    assert server.home is not None
    admin = write_admin_script(GENERATION, server.home, server.home / "neo4j-admin")
    return measure([str(files / "import.sh")], {"NEO4J_ADMIN": str(admin)})


def _finish(server: Server, files: Path) -> None:
    """Run the statements that follow an import."""
    with server.driver() as driver, driver.session() as session:
        for statement in (files / "schema.cypher").read_text().split(";\n"):
            if statement.strip():
                session.run(statement).consume()


def _memory(given: Bench, first: Run) -> Row:
    """Hold the memory of the client against that of a load of a tenth."""
    tenth = given.scratch / "tenth"
    given.run("-m", "benchmarks.synthetic", tenth, "--scale", str(given.scale / 10))
    with _server() as server:
        less, _ = _load(given, server.uri, tenth)
    return Row(
        work="client memory of the first load",
        ours=f"{first.memory / MB:,.0f} MB",
        peer=f"a tenth: {less.memory / MB:,.0f} MB",
        ratio=first.memory / less.memory,
        bar="≤ 800 MB, ≤ 1.2×",
        met=first.memory <= 800 * MB and first.memory <= 1.2 * less.memory,
        memory=first.memory,
    )


Ask = Callable[[str, dict[str, object]], None]


def _questions(workspace: Workspace, on_server: Ask, on_embedded: Ask) -> Iterator[Row]:
    """Yield a row for each question; those about one product are asked of several, the busiest among them."""
    examples = examples_of(workspace.read, workspace.settings().dataset)
    several = _products(workspace, examples.product.partition("/")[2])
    for question in all_named():
        given = examples.for_question(question)
        of_one = "product" in given
        asked = [{**given, "product": product} for product in several] if of_one else [given]
        ours, theirs = (
            [_seconds(ask, question, values) for values in asked] for ask in (on_server, on_embedded)
        )
        middle = median(ours)
        yield Row(
            work=f"{question.name}, warm, on Neo4j"
            + (f": median of {len(several)} products" if of_one else ""),
            ours=f"{1000 * middle:,.0f} ms",
            peer=f"embedded: {1000 * median(theirs):,.0f} ms",
            bar="≤ 300 ms" if of_one else "",
            met=middle <= 0.3 if of_one else None,
            size=f"busiest: {1000 * ours[0]:,.0f} ms, embedded {1000 * theirs[0]:,.0f} ms" if of_one else "",
        )


def _products(workspace: Workspace, busiest: str) -> list[str]:
    """Return the busiest product, and others that something was said of, evenly from all of them."""
    said = workspace.scan(Triple).select(pl.concat_list("product_a", "product_b").explode().alias("id"))
    ids = said.unique().sort("id").collect()["id"]
    return [busiest, *ids.gather_every(max(1, len(ids) // (PRODUCTS - 1)))[: PRODUCTS - 1]]


def _seconds(ask: Ask, question: Named, given: dict[str, object]) -> float:
    """Return the median seconds of a question that has been asked once before."""
    values = question.values(given)
    ask(question.statement, values)
    taken: list[float] = []
    while len(taken) < 5 and sum(taken) < PATIENCE:
        begun = time.perf_counter()
        ask(question.statement, values)
        taken.append(time.perf_counter() - begun)
    return median(taken)
