"""What a workspace says of itself."""

from __future__ import annotations

from pathlib import Path

from mindgraph.records import Candidate, CoBuy, Evidence, Intention, Product, Reject, Triple, Verdict
from mindgraph.status import rejects_by_reason, status_of
from mindgraph.tables import frame_of
from mindgraph.workspace import Workspace


def built(folder: Path) -> Workspace:
    """Return a workspace whose build has run once over one co-buy."""
    workspace = Workspace.create(folder)
    cobuy = CoBuy(id="x", product_a="a", product_b="b")
    with workspace.stage("ingest", writes=(Product, CoBuy)) as stage:
        stage.write(Product, frame_of(Product, [Product(id="a", title="A"), Product(id="b", title="B")]))
        stage.write(CoBuy, frame_of(CoBuy, [cobuy]))
    reads, writes = (CoBuy, Candidate, Verdict), (Intention, Triple, Evidence)
    with workspace.stage("build", reads=reads, writes=writes) as stage:
        for record in writes:
            stage.write(record, frame_of(record))
    return workspace


def state(workspace: Workspace, verb: str) -> str:
    """Return the state of one stage."""
    return next(stage.state for stage in status_of(workspace).stages if stage.stage == verb)


def test_a_stage_is_fresh_after_it_ran(tmp_path: Path):
    """A stage whose inputs are those of its last run is fresh."""
    assert state(built(tmp_path), "build") == "fresh"


def test_a_stage_is_stale_once_an_input_changed(tmp_path: Path):
    """New co-buys make what was built from the old ones stale, and the table is named."""
    workspace = built(tmp_path)
    workspace.write(CoBuy, frame_of(CoBuy, [CoBuy(id="y", product_a="a", product_b="c")]))
    build = next(stage for stage in status_of(workspace).stages if stage.stage == "build")
    assert (build.state, build.changed) == ("stale", ["cobuys"])


def test_a_stage_that_never_ran_says_so(tmp_path: Path):
    """Nothing is claimed of a stage that has no manifest."""
    assert state(built(tmp_path), "cluster") == "not run"


def test_rejects_are_counted_by_reason_with_one_place():
    """Rows that differ only in a number or a quoted value are one reason."""
    rejects = [
        Reject(stage="ingest", file="c.csv", line=n, reason=f"no product '{n}'", raw="") for n in (4, 2)
    ]
    assert rejects_by_reason(frame_of(Reject, rejects)) == [
        {"stage": "ingest", "rows": 2, "reason": "no product '2'", "example": "c.csv:2"}
    ]
