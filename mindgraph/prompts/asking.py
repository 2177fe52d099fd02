"""How a question is put together, in the order that lets a server keep what it has read.

System text, picture a, picture b, titles and data, notes; what differs between the questions about
one co-buy (relations, the intention to judge) comes last. All that comes before is the same for
them, so a serving engine reads it once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from mindgraph.errors import SettingsError
from mindgraph.messages import Decoding, Picture, Prompt
from mindgraph.prompts.answers import because_schema, feature_schema, intentions_schema
from mindgraph.prompts.fence import LIMITS, Shown, cut, fenced
from mindgraph.prompts.wording import Wording, wording
from mindgraph.records import Generator, content_id
from mindgraph.relations import BY_NAME, DEFAULT_RELATIONS, GROUPS, canonical_relation
from mindgraph.settings import Settings

#: Names of languages as the prompts say them; another one is named by its code.
LANGUAGES = {
    "de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese",
    "sv": "Swedish", "tr": "Turkish", "zh": "Chinese",
}  # fmt: skip
#: Tokens for an answer of one word: enough for a mark or a space before it.
_ONE_WORD = 5


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is shown of one co-buy."""

    cobuy: str
    a: Shown
    b: Shown
    notes_a: str = ""
    notes_b: str = ""
    pictures: tuple[Picture, ...] = ()
    #: Which sentence says what the pictures show: both, stacked, only-a, only-b, neither.
    arrangement: str = "neither"


class Asker:
    """Make the prompts of all three steps, worded and decoded as the settings say."""

    def __init__(self, settings: Settings) -> None:
        self.words: Wording = wording(settings.prompts)
        self.settings = settings
        self.paragraph = settings.style == "paragraph"
        self.groups = relation_groups(settings.relations, settings.calls)
        self.language = LANGUAGES.get(settings.lang.split("-")[0].lower(), settings.lang)
        self._questions = [self._question(group) for group in self.groups]
        self._systems = {k: self.words.text(f"{k}.system") for k in ("feature", "intentions", "verdict")}
        self._versions = {kind: self.words.version(kind) for kind in self._systems}

    def generator(self, model: str, *steps: str) -> Generator:
        """Return who speaks when a model is asked so; `model` may carry its revision after an @."""
        name, _, revision = model.partition("@")
        settings = self.settings
        parameters = {
            "images": settings.images,
            "lang": settings.lang,
            "max_tokens": settings.max_tokens,
            "seed": settings.seed,
            "style": settings.style,
            "temperature": settings.temperature,
            "thumbnail": settings.thumbnail,
            **({"calls": self.groups} if "intentions" in steps else {}),
        }
        text = msgspec.json.encode(parameters, order="sorted").decode()
        version = self.words.version(*steps)
        return Generator(
            id=content_id("generator", "model", name, revision, text, version),
            model=name,
            revision=revision,
            parameters=text,
            prompt_version=version,
        )

    def feature(self, product: str, shown: Shown, picture: Picture | None) -> Prompt:
        """Ask what there is to say about one product (step 1)."""
        template = self.words["feature.paragraph" if self.paragraph else "feature.question"]
        sentence = self.words.text("shown.one" if picture else "shown.none")
        text = template.fill(pictures=sentence, product=shown.data, language=self.language)
        return Prompt(
            kind="feature",
            item=product,
            version=self._versions["feature"],
            system=self._systems["feature"],
            content=(picture, text) if picture else (text,),
            schema=None if self.paragraph else feature_schema(),
            decoding=self._decoding(),
        )

    def intentions(self, pair: Pair) -> Iterator[Prompt]:
        """Ask why two products were bought together (step 2): each group of relations, each sample."""
        head: tuple[str | Picture, ...] = (*pair.pictures, self._head(pair))
        for sample in range(self.settings.samples):
            for group, question in zip(self.groups, self._questions, strict=True):
                yield Prompt(
                    kind="intentions",
                    item=pair.cobuy,
                    relations=group,
                    sample=sample,
                    version=self._versions["intentions"],
                    system=self._systems["intentions"],
                    content=(*head, question),
                    schema=None if self.paragraph else intentions_schema(group),
                    decoding=self._decoding(sample),
                )

    def verdicts(self, pair: Pair, intentions: Sequence[tuple[str, str]]) -> Iterator[Prompt]:
        """Ask a shopper about intentions of one co-buy, each a relation and a text (step 3)."""
        template = "verdict.paragraph" if self.paragraph else "verdict.question"
        tokens = self.settings.max_tokens if self.paragraph else _ONE_WORD
        yield from self._judging("verdict", template, pair, intentions, tokens=tokens)

    def reasons(self, pair: Pair, intentions: Sequence[tuple[str, str]]) -> Iterator[Prompt]:
        """Ask a shopper for verdicts with their reasons."""
        yield from self._judging("reason", "verdict.because", pair, intentions, schema=because_schema())

    def _judging(
        self,
        kind: str,
        template: str,
        pair: Pair,
        intentions: Sequence[tuple[str, str]],
        *,
        tokens: int | None = None,
        schema: dict[str, Any] | None = None,
    ) -> Iterator[Prompt]:
        head: tuple[str | Picture, ...] = (*pair.pictures, self._head(pair))
        for relation, text in intentions:
            reason = fenced(f"{BY_NAME[relation].phrase} {text}".strip())
            yield Prompt(
                kind=kind,
                item=verdict_item(pair.cobuy, relation, text),
                relations=(relation,),
                version=self._versions["verdict"],
                system=self._systems["verdict"],
                content=(*head, self.words[template].fill(reason=reason, language=self.language)),
                schema=schema,
                decoding=Decoding(
                    temperature=self.settings.temperature if self.paragraph or schema else 0.0,
                    max_tokens=tokens or self.settings.max_tokens,
                    seed=self.settings.seed,
                ),
            )

    def _head(self, pair: Pair) -> str:
        return self.words["shown.pair"].fill(
            pictures=self.words.text(f"shown.{pair.arrangement}"),
            product_a=pair.a.data,
            product_b=pair.b.data,
            notes_a=fenced(cut(pair.notes_a, LIMITS["notes"])),
            notes_b=fenced(cut(pair.notes_b, LIMITS["notes"])),
        )

    def _question(self, group: Sequence[str]) -> str:
        if self.paragraph:
            name = "intentions.paragraph" if BY_NAME[group[0]].phrase else "intentions.paragraph-free"
            return self.words[name].fill(phrase=BY_NAME[group[0]].phrase, language=self.language)
        beginnings = "\n".join(
            self.words["intentions.beginning" if BY_NAME[name].phrase else "intentions.free"].fill(
                name=name, phrase=BY_NAME[name].phrase
            )
            for name in group
        )
        names = ", ".join(f'"{name}"' for name in group)
        return self.words["intentions.question"].fill(
            beginnings=beginnings, names=names, language=self.language
        )

    def _decoding(self, sample: int = 0) -> Decoding:
        settings = self.settings
        return Decoding(
            temperature=settings.temperature, max_tokens=settings.max_tokens, seed=settings.seed + sample
        )


def relation_groups(relations: Sequence[str], calls: str) -> tuple[tuple[str, ...], ...]:
    """Return the relations of each call: those of one group together, or each alone.

    No relations named means all that are asked by default; names are read in any spelling. The
    order is that of `RELATIONS`. Raises SettingsError for a relation that there is not.
    """
    wanted = {_known_relation(name) for name in relations} or set(DEFAULT_RELATIONS)
    asked = [name for name in BY_NAME if name in wanted]
    if calls == "per-relation":
        return tuple((name,) for name in asked)
    grouped = (tuple(n for n in asked if BY_NAME[n].group == group) for group in GROUPS)
    return tuple(group for group in grouped if group)


def _known_relation(name: str) -> str:
    known = canonical_relation(name)
    if known is None:
        near = difflib.get_close_matches(name.lower(), [n.lower() for n in BY_NAME], n=1)
        hint = f"Did you mean {canonical_relation(near[0])}?" if near else f"There are: {', '.join(BY_NAME)}."
        raise SettingsError(f"There is no relation {name!r}.", hint=hint)
    return known


def verdict_item(cobuy: str, relation: str, text: str) -> str:
    """Return the id under which a verdict is recorded; a reworded prompt does not change it."""
    return content_id("verdict", cobuy, relation, text)
