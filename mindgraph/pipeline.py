"""The staircase: the stages in order over one workspace. This is the Python API.

Each method is a verb of the command line: it reads tables, hands them to the stage, writes what
comes back, and returns what was counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from typing import Any

from mindgraph import catalog, clusters, distill, explain, filters, status, triples
from mindgraph.graph import TABLES, graph_of
from mindgraph.lvlm.replies import Replies
from mindgraph.records import Candidate, CoBuy, Evidence, Intention, Triple, Verdict
from mindgraph.settings import Settings
from mindgraph.stores import Rows, embedded_load
from mindgraph.stores.embedded import EmbeddedStore
from mindgraph.stores.embedded_home import Home
from mindgraph.stores.named import ask
from mindgraph.tally import Budget, Tell, silent
from mindgraph.vectors import open_vectors
from mindgraph.workspace import Stage, Workspace


class Pipeline:
    """Run the stages over one workspace."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.workspace = workspace
        self.settings = settings

    def ingest(self, sources: catalog.Sources) -> Stage:
        """Read a catalogue, its co-buys, pictures and finished intentions from files."""
        return catalog.ingest(self.workspace, self.settings, sources)

    def distill(
        self, choice: distill.Choice | None = None, *, budget: Budget | None = None, tell: Tell = silent
    ) -> Stage:
        """Ask the model for features of products and intentions of co-buys."""
        return distill.distill(self.workspace, self.settings, choice, budget=budget, tell=tell)

    def filter(self, *, again: bool = False, budget: Budget | None = None, tell: Tell = silent) -> Stage:
        """Throw out what a shopper would not recognise: rules first, then the model in its role."""
        return filters.filter_candidates(self.workspace, self.settings, again=again, budget=budget, tell=tell)

    def load(self) -> Stage:
        """Build the embedded graph anew, compare it with the tables, and let it replace the one before."""
        dataset, home = self.settings.dataset, Home(self.workspace.graph)
        with self.workspace.require().stage(
            "load", reads=TABLES, settings={"dataset": dataset}, files=embedded_load.versions()
        ) as stage:
            made_of = {**stage.made_of, "dataset": dataset}
            stage.unchanged = home.holds(made_of)
            if not stage.unchanged:
                graph = graph_of(self.workspace.read, dataset)
                embedded_load.rebuild(graph, home, made_of)
                stage.counts.update(graph.counts())
        return stage

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

    def cluster(self) -> Stage:
        """Consolidate near-duplicate intentions, and find the purposes behind them."""
        settings = self.settings
        vectors = open_vectors(settings.vectors, base_url=settings.vectors_url, model=settings.vectors_model)
        return clusters.cluster(self.workspace, settings, vectors)

    def status(self) -> status.Status:
        """Say what each stage holds, what is stale and what was rejected."""
        return status.status_of(self.workspace.require())

    def spent(self) -> list[dict[str, Any]]:
        """Return what models were asked so far: answers, tokens, cost and seconds, by model and kind."""
        if not self.workspace.ledger.is_file():
            return []
        with closing(Replies(self.workspace.ledger)) as replies:
            return replies.totals()

    def explain(self, wanted: str) -> dict[str, Any]:
        """Return why a product, co-buy, intention, triple, candidate or cluster is there."""
        workspace = self.workspace.require()
        with ExitStack() as stack:
            reply_of: explain.ReplyOf = dict[str, Any]().get
            if workspace.ledger.is_file():
                reply_of = stack.enter_context(closing(Replies(workspace.ledger))).find
            told = explain.Explainer(workspace.scan, reply_of, self.settings.dataset).explain(wanted)
        return told
