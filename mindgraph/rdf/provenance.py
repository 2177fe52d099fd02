"""Who said it and how it came about: generators, the asking, and the runs of the stages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import polars as pl

from mindgraph.rdf.model import Block, Field, Name, Ref, Text, Typed, in_order, listed_refs, listed_texts
from mindgraph.rdf.terms import encode, escape
from mindgraph.records import digest
from mindgraph.workspace import Manifest

_GRAPH = "provenance"


def generators_block(generators: pl.DataFrame) -> Block:
    """Return the models and imports that said anything, in the order of their ids."""
    fields = [
        Field("rdf:type", _GRAPH, Name(("prov:SoftwareAgent",))),
        _said("rdfs:label", generators["model"]),
        _said("mg:kind", generators["kind"]),
        _said("mg:model", generators["model"]),
        _said("mg:revision", generators["revision"]),
        _said("mg:parameters", generators["parameters"]),
        _said("mg:promptVersion", generators["prompt_version"]),
    ]
    return Block("generator/", encode(generators["id"]), fields)


def files_block(runs: Sequence[Manifest]) -> Block:
    """Return what the runs read and wrote, named by content."""
    named = sorted({(digest_, name) for run in runs for name, digest_ in _files(run)})
    frame = pl.DataFrame(named, schema={"id": pl.String, "name": pl.String}, orient="row")
    files = frame.group_by("id", maintain_order=True).agg("name")
    fields = [
        Field("rdf:type", _GRAPH, Name(("prov:Entity",))),
        listed_texts("rdfs:label", _GRAPH, files["name"]),
        _said("mg:digest", files["id"]),
    ]
    return Block("file/", encode(files["id"]), fields)


def runs_block(runs: Sequence[Manifest], generators: pl.DataFrame, dataset: str) -> Block:
    """Return the activities: one a generator's asking, one a run that wrote something.

    An assertion points to its generator's asking, whose name never changes, so that asking again or
    building again changes no line of an assertion.
    """
    asking = generators.select("id", pl.concat_str(pl.lit("asking "), "model").alias("label"), "parameters")
    asking = asking.with_columns(pl.col("id").alias("agent"))
    frame = pl.concat([asking, _run_frame(runs)], how="diagonal_relaxed")
    frame = in_order(frame)
    fields = [
        Field("rdf:type", _GRAPH, Name(("prov:Activity",))),
        _said("rdfs:label", frame["label"]),
        _said("mg:parameters", frame["parameters"]),
        _said("mg:counts", frame["counts"]),
        _typed("prov:startedAtTime", frame["started"], "xsd:dateTime"),
        _typed("prov:endedAtTime", frame["ended"], "xsd:dateTime"),
        Field("prov:wasAssociatedWith", _GRAPH, Ref("generator/", encode(frame["agent"]))),
        listed_refs("prov:used", _GRAPH, "file/", frame["used"]),
        listed_refs("prov:generated", _GRAPH, "file/", frame["generated"]),
        *(
            _typed(f"mg:{name}", frame[column].cast(pl.String), "xsd:integer")
            for name, column in (("promptTokens", "prompt_tokens"), ("completionTokens", "completion_tokens"))
        ),
    ]
    return Block(f"run/{dataset}/", encode(frame["id"]), fields)


def _run_frame(runs: Sequence[Manifest]) -> pl.DataFrame:
    return pl.DataFrame(
        [_run_row(run) for run in runs if run.writes],
        schema={
            "id": pl.String,
            "label": pl.String,
            "parameters": pl.String,
            "counts": pl.String,
            "started": pl.String,
            "ended": pl.String,
            "used": pl.List(pl.String),
            "generated": pl.List(pl.String),
            "agent": pl.String,
            "prompt_tokens": pl.Int64,
            "completion_tokens": pl.Int64,
        },
    )


def _run_row(run: Manifest) -> dict[str, object]:
    started = datetime.fromisoformat(run.started)
    ended = started + timedelta(seconds=round(run.seconds))
    return {
        "id": digest(msgspec.json.encode(run, order="sorted")),
        "label": run.verb,
        "parameters": _json(run.settings),
        "counts": _json(run.counts),
        "started": _time(started),
        "ended": _time(ended),
        "used": [digest_ for digest_ in run.reads.values() if digest_],
        "generated": [digest_ for digest_ in run.writes.values() if digest_],
        "prompt_tokens": _count(run, "prompt_tokens"),
        "completion_tokens": _count(run, "completion_tokens"),
    }


def _files(run: Manifest) -> list[tuple[str, str]]:
    return [(n, d) for n, d in (*run.reads.items(), *run.writes.items()) if d] if run.writes else []


def _count(run: Manifest, name: str) -> int | None:
    found = run.counts.get(name)
    return found if isinstance(found, int) else None


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _time(moment: datetime) -> str:
    """Return a canonical xsd:dateTime: UTC, whole seconds."""
    from datetime import UTC

    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _said(predicate: str, values: pl.Series) -> Field:
    return Field(predicate, _GRAPH, Text(escape(values.cast(pl.String).set(values == "", None))))


def _typed(predicate: str, values: pl.Series, datatype: str) -> Field:
    return Field(predicate, _GRAPH, Typed(values, datatype))
