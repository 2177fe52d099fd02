"""Recorded answers to every question that the stages ask about the sample shop.

They are what `lvlm.recorded` replays. No model was asked: the answers were written by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from mindgraph.lvlm.recorded import Header, Line, write_cassette
from mindgraph.prompts import relation_groups, verdict_item
from mindgraph.prompts.answers import FeatureAnswer
from mindgraph.records import content_id
from mindgraph.relations import BY_NAME
from mindgraph.sample.texts import Broken, CoBought, Said, Shop, read_shop

#: Stands where a model's name stands: in the ledger, in every generator, in the graph.
MODEL = "sample-by-hand"
NOTE = "Written by hand for the sample shop. No model was asked."
#: As often an answer that cannot be read is asked for; after that it is given up.
_ATTEMPTS = 3


def write_answers(path: Path) -> int:
    """Write the answers as a cassette, and return how many there are."""
    return write_cassette(path, Header(model=MODEL, note=NOTE), answers(read_shop()))


def answers(shop: Shop) -> Iterator[Line]:
    """Yield the answers: one a product, one a co-buy and group of relations, two a verdict."""
    broken = {(one.of, one.group): one for one in shop.broken}
    for product, texts in shop.features.items():
        good = Line(kind="feature", item=product, text=_json(FeatureAnswer(*texts)))
        yield from _attempts(good, broken.get((product, "")))
    for cobuy in shop.cobuys:
        pair = f"{cobuy.a} + {cobuy.b}"
        for line in _intentions(cobuy):
            yield from _attempts(line, broken.get((pair, BY_NAME[line.relations[0]].group)))
        yield from _verdicts(cobuy)


def cobuy_id(cobuy: CoBought) -> str:
    """Return the id that the co-buy has in a workspace."""
    return content_id("cobuy", cobuy.a, cobuy.b)


def _intentions(cobuy: CoBought) -> Iterator[Line]:
    for group in relation_groups((), "grouped"):
        answer = {relation: _intention(cobuy.said.get(relation)) for relation in group}
        yield Line(kind="intentions", item=cobuy_id(cobuy), relations=group, text=_json(answer))


def _intention(said: Said | None) -> dict[str, str] | None:
    return None if said is None else {"phrase": said.phrase, "detail": said.detail}


def _verdicts(cobuy: CoBought) -> Iterator[Line]:
    for relation, said in cobuy.said.items():
        item = verdict_item(cobuy_id(cobuy), relation, said.phrase)
        relations = (relation,)
        if isinstance(said.shopper, float):
            yes = said.shopper >= 0.5
            word = "Yes" if yes else "No"
            yield Line(kind="verdict", item=item, relations=relations, text=word, p_yes=said.shopper)
            if said.reason:
                because = _json({"answer": word.lower(), "reason": said.reason})
                yield Line(kind="reason", item=item, relations=relations, text=because)
        elif said.shopper:
            yield Line(kind="verdict", item=item, relations=relations, text=said.shopper)


def _attempts(good: Line, broken: Broken | None) -> Iterator[Line]:
    """Yield what came before the good answer, then the good one where it came at all."""
    if broken is None:
        yield good
        return
    for attempt, text in enumerate(broken.texts):
        was_cut = broken.cut and attempt == len(broken.texts) - 1
        yield msgspec.structs.replace(
            good, attempt=attempt, text=text, finish_reason="length" if was_cut else "stop"
        )
    if len(broken.texts) < _ATTEMPTS:
        text = f"{broken.before}{good.text}{broken.after}"
        yield msgspec.structs.replace(good, attempt=len(broken.texts), text=text)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
