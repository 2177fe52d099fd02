"""Asking by files: what is written, what comes back, and that nothing is lost or paid twice."""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mindgraph.cli import cli
from mindgraph.errors import CatalogError, SettingsError
from mindgraph.lvlm import open_lvlm
from mindgraph.lvlm.batch import BatchWriter, count_waiting, read_results
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.lvlm.recorded import Header, Recorded
from mindgraph.lvlm.replies import Replies
from mindgraph.messages import Prompt
from mindgraph.settings import Settings
from tests.questions import intention, intentions, picture, verdicts
from tests.stub_server import StubServer

Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "replies.sqlite"


def write(ledger: Path, folder: Path, count: int = 4, **options: Any) -> BatchWriter:
    """Write intentions and verdicts as requests."""
    writer = BatchWriter(folder, "m", **options)
    ledgered = Ledgered(writer, ledger)
    list(ledgered.ask(intentions(count)))
    list(ledgered.decide(verdicts(count)))
    ledgered.close()
    return writer


def requests(folder: Path) -> list[dict[str, Any]]:
    """Every request in a folder."""
    paths = sorted(folder.glob("requests-*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def answered(folder: Path, change: Change | None = None) -> Path:
    """Put every request to a local server, and write its answers as a service does, in another order."""
    lines = []
    with StubServer() as server:
        for request in requests(folder):
            address = server.base_url.removesuffix("/v1") + request["url"]
            asked = urllib.request.Request(address, json.dumps(request["body"]).encode())
            with urllib.request.urlopen(asked) as came:
                body = json.loads(came.read())
            response = {"status_code": came.status, "request_id": "r", "body": body}
            result = {"id": "x", "custom_id": request["custom_id"], "response": response, "error": None}
            lines.append(json.dumps(change(result) if change else result))
    random.Random(0).shuffle(lines)
    path = folder / "results.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def read(ledger: Path, *paths: Path) -> tuple[dict[str, int], list[str]]:
    replies = Replies(ledger)
    found = read_results(replies, paths)
    replies.close()
    return found.counts, found.bad


def asked_again(ledger: Path) -> tuple[list[Any], list[Any], int]:
    """What the same questions find in the ledger, and how many are asked."""
    ledgered = Ledgered(Recorded(Header(model="m"), []), ledger)
    texts = [reply.text for reply in ledgered.ask(intentions(4))]
    chances = [one.p_yes for one in ledgered.decide(verdicts(4))]
    ledgered.close()
    return texts, chances, ledgered.asked


def test_results_in_another_order_answer_every_question(ledger: Path, tmp_path: Path) -> None:
    """After reading, the same questions are answered from the ledger, with texts and probabilities."""
    assert write(ledger, tmp_path / "out").written == 8
    assert read(ledger, answered(tmp_path / "out")) == ({"new": 8}, [])
    texts, chances, asked = asked_again(ledger)
    assert asked == 0
    assert all("usedFor" in json.loads(text) for text in texts)
    assert all(chance == pytest.approx(0.865, abs=0.001) for chance in chances)


def test_what_waits_is_not_written_twice(ledger: Path, tmp_path: Path) -> None:
    """A second writing before the results writes nothing; one that asks more writes what is new."""
    write(ledger, tmp_path / "out")
    assert write(ledger, tmp_path / "out").written == 0
    assert write(ledger, tmp_path / "out", count=6).written == 4
    assert len({request["custom_id"] for request in requests(tmp_path / "out")}) == 12


def test_results_may_come_in_part_and_twice(ledger: Path, tmp_path: Path) -> None:
    """Part of the results is taken, the rest waits; what was read before stays as it is."""
    write(ledger, tmp_path / "out")
    path = answered(tmp_path / "out")
    lines = path.read_text().splitlines()
    part = tmp_path / "part.jsonl"
    part.write_text("\n".join([*lines[:3], *lines[:3]]))
    assert read(ledger, part) == ({"new": 3, "repeated": 3}, [])
    replies = Replies(ledger)
    assert count_waiting(replies) == 5
    replies.close()
    assert read(ledger, path, path) == ({"new": 5, "repeated": 11}, [])


def test_what_failed_is_written_again(ledger: Path, tmp_path: Path) -> None:
    """A request that the service failed is kept with the service's words, and written anew."""
    write(ledger, tmp_path / "out")
    broken = iter(["status", "error", "body", "choice"])

    def fail(result: dict[str, Any]) -> dict[str, Any]:
        how = next(broken, "")
        if how == "status":
            result["response"] = {"status_code": 500, "body": {"error": {"message": "out of memory"}}}
        elif how == "error":
            result |= {"response": None, "error": {"code": "expired", "message": "too late"}}
        elif how == "body":
            result["response"]["body"] = {"nothing": "known"}
        elif how == "choice":
            result["response"]["body"]["choices"] = []
        return result

    assert read(ledger, answered(tmp_path / "out", fail)) == ({"failed": 4, "new": 4}, [])
    replies = Replies(ledger)
    errors = [row["error"] for row in replies.rows("error IS NOT NULL")]
    replies.close()
    assert any("out of memory" in error for error in errors)
    assert any("too late" in error for error in errors)
    assert write(ledger, tmp_path / "again").written == 4


def test_bad_lines_are_named_and_the_rest_is_read(ledger: Path, tmp_path: Path) -> None:
    """Torn, foreign and unknown lines are told with file and line; nothing else suffers."""
    write(ledger, tmp_path / "out")
    path = answered(tmp_path / "out")
    odd = ['{"custom_id": "torn', "", "not json", '{"custom_id": "nobody"}', f'{{"custom_id": "{"0" * 32}"}}']
    path.write_bytes("\n".join([*odd, path.read_text()]).encode() + b"\xff\xfe\n")
    counts, bad = read(ledger, path)
    assert counts["new"] == 8
    assert (counts["bad"], counts["unknown"]) == (3, 2)
    assert [line.split(":")[1] for line in bad] == ["1", "3", "4", "5", str(len(odd) + 9)]
    assert all(line.startswith(str(path)) and "\n" not in line for line in bad)


def test_files_are_split(ledger: Path, tmp_path: Path) -> None:
    """No file holds more lines or bytes than a service takes, and files that are there are left alone."""
    write(ledger, tmp_path / "lines", max_lines=3)
    sizes = [len(p.read_text().splitlines()) for p in sorted((tmp_path / "lines").glob("*.jsonl"))]
    assert sizes == [3, 3, 2]
    other = tmp_path / "other.sqlite"
    write(other, tmp_path / "lines", max_bytes=2000)
    fresh = sorted((tmp_path / "lines").glob("*.jsonl"))[3:]
    assert len(fresh) > 1
    assert all(path.stat().st_size <= 2000 for path in fresh)


def test_intentions_wait_for_the_features_that_they_quote(ledger: Path, tmp_path: Path) -> None:
    """While a product's features are on their way, intentions are neither written nor kept as failures."""
    writer = BatchWriter(tmp_path / "out", "m")
    ledgered = Ledgered(writer, ledger)
    feature = Prompt(kind="feature", item="lamp", content=("a lamp",))
    list(ledgered.ask([feature]))
    replies = list(ledgered.ask(intentions(3)))
    assert {reply.finish_reason for reply in replies} == {"skipped"}
    assert (writer.written, ledgered.replies.count()) == (1, 1)


def test_pictures_and_a_missing_one(ledger: Path, tmp_path: Path) -> None:
    """Pictures stand in the request; one that cannot be read is that item's error."""
    shown, gone = picture(tmp_path, "a"), picture(tmp_path, "gone")
    Path(gone.path).unlink()
    ledgered = Ledgered(BatchWriter(tmp_path / "out", "m"), ledger)
    asked = [intention(0, content=(shown, "?")), intention(1, content=(gone, "?"))]
    errors = {reply.prompt.item: str(reply.error) for reply in ledgered.ask(asked)}
    assert "gone.jpg" in errors["cobuy-1"]
    (request,) = requests(tmp_path / "out")
    assert request["body"]["messages"][1]["content"][0]["image_url"]["url"].startswith("data:image/jpeg")


def test_a_missing_file_and_a_missing_model_are_told(ledger: Path, tmp_path: Path) -> None:
    """Each names what is missing."""
    with pytest.raises(CatalogError, match=r"nowhere\.jsonl"):
        read(ledger, tmp_path / "nowhere.jsonl")
    with pytest.raises(SettingsError, match="model's name"):
        open_lvlm(Settings(engine="batch", batch=str(tmp_path)))


# the whole path, from the command line


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    """A workspace with three products and two co-buys."""
    (tmp_path / "products.csv").write_text("id,title\nlamp,Camping lamp\ntent,Tent for two\nmat,Mat\n")
    (tmp_path / "cobuys.csv").write_text("product_a,product_b\nlamp,tent\nmat,tent\n")
    folder = tmp_path / "shop"
    files = [str(tmp_path / "products.csv"), str(tmp_path / "cobuys.csv")]
    assert CliRunner().invoke(cli, ["-w", str(folder), "ingest", *files]).exit_code == 0
    yield folder


def run(shop: Path, *arguments: str | Path) -> Result:
    told = ["-w", str(shop), *map(str, arguments)]
    return CliRunner().invoke(cli, told, catch_exceptions=False)


def test_a_shop_is_distilled_by_files_alone(shop: Path, tmp_path: Path) -> None:
    """Writing and reading in turn asks features, intentions and verdicts, each once, and ends."""
    kinds = []
    for turn in range(6):
        folder = tmp_path / f"turn-{turn}"
        told = run(shop, "batch", "write", folder, "--model", "m")
        if "Nothing is left" in told.stderr:
            break
        kinds.append(len(requests(folder)))
        run(shop, "batch", "read", answered(folder))
    assert kinds[:2] == [3, 8]
    assert "Nothing is left" in told.stderr
    counts = json.loads(run(shop, "replies", "count", "--by", "kind", "--format", "json").stdout)
    assert {row["kind"] for row in counts} == {"feature", "intentions", "verdict"}
    assert [row["failed"] for row in counts] == [0, 0, 0]
