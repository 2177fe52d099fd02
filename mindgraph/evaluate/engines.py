"""IntentionQA put to a model: as the filter that it is, and as one who chooses among options.

A model is asked about each option by itself, yes or no, and the option with the highest probability of
yes is chosen: that needs no letters, which small models prefer by their place. An engine without
probabilities counts 1 for yes and 0 for no. Answers go through the ledger that the model stands behind.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from mindgraph.evaluate.intentionqa import Choose, Question
from mindgraph.lvlm.asking import ask_until_read
from mindgraph.lvlm.protocol import LVLM
from mindgraph.messages import Decision, Decoding, Prompt, Reply
from mindgraph.prompts import Asker, Pair, read_yes_no, show
from mindgraph.prompts.fence import cut, fenced
from mindgraph.records import content_id

#: A question and one of its options → the probability that it is right, or None where nothing was read.
Score = Callable[[Sequence[tuple[Question, str]]], list[float | None]]

_LEAD = "PersonX bought a product of Item A and a product of Item B"
_LONGEST = 300


def as_filter(lvlm: LVLM, asker: Asker) -> Score:
    """Return the score that the step `filter` gives: its own prompt, its own reading, without pictures."""

    def score(asked: Sequence[tuple[Question, str]]) -> list[float | None]:
        prompts = []
        for question, option in asked:
            a, b = (show(html.unescape(title)) for title in question.titles)
            pair = Pair(cobuy=content_id("cobuy", *question.pair), a=a, b=b)
            prompts += list(asker.verdicts(pair, [("open", plain(option))]))
        return _scores(lvlm, prompts)

    return score


def as_chooser(lvlm: LVLM, asker: Asker) -> Choose:
    """Return a chooser for tasks 1 and 2 that takes the option with the highest probability of yes.

    Options that get the same are settled by their order, and a question without any answer by the first.
    """
    words = asker.words
    version, system = words.version("choice"), words.text("choice.system")

    def prompts(question: Question, told: Sequence[str]) -> Iterable[Prompt]:
        texts = "\n".join(fenced(cut(text, _LONGEST)) for text in told)
        known = words["choice.known"].fill(texts=texts) if told else ""
        first = fenced(cut(html.unescape(question.titles[0]), _LONGEST))
        for option in question.options:
            if question.intention:
                text = words["choice.product"].fill(
                    product_a=first,
                    reason=fenced(plain(question.intention)),
                    known=known,
                    option=fenced(cut(html.unescape(option), _LONGEST)),
                )
            else:
                second = fenced(cut(html.unescape(question.titles[1]), _LONGEST))
                text = words["choice.intention"].fill(
                    product_a=first, product_b=second, known=known, option=fenced(plain(option))
                )
            yield Prompt(
                kind="choice",
                item=content_id("choice", *question.pair, question.intention, option, *told),
                version=version,
                system=system,
                content=(text,),
                decoding=Decoding(temperature=0.0, max_tokens=5, seed=asker.settings.seed),
            )

    def choose(questions: Sequence[Question], retrieved: Sequence[Sequence[str]]) -> list[int]:
        asked = [list(prompts(q, told)) for q, told in zip(questions, retrieved, strict=True)]
        scores = _scores(lvlm, [prompt for part in asked for prompt in part])
        chosen, at = [], 0
        for part in asked:
            given = [-1.0 if score is None else score for score in scores[at : at + len(part)]]
            chosen.append(int(np.argmax(given)))
            at += len(part)
        return chosen

    return choose


def plain(text: str) -> str:
    """Return a reason of the data set as a shopper would say it.

    >>> plain("PersonX bought a product of Item A and a product of Item B because they both can cut wood.")
    'they both can cut wood'
    """
    return text.removeprefix(_LEAD).strip().removeprefix("because").strip().rstrip(".")


def _scores(lvlm: LVLM, prompts: Sequence[Prompt]) -> list[float | None]:
    """Ask every prompt once and return the probability of yes, in the order of the prompts."""
    found: dict[str, float | None] = {}
    for outcome in ask_until_read(lvlm, prompts, _read, decide=True):
        found[outcome.prompt.item] = outcome.value
    return [found.get(prompt.item) for prompt in prompts]


def _read(reply: Reply) -> float:
    if isinstance(reply, Decision) and reply.p_yes is not None:
        return reply.p_yes
    return float(read_yes_no(reply.text))
