"""Ask by files: requests are written for a batch service, its results are read back later.

The files are those of OpenAI's batch service, which `vllm run-batch` and others read, too. A request is
named by its key in the ledger, where it waits until its result is read: results come back in any order,
in part, twice, or as errors, and nothing is written twice while it waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from mindgraph.errors import CatalogError, SettingsError, WorkspaceError
from mindgraph.lvlm import wire
from mindgraph.lvlm.keys import How, key_maker
from mindgraph.lvlm.replies import CHUNK, Replies
from mindgraph.lvlm.statements import WAITING
from mindgraph.messages import Decision, Prompt, Reply
from mindgraph.settings import Settings

#: What one file may hold: a service takes 50,000 requests and 200 MB.
MAX_LINES = 50_000
MAX_BYTES = 190 * 10**6
_URL = "/v1/chat/completions"


class BatchWriter:
    """Write each prompt as a request; its reply has the error that it waits."""

    #: What waits in the ledger is not asked again.
    waits = True

    def __init__(
        self,
        folder: Path,
        model: str,
        *,
        revision: str = "",
        pictures: wire.Pictures | None = None,
        max_lines: int = MAX_LINES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.name = f"{model}@{revision}" if revision else model
        self.written = 0
        self._model = model
        self._pictures = pictures or wire.Pictures()
        self._files = _Files(folder, max_lines, max_bytes)
        self._without_features = False

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        """Write each prompt; intentions wait until the features that they quote are read."""
        return (self._write(prompt, "ask") for prompt in prompts)

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        """Write each yes-or-no prompt."""
        for prompt in prompts:
            reply = self._write(prompt, "decide")
            yield Decision(prompt=prompt, finish_reason=reply.finish_reason, error=reply.error)

    def close(self) -> None:
        """Close the file that is open."""
        self._files.close()

    def _write(self, prompt: Prompt, how: How) -> Reply:
        if prompt.kind == "feature":
            self._without_features = True
        elif self._without_features and prompt.kind == "intentions":
            return Reply(prompt=prompt, finish_reason="skipped", error="not written: its features come first")
        try:
            body = wire.request_body(
                prompt, self._model, self._pictures, manner=wire.Manner(), decide=how == "decide"
            )
        except OSError as error:
            return Reply(prompt=prompt, finish_reason="error", error=f"a picture cannot be read: {error}")
        request = {
            "custom_id": key_maker(self.name, how)(prompt).hex(),
            "method": "POST",
            "url": _URL,
            "body": msgspec.Raw(body),
        }
        name = self._files.add(msgspec.json.encode(request) + b"\n")
        self.written += 1
        return Reply(prompt=prompt, finish_reason="waiting", error=f"{WAITING}{name}")


class _Files:
    """Write lines into numbered files, a new one where the last would be too large."""

    def __init__(self, folder: Path, max_lines: int, max_bytes: int) -> None:
        self._folder = folder
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._file: Any = None
        self._lines = self._bytes = 0

    def add(self, line: bytes) -> str:
        """Write a line at once and return the name of its file."""
        full = self._lines >= self._max_lines or self._bytes + len(line) > self._max_bytes
        try:
            if self._file is None or full:
                self._next()
            self._file.write(line)
        except OSError as error:
            raise WorkspaceError(
                f"{self._folder} cannot be written: {error.strerror or error}",
                hint="Free some disk space; what was written is kept, and the same command goes on.",
            ) from error
        self._lines += 1
        self._bytes += len(line)
        return Path(self._file.name).name

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _next(self) -> None:
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        taken = [int(p.stem[9:]) for p in self._folder.glob("requests-*.jsonl") if p.stem[9:].isdigit()]
        path = self._folder / f"requests-{max(taken, default=0) + 1:04d}.jsonl"
        self._file = path.open("xb", buffering=0)
        self._lines = self._bytes = 0


class _Response(msgspec.Struct):
    status_code: int = 200
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Result(msgspec.Struct):
    custom_id: str
    response: _Response | None = None
    error: Any = None


_result = msgspec.json.Decoder(_Result).decode


class Read(msgspec.Struct, frozen=True):
    """Say what became of the lines of results."""

    counts: dict[str, int]
    #: One line for each that could not be read: "file:line: why".
    bad: list[str]


def open_batch(settings: Settings) -> BatchWriter:
    """Open the folder that the settings name; the model must be named as it will be later."""
    if not settings.batch or not settings.model:
        raise SettingsError(
            "The engine `batch` needs a folder and the model's name.",
            hint="mindgraph batch write FOLDER --model NAME",
        )
    pictures = wire.Pictures(settings.pictures)
    return BatchWriter(Path(settings.batch), settings.model, revision=settings.revision, pictures=pictures)


def read_results(replies: Replies, paths: Iterable[Path]) -> Read:
    """Take results into the ledger: "new", "repeated", "failed", "unknown" and "bad" lines are counted.

    What failed is written again by the next `batch write`. Raises CatalogError for a file that cannot be
    opened.
    """
    counts: Counter[str] = Counter()
    bad: list[str] = []
    for path in paths:
        for number, chunk in _chunks(path):
            for place, (outcome, why) in enumerate(_taken(replies, chunk), start=number):
                counts[outcome] += 1
                if why:
                    bad.append(f"{path}:{place}: {why}")
    return Read(dict(counts), bad)


def count_waiting(replies: Replies) -> int:
    """Return how many requests wait for their results."""
    rows = replies.select("SELECT count(*) AS n FROM ledger WHERE error LIKE ?", [f"{WAITING}%"])
    return int(rows[0]["n"])


def _chunks(path: Path) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the number of the first line and some lines."""
    try:
        with path.open("rb") as file:
            number, chunk = 1, list[bytes]()
            for line in file:
                chunk.append(line)
                if len(chunk) == CHUNK:
                    yield number, chunk
                    number, chunk = number + CHUNK, []
            yield number, chunk
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror or error}") from error


def _taken(replies: Replies, lines: list[bytes]) -> Iterator[tuple[str, str]]:
    """Store what some lines hold, in one commit, and say of each what became of it."""
    parsed = [_parsed(line) for line in lines]
    asked = replies.asked([one.custom_id for one in parsed if isinstance(one, _Result)])
    answers: list[tuple[bytes, Reply]] = []
    seen: set[str] = set()
    outcomes = []
    for one in parsed:
        if not isinstance(one, _Result):
            outcomes.append(("bad" if one else "blank", one))
        elif one.custom_id not in asked:
            outcomes.append(("unknown", f"{one.custom_id!r} was not asked from this workspace"))
        elif asked[one.custom_id].answered or one.custom_id in seen:
            outcomes.append(("repeated", ""))
        else:
            reply = _reply(one, asked[one.custom_id].prompt, asked[one.custom_id].how)
            answers.append((bytes.fromhex(one.custom_id), reply))
            if reply.error is None:
                seen.add(one.custom_id)
            outcomes.append(("failed" if reply.error else "new", ""))
    replies.answer(answers)
    yield from outcomes


def _parsed(line: bytes) -> _Result | str:
    if not line.strip():
        return ""
    try:
        return _result(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"not a result of a batch: {error}"


def _reply(result: _Result, prompt: Prompt, how: How) -> Reply:
    """Return the answer of a result, or the error that it holds."""
    response = result.response
    if result.error or response is None or response.status_code != 200:
        body = bytes(response.body) if response else b""
        said = msgspec.json.encode(result.error) if result.error else body
        return Reply(prompt=prompt, finish_reason="error", error=f"the batch failed: {_short(said)}")
    try:
        completion = wire.decode_completion(response.body)
        if not completion.choices:
            raise msgspec.DecodeError("it holds no choice")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Reply(
            prompt=prompt,
            text=_short(bytes(response.body), 4000),
            finish_reason="error",
            error=f"the answer cannot be read: {error}",
        )
    if how == "decide":
        return wire.decision_of(prompt, completion, 0.0)
    return wire.reply_of(prompt, completion, 0.0)


def _short(said: bytes, most: int = 300) -> str:
    return " ".join(said.decode("utf-8", "replace").split())[:most]
