"""The staircase: the stages in order over one workspace. This is the Python API.

Each method is a verb of the command line: it reads tables, hands them to the stage, writes what
comes back, and returns what was counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from mindgraph import catalog, distill, explain, exports, filters, rdf, status, triples
from mindgraph.distill import Choice
from mindgraph.errors import NotFound, SettingsError
from mindgraph.graph import graph_of
from mindgraph.lvlm.batch import Read, read_results
from mindgraph.lvlm.replies import Replies
from mindgraph.pilot import Piloted, pilot
from mindgraph.plan import Step, plan
from mindgraph.points import Points
from mindgraph.records import Candidate, CoBuy, Evidence, Intention, Product, Triple, Verdict
from mindgraph.settings import Settings
from mindgraph.spool import INPUTS, Spool, keep_newest, spool
from mindgraph.stores import Rows, embedded_load
from mindgraph.stores.embedded import EmbeddedStore
from mindgraph.stores.embedded_home import Home
from mindgraph.stores.named import ask
from mindgraph.tally import Budget, Tell, silent
from mindgraph.vectors import TextVectors, cached, open_vectors
from mindgraph.workspace import Stage, Workspace

if TYPE_CHECKING:
    from mindgraph.stores.admin_import import Kind, Written
    from mindgraph.stores.bolt import Bolt, Compared, Synced
    from mindgraph.stores.bolt import Tell as SyncTell


class Pipeline:
    """Run the stages over one workspace."""

    def __init__(self, workspace: Workspace, settings: Settings | None = None) -> None:
        self.workspace = workspace
        self.settings = settings or workspace.settings()

    def ingest(self, sources: catalog.Sources) -> Stage:
        """Read a catalogue, its co-buys, pictures and finished intentions from files."""
        return catalog.ingest(self.workspace, self.settings, sources)

    def distill(
        self, choice: Choice | None = None, *, budget: Budget | None = None, tell: Tell = silent
    ) -> Stage:
        """Ask the model for features of products and intentions of co-buys."""
        return distill.distill(self.workspace, self.settings, choice, budget=budget, tell=tell)

    def plan(
        self,
        choice: Choice | None = None,
        *,
        calls_per_second: float | None = None,
        tokenizer: str = "",
    ) -> list[Step]:
        """Say what distilling and filtering will ask: calls, tokens, money, time; asks no model."""
        workspace, settings = self.workspace, self.settings
        return plan(workspace, settings, choice, calls_per_second=calls_per_second, tokenizer=tokenizer)

    def pilot(
        self,
        variants: Sequence[Mapping[str, Any]] = (),
        *,
        size: int = 50,
        budget: Budget | None = None,
        tell: Tell = silent,
    ) -> Piloted:
        """Ask about a sample in several ways, side by side; writes nothing but the ledger."""
        return pilot(self.workspace, self.settings, variants, size=size, budget=budget, tell=tell)

    def filter(self, *, again: bool = False, budget: Budget | None = None, tell: Tell = silent) -> Stage:
        """Throw out what a shopper would not recognise: rules first, then the model in its role."""
        return filters.filter_candidates(self.workspace, self.settings, again=again, budget=budget, tell=tell)

    def write_batch(self, folder: Path, choice: Choice | None = None) -> dict[str, Stage]:
        """Write what is still to be asked as files for a batch service; return the stages that ran.

        Verdicts are written once every intention is read: a stage that waits for results is the last.
        """
        settings = msgspec.structs.replace(self.settings, engine="batch", batch=str(folder))
        asking = Pipeline(self.workspace, settings)
        stages = {"distill": asking.distill(choice)}
        if not stages["distill"].counts.get("unanswered"):
            stages["filter"] = asking.filter()
        return stages

    def read_batch(self, paths: Sequence[Path]) -> Read:
        """Take the results of a batch service into the ledger."""
        with closing(self.replies()) as replies:
            return read_results(replies, paths)

    def load(self) -> Stage:
        """Build the embedded graph anew, compare it with the tables, and let it replace the one before."""
        dataset, home = self.settings.dataset, Home(self.workspace.graph)
        with self.workspace.require().stage(
            "load",
            reads=INPUTS,
            settings={"dataset": dataset, **self._points_name()},
            files=embedded_load.versions(),
        ) as stage:
            made_of = {**stage.made_of, "dataset": dataset, **self._points_name()}
            stage.unchanged = home.holds(made_of)
            if not stage.unchanged:
                rows = self._spool()
                embedded_load.rebuild(rows, home, made_of)
                stage.counts.update(rows.counts())
                keep_newest(rows.path.parent, [rows.digest])
        return stage

    def plan_server(self, server: Bolt, *, tell: SyncTell | None = None) -> Synced:
        """Say what loading into a Neo4j server would change; write nothing there."""
        from mindgraph.stores.bolt import plan

        return plan(server, self._spool(), tell=tell)

    def load_server(
        self, server: Bolt, *, workers: int = 2, full: bool = False, tell: SyncTell | None = None
    ) -> Synced:
        """Make a Neo4j server hold the graph of this data set, changing only what differs, and verify it.

        `full` compares everything with the server, even where it is known what was loaded last.
        """
        from mindgraph.stores.bolt import synchronise

        settings = {"dataset": self.settings.dataset, "server": server.name, "database": server.database}
        with self.workspace.require().stage("load-neo4j", reads=INPUTS, settings=settings) as stage:
            rows = self._spool()
            done = synchronise(server, rows, workers=workers, full=full, tell=tell)
            keep_newest(rows.path.parent, [rows.digest])
            stage.reject(done.rejects)
            stage.counts.update(
                created=done.created.total(), updated=done.updated.total(), removed=done.removed.total()
            )
        return done

    def validate_server(self, server: Bolt, *, tell: SyncTell | None = None) -> dict[str, Compared]:
        """Compare all that a Neo4j server holds of this data set with the workspace; raise StoreMismatch."""
        from mindgraph.stores.bolt import verify

        return verify(server, self._spool(), tell=tell)

    def write_neo4j_import(self, folder: Path, kind: Kind = "csv") -> Written:
        """Write the files and the script with which neo4j-admin makes the same graph."""
        from mindgraph.stores.admin_import import write_import

        return write_import(self._spool(), folder, kind)

    def query(
        self,
        question: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        seconds: float = 60.0,
    ) -> Rows:
        """Answer a named question, or one written in Cypher, from the embedded graph; read-only."""
        with EmbeddedStore(self.workspace.graph, seconds=seconds) as store:
            return ask(store, question, parameters or {}, limit=limit)

    def build(self) -> Stage:
        """Turn kept candidates into intentions, triples and evidence."""
        with self.workspace.require().stage(
            "build",
            reads=(CoBuy, Candidate, Verdict),
            writes=(Intention, Triple, Evidence),
            settings={"threshold": self.settings.threshold},
        ) as stage:
            if not stage.unchanged:
                built = triples.build(
                    self.workspace.scan(Candidate),
                    self.workspace.scan(Verdict),
                    self.workspace.scan(CoBuy),
                    threshold=self.settings.threshold,
                )
                stage.counts["funnel"] = built.funnel
                stage.write(Intention, built.intentions)
                stage.write(Triple, built.triples)
                stage.write(Evidence, built.evidence)
                stage.reject(built.rejects)
        return stage

    def cluster(
        self, *, label_with: str | None = None, budget: Budget | None = None, tell: Tell = silent
    ) -> Stage:
        """Consolidate near-duplicate intentions, and find the purposes behind them.

        `label_with` names the engine that calls the purposes something; without one they are called by
        a phrase from their members. Raises BudgetReached or LVLMUnavailable once everything is written.
        """
        from mindgraph import clusters  # its libraries take as long to import as a query takes
        from mindgraph.naming import Namer

        namer = None
        if label_with:
            asking = msgspec.structs.replace(self.settings, engine=label_with)
            namer = Namer(self.workspace, asking, budget, tell)
        return clusters.cluster(self.workspace, self.settings, self._vectors(), namer)

    def plan_clusters(self) -> pl.DataFrame:
        """Return the groups that `cluster` would merge; writes nothing."""
        from mindgraph import clusters

        return clusters.plan(self.workspace, self.settings, self._vectors())

    def tune(self) -> pl.DataFrame:
        """Choose the share of behaviour and the resolutions by stability, and store them."""
        from mindgraph import clusters

        return clusters.tune(self.workspace, self.settings, self._vectors())

    def unmerge(self, intention: str) -> list[str]:
        """Set an intention apart from all others, now and on later runs; return the merges undone."""
        from mindgraph import clusters

        return clusters.unmerge(self.workspace, intention)

    def remember(self, **settings: Any) -> None:
        """Store settings in the workspace's mindgraph.toml, and go by them from now on."""
        with self.workspace.require().locked():
            Workspace.create(self.workspace.path, **settings)
        self.settings = msgspec.structs.replace(self.settings, **settings)

    def _spool(self) -> Spool:
        """Return the rows of the graph as files, made where they are not there yet."""
        workspace = self.workspace.require()
        digests = {record.table: workspace.digest_of(record) for record in INPUTS}
        points = self._points()
        return spool(workspace.scan, self.settings.dataset, digests, workspace.graph_tables, vectors=points)

    def vector_of(self, text: str) -> list[float]:
        """Return where a text stands among the vectors that `load_vectors` loads."""
        row: list[float] = self._vectors().embed([text])[0].tolist()
        return row

    def _points(self) -> Points | None:
        """Return how texts get the vectors that are loaded; None where none are wanted."""
        if not self.settings.load_vectors:
            return None
        vectors, folder = self._vectors(), self.workspace.path / "vectors"
        return Points(vectors.name, lambda texts: cached(vectors, texts, folder))

    def _points_name(self) -> dict[str, str]:
        """Return which vectors are loaded, as what shapes a graph is told; nothing where none are."""
        points = self._points()
        return {"vectors": points.name} if points else {}

    def _vectors(self) -> TextVectors:
        settings = self.settings
        return open_vectors(settings.vectors, base_url=settings.vectors_url, model=settings.vectors_model)

    def evaluate(
        self,
        measure: str,
        folders: Sequence[Path] = (),
        *,
        repeats: int = 2,
        engine: str | None = None,
        sample: int | None = None,
        budget: Budget | None = None,
    ) -> list[pl.DataFrame]:
        """Return the tables of one measure; those on data of people need its folder.

        `engine` lets a model answer `filter` and `tasks`, on a random `sample` of the questions where one
        is named; its answers are kept in the workspace's ledger.
        """
        from mindgraph import measures

        needs = {"bundles", "largest", "filter", "tasks", "images"}
        if engine and measure not in ("filter", "tasks"):
            raise SettingsError(f"The measure {measure} asks no model.", hint="filter and tasks do.")
        if measure in needs and not folders:
            raise SettingsError(f"The measure {measure} needs a folder.", hint="Name it after the measure.")
        settings, workspace = self.settings, self.workspace
        if measure == "bundles":
            return measures.bundles(folders[0], settings, self._vectors(), repeats=repeats)
        if measure == "images":
            return [measures.image_value({str(folder): folder for folder in folders})]
        if measure == "intrinsic":
            return measures.intrinsic(workspace.require(), settings, self._vectors())
        if engine:
            return self._evaluate_engine(measure, folders[0], engine, sample, budget)
        chosen: dict[str, Any] = {"sample": sample, "seed": settings.seed}
        if measure == "filter":
            return measures.filter_(folders[0], self._vectors(), **chosen)
        run = {
            "largest": lambda: measures.largest(folders[0], settings, self._vectors()),
            "held-out": lambda: measures.held_out(workspace.require(), settings, self._vectors()),
            "tasks": lambda: measures.tasks(folders[0], self._vectors(), **chosen),
            "data": lambda: measures.data_quality(workspace.require()),
        }
        return [run[measure]()]

    def _evaluate_engine(
        self, measure: str, folder: Path, engine: str, sample: int | None, budget: Budget | None
    ) -> list[pl.DataFrame]:
        """Return a measure of what a model answers; what it answered is kept."""
        from mindgraph import evaluate, measures
        from mindgraph.prompts import Asker
        from mindgraph.session import session

        asking = msgspec.structs.replace(self.settings, engine=engine)
        asker, vectors = Asker(asking), self._vectors()
        with session(self.workspace.require(), asking, "evaluate", budget) as opened:
            name = opened.lvlm.name
            if measure == "filter":
                scores = {name: evaluate.as_filter(opened.lvlm, asker)}
                return measures.filter_(folder, vectors, scores, sample=sample, seed=asking.seed)
            engines = {name: evaluate.as_chooser(opened.lvlm, asker)}
            return [measures.tasks(folder, vectors, engines, sample=sample, seed=asking.seed)]

    def analyze(
        self, name: str, *, begin: Sequence[str] = (), write: bool = False
    ) -> tuple[pl.DataFrame, Path | None]:
        """Return the table of a question about the whole graph, and its file where it is stored."""
        from mindgraph import measures

        workspace = self.workspace.require()
        table = measures.analyzed(workspace, name, begin)
        if not write:
            return table, None
        file = workspace.path / "analytics" / f"{name}.parquet"
        with workspace.locked():
            file.parent.mkdir(exist_ok=True)
            beside = file.with_suffix(".new")
            table.write_parquet(beside)
            beside.replace(file)
        return table, file

    def sample_sheet(self, file: Path, *, size: int = 100) -> int:
        """Write a sheet of triples for human judges; return how many."""
        from mindgraph import evaluate

        read = self.workspace.require().read
        sheet = evaluate.sample_sheet(
            read(Product), read(Triple), read(Intention), size=size, seed=self.settings.seed
        )
        sheet.write_csv(file)
        return len(sheet)

    def judgements(self, files: list[Path]) -> list[dict[str, Any]]:
        """Return what judges said on filled-in sheets, and how well they agree."""
        from mindgraph import evaluate

        return evaluate.judgements(evaluate.read_judgements(files), seed=self.settings.seed).to_dicts()

    def status(self) -> status.Status:
        """Say what each stage holds, what is stale and what was rejected."""
        return status.status_of(self.workspace.require())

    def spent(self) -> list[dict[str, Any]]:
        """Return what models were asked so far: answers, tokens, cost and seconds, by model and kind."""
        if not self.workspace.ledger.is_file():
            return []
        with closing(Replies(self.workspace.ledger)) as replies:
            return replies.totals()

    def replies(self, *, begin: bool = False) -> Replies:
        """Open the ledger of what models answered; `begin` makes one where there is none yet."""
        ledger = self.workspace.require().ledger
        if not begin and not ledger.is_file():
            raise NotFound(
                f"{ledger} is not there: no model was asked yet.", hint="`mindgraph distill` asks one."
            )
        return Replies(ledger)

    def explain(self, wanted: str) -> dict[str, Any]:
        """Return why a product, co-buy, intention, triple, candidate or cluster is there."""
        workspace = self.workspace.require()
        with ExitStack() as stack:
            reply_of: explain.ReplyOf = dict[str, Any]().get
            if workspace.ledger.is_file():
                reply_of = stack.enter_context(closing(Replies(workspace.ledger))).find
            told = explain.Explainer(workspace.scan, reply_of, self.settings.dataset).explain(wanted)
        return told

    def explain_both(self, one: str, other: str) -> dict[str, Any]:
        """Return which evidence holds two intentions together, and how strong it is."""
        from mindgraph import clusters

        relations, scan = self.settings.cluster_relations, self.workspace.require().scan
        return clusters.bond(scan, self._vectors().embed, one, other, relations=relations)

    def export_rdf(
        self,
        folder: Path,
        formats: Sequence[str] = ("nt",),
        choice: rdf.Choice | None = None,
        selection: exports.Selection | None = None,
    ) -> rdf.Exported:
        """Write the graph, or a chosen part of it, as RDF into a folder."""
        choice = choice or rdf.Choice()
        if selection:
            read = exports.selected(self.workspace.require().read, selection)
            choice = replace(choice, read=read, words=selection.words())
        return rdf.export_rdf(self.workspace.require(), self.settings, folder, formats, choice)

    def export(
        self,
        kind: str,
        folder: Path,
        selection: exports.Selection | None = None,
        *,
        exclude: Sequence[Path] = (),
    ) -> list[Path]:
        """Write the graph, or a chosen part of it, as another tool takes it; return the files."""
        read = exports.selected(self.workspace.require().read, selection or exports.Selection())
        graph = graph_of(read, self.settings.dataset)
        return exports.export(graph, kind, folder, seed=self.settings.seed, exclude=exclude)

    def sparql(self, query: str, parameters: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the answers to a SPARQL query over the workspace's RDF."""
        return rdf.ask(
            rdf.open_sparql(self.workspace.require(), self.settings), query, self.settings, parameters
        )

    def browser_kit(self, folder: Path, *, port: int) -> list[Path]:
        """Write style, guides and saved queries for Neo4j Browser, filled with this graph's own examples."""
        from mindgraph.browser_kit import examples_of, write_kit

        dataset = self.settings.dataset
        return write_kit(folder, examples_of(self.workspace.require().read, dataset), dataset, port=port)

    def validate(self) -> list[dict[str, Any]]:
        """Return what breaks a rule anywhere in the workspace: rule, node and message."""
        return rdf.table_violations(self.workspace.require(), self.settings).to_dicts()

    def validate_shapes(self, top: int) -> list[dict[str, Any]]:
        """Return what breaks a SHACL shape among the products with the most triples, so many."""
        read = exports.selected(self.workspace.require().read, exports.Selection(top=top))
        return rdf.shacl_violations(self.workspace, self.settings, read).to_dicts()

    def validate_dump(self, path: Path) -> rdf.Checked:
        """Parse an exported RDF file whole, and compare it with what lies beside it."""
        return rdf.check_dump(path)
