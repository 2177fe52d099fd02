"""One frozen object of settings: defaults < mindgraph.toml < MINDGRAPH_* variables < options.

Keys of servers are no settings: they come from the environment where they are used, and are never
written anywhere.
"""

from __future__ import annotations

import difflib
import os
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mindgraph.errors import SettingsError, WorkspaceError

FORMAT = 1
FILE = "mindgraph.toml"

#: Kinds of numbers.
Share = typing.Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = typing.Annotated[int, msgspec.Meta(ge=1)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold every choice of a run; each is a key of mindgraph.toml and a MINDGRAPH_* variable."""

    #: Version of the workspace's layout.
    format: int = FORMAT
    #: Name of the data set; qualifies the shop's ids in graph and RDF. Empty: the folder's name.
    dataset: str = ""
    seed: int = 0
    #: Language asked for and expected (BCP 47).
    lang: str = "en"

    #: Orders with more distinct products than this are refused rather than paired.
    max_basket: Count = 100

    # pictures
    #: Longest side of the stored thumbnails, in pixels.
    thumbnail: Count = 448

    # the model
    engine: str = "http"
    model: str = ""
    revision: str = ""
    base_url: str = ""
    #: How a server gets the pictures: "data" in the request, "file" as paths, or an address of them.
    pictures: str = "data"
    #: What a service allows; 0 is no limit.
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    #: File of recorded answers, for the engine `recorded`.
    cassette: str = ""
    #: Requests in flight at most.
    concurrency: Count = 16
    #: Folder of the files of requests, for the engine `batch`.
    batch: str = ""
    #: For the engine `ray`: actors, GPUs of each, the engine in each, and the cluster's address.
    ray_workers: Count = 2
    ray_gpus: float = 0.0
    ray_engine: typing.Literal["http", "transformers"] = "http"
    ray_address: str = ""
    #: For the engine `transformers`: cuda, mps, cpu; empty takes the best there is.
    device: str = ""
    #: For the engine `transformers`: float32, bfloat16 …; empty takes the model's own.
    dtype: str = ""
    #: Seconds after which a request is given up.
    timeout: typing.Annotated[float, msgspec.Meta(gt=0)] = 120.0
    temperature: typing.Annotated[float, msgspec.Meta(ge=0)] = 0.2
    max_tokens: Count = 512

    #: What a million tokens cost, in US dollars; cached ones cost what others do where it is negative.
    usd_prompt: float = 0.0
    usd_cached: float = -1.0
    usd_completion: float = 0.0
    #: File of prices by model, with its date; those above go before it.
    prices: str = ""

    # what is asked
    relations: tuple[str, ...] = ()
    calls: typing.Literal["grouped", "per-relation"] = "grouped"
    images: typing.Literal["apart", "stacked", "none", "swapped"] = "apart"
    samples: Count = 1
    reasons: typing.Literal["none", "all", "kept", "rejected", "sample"] = "none"
    #: Short phrases with a detail, or one paragraph an intention.
    style: typing.Literal["phrase", "paragraph"] = "phrase"
    #: Folder of prompt templates that override ours.
    prompts: str = ""

    # what is kept
    #: Lowest score of the shopper at which a candidate is kept, 0..1.
    threshold: Share = 0.5

    # purposes
    #: Text vectors: "static", "minilm" or "endpoint".
    vectors: str = "static"
    vectors_url: str = ""
    vectors_model: str = ""
    #: Whether `load` gives intentions and purposes their vectors.
    load_vectors: bool = False
    #: Cosine from which on two wordings are one intention.
    radius: Share = 0.88
    #: Share of behaviour in the evidence that holds intentions together, 0..1; the rest is text.
    behaviour: Share = 0.2
    #: Relations whose intentions are clustered; empty: the usage relations and `open`.
    cluster_relations: tuple[str, ...] = ()
    #: Resolution of the fine, middle and broad level.
    resolutions: tuple[float, ...] = (8.0, 2.0, 0.6)

    # handing on
    #: Base of the IRIs of products, co-buys, intentions …
    base_iri: str = "https://w3id.org/mindgraph/id/"
    #: Namespace of the vocabulary.
    namespace: str = "https://w3id.org/mindgraph/ns#"
    licence: str = ""


def load_settings(folder: Path, options: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings of a workspace folder, overridden by environment and options.

    Options whose value is None count as not given. Raises SettingsError for an unknown or
    ill-typed setting, WorkspaceError for a workspace that a newer version wrote.
    """
    stored = stored_settings(folder)
    given = {name: value for name, value in (options or {}).items() if value is not None}
    sources = {str(folder / FILE): stored, "MINDGRAPH_*": _from_environment(os.environ), "options": given}
    settings = _convert(sources)
    if settings.dataset:
        return settings
    return msgspec.structs.replace(settings, dataset=folder.resolve().name)


def write_settings(folder: Path, values: Mapping[str, Any]) -> None:
    """Write the settings that differ from the defaults into mindgraph.toml."""
    import tomli_w

    chosen = {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
    text = tomli_w.dumps({"format": FORMAT, **chosen})
    beside = folder / f".{FILE}.new"
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(folder / FILE)
    except OSError as error:
        raise WorkspaceError(
            f"{folder / FILE} cannot be written: {error.strerror or error}.",
            hint="Free some space, or mend the permissions, and run it again.",
        ) from error


def stored_settings(folder: Path) -> dict[str, Any]:
    """Return what a workspace's mindgraph.toml says, as it stands there.

    Raises SettingsError where it is no TOML, WorkspaceError where a newer version wrote it.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: {error}.", hint="Mend the line, or remove the file.") from error
    written = stored.get("format", FORMAT)
    if isinstance(written, int) and written > FORMAT:
        raise WorkspaceError(
            f"{path}: written by a newer version (format {written}, this version reads up to {FORMAT}).",
            hint="Upgrade: pip install --upgrade mindgraph-kg",
        )
    return stored


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    known = {f"MINDGRAPH_{name.upper()}": name for name in Settings.__struct_fields__}
    for key in environment:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.9)
        if key.startswith("MINDGRAPH_") and key not in known and near:
            raise SettingsError(f"There is no setting {key}.", hint=f"Did you mean {near[0]}?")
    found = {known[key]: value for key, value in environment.items() if key in known}
    defaults = Settings()
    return {
        name: [part for part in value.split(",") if part]
        if isinstance(getattr(defaults, name), tuple)
        else value
        for name, value in found.items()
    }


def _convert(sources: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Return the settings of all sources, the last one that names a setting decides."""
    values: dict[str, Any] = {}
    for source, named in sources.items():
        for name in named:
            if name not in Settings.__struct_fields__:
                raise _unknown(source, name)
        values.update(named)
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong(sources, str(error)) from error


def _unknown(source: str, name: str) -> SettingsError:
    near = difflib.get_close_matches(name, Settings.__struct_fields__, n=1)
    hint = f"Did you mean {near[0]}?" if near else None
    return SettingsError(f"{source}: there is no setting {name!r}.", hint=hint)


def _wrong(sources: Mapping[str, Mapping[str, Any]], told: str) -> SettingsError:
    """Return the error that names the setting, where it was set, and what is expected."""
    expected, _, path = told.partition(" - at `$.")
    name = path.partition("[")[0].rstrip("`")
    source = next(source for source in reversed(list(sources)) if name in sources[source])
    choices = typing.get_args(typing.get_type_hints(Settings)[name])
    hint = f"One of: {', '.join(choices)}." if choices and all(isinstance(c, str) for c in choices) else None
    return SettingsError(f"{source}: {name} cannot be {sources[source][name]!r}. {expected}.", hint=hint)
