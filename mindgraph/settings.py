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
    max_basket: int = 100

    # pictures
    #: Longest side of the stored thumbnails, in pixels.
    thumbnail: int = 448

    # the model
    engine: str = "http"
    model: str = ""
    revision: str = ""
    base_url: str = ""
    #: File of recorded answers, for the engine `recorded`.
    cassette: str = ""
    #: Requests in flight at most.
    concurrency: int = 16
    #: Seconds after which a request is given up.
    timeout: float = 120.0
    temperature: float = 0.2
    max_tokens: int = 512

    #: What a million tokens cost, in US dollars; cached ones cost what others do where it is negative.
    usd_prompt: float = 0.0
    usd_cached: float = -1.0
    usd_completion: float = 0.0

    # what is asked
    relations: tuple[str, ...] = ()
    calls: typing.Literal["grouped", "per-relation"] = "grouped"
    images: typing.Literal["apart", "stacked", "none", "swapped"] = "apart"
    samples: int = 1
    reasons: typing.Literal["none", "all", "kept", "rejected", "sample"] = "none"
    #: Short phrases with a detail, or one paragraph an intention.
    style: typing.Literal["phrase", "paragraph"] = "phrase"
    #: Folder of prompt templates that override ours.
    prompts: str = ""

    # what is kept
    #: Lowest score of the shopper at which a candidate is kept, 0..1.
    threshold: float = 0.5

    # purposes
    #: Text vectors: "static", "minilm" or "endpoint".
    vectors: str = "static"
    vectors_url: str = ""
    vectors_model: str = ""
    #: Cosine from which on two wordings are one intention.
    radius: float = 0.88
    #: Share of behaviour in the evidence that holds intentions together, 0..1; the rest is text.
    behaviour: float = 0.5
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
    values = {
        **_from_file(folder / FILE),
        **_from_environment(os.environ),
        **{name: value for name, value in (options or {}).items() if value is not None},
    }
    settings = _convert(values)
    if settings.format > FORMAT:
        raise WorkspaceError(
            f"{folder / FILE}: written by a newer version (format {settings.format}, "
            f"this version reads up to {FORMAT}).",
            hint="Upgrade: pip install --upgrade mindgraph-kg",
        )
    if settings.dataset:
        return settings
    return msgspec.structs.replace(settings, dataset=folder.resolve().name)


def write_settings(folder: Path, values: Mapping[str, Any]) -> None:
    """Write the settings that differ from the defaults into mindgraph.toml."""
    import tomli_w

    chosen = {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
    text = tomli_w.dumps({"format": FORMAT, **chosen})
    beside = folder / f".{FILE}.new"
    beside.write_text(text, encoding="utf-8")
    beside.replace(folder / FILE)


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}.", hint="Mend the line, or remove the file.") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    known = {f"MINDGRAPH_{name.upper()}": name for name in Settings.__struct_fields__}
    found = {known[key]: value for key, value in environment.items() if key in known}
    defaults = Settings()
    return {
        name: [part for part in value.split(",") if part]
        if isinstance(getattr(defaults, name), tuple)
        else value
        for name, value in found.items()
    }


def _convert(values: Mapping[str, Any]) -> Settings:
    for name in values:
        if name not in Settings.__struct_fields__:
            near = difflib.get_close_matches(name, Settings.__struct_fields__, n=1)
            hint = f"Did you mean {near[0]}?" if near else None
            raise SettingsError(f"There is no setting {name!r}.", hint=hint)
    try:
        return msgspec.convert(dict(values), Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"A setting is wrong: {error}.") from error
