"""Read-only, proven before a statement runs: what may stand in a question that somebody wrote.

A statement is cut into tokens, so that what stands in a string, in backticks or in a comment is not
mistaken for a clause. Then it must keep to what is known to be harmless: clauses that read, functions
and procedures of the lists below. What is not known is refused; nothing is tried out.

The store that runs the statement is opened so that it cannot write either; this is the door before
that one, and the only one that keeps a statement away from files and the network.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mindgraph.errors import StoreError


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: The words a question begins with.
BEGINNINGS = frozenset({"MATCH", "OPTIONAL", "RETURN", "WITH", "UNWIND", "CALL"})

#: Words that write, run something else, or reach outside. As names they need backticks.
FORBIDDEN = _words(
    """ALTER BACKUP CREATE DEALLOCATE DEFINE DELETE DENY DETACH DROP DRYRUN ENABLE EXPLAIN EXPORT FOREACH
    GRANT IMPORT INSERT LOAD MERGE NODETACH PROFILE REALLOCATE REMOVE RENAME REVOKE SET SHOW START STOP
    TERMINATE TRANSACTION TRANSACTIONS TRUNCATE UPDATE USE"""
)

#: Words that may stand before a parenthesis without being a function.
KEYWORDS = _words(
    """ALL AND AS ASC ASCENDING BY CALL CASE CONTAINS DESC DESCENDING DISTINCT ELSE END ENDS IN IS LIMIT MATCH
    NOT OFFSET ON OPTIONAL OR ORDER RETURN SKIP THEN UNION UNWIND WHEN WHERE WITH XOR YIELD"""
)

FUNCTIONS = _words(
    """abs all acos allshortestpaths any asin atan atan2 avg btrim cbrt ceil ceiling char_length
    character_length coalesce collect cos cosh cot coth count date datetime degrees duration e elementid
    endnode exists exp floor haversin head id isempty isnan keys labels last left length log log10 lower
    ltrim max min nodes none normalize nullif percentilecont percentiledisc pi point properties radians
    rand randomuuid range reduce relationships replace reverse right round rtrim shortestpath sign sin
    single sinh size split sqrt startnode stdev stdevp substring sum tail tan tanh timestamp toboolean
    tobooleanlist tobooleanornull tofloat tofloatlist tofloatornull tointeger tointegerlist
    tointegerornull tolower tostring tostringlist tostringornull toupper trim type upper valuetype
    date.truncate datetime.truncate duration.between duration.indays duration.inmonths
    duration.inseconds vector.similarity.cosine vector.similarity.euclidean"""
)

PROCEDURES = _words(
    """db.labels db.relationshiptypes db.propertykeys db.schema.visualization db.index.fulltext.querynodes
    db.index.fulltext.queryrelationships db.index.vector.querynodes"""
)

#: A number or a numbered parameter must end where its digits end: `1LOAD` is not a name.
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<comment> //[^\n\r]* | /\*.*?\*/ )
    | (?P<string> '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" )
    | (?P<quoted> `(?:[^`]|``)*` )
    | (?P<parameter> \$(?: [^\W\d]\w* | [0-9]+(?!\w) | `(?:[^`]|``)*` ) )
    | (?P<number> (?: 0x[0-9a-fA-F]+ | 0o[0-7]+ | [0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)? ) (?!\w) )
    | (?P<word> [^\W\d]\w* )
    | (?P<mark> (?!/\*) [-+*/%^=<>!.,:;|&(){}\[\]?~$] )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """Be a piece of a statement: its kind, its text and where it begins."""

    kind: str
    text: str
    start: int

    @property
    def name(self) -> str:
        """Return the token as a name that can be compared: without backticks, in lower case."""
        plain = self.text[1:-1].replace("``", "`") if self.kind == "quoted" else self.text
        return unicodedata.normalize("NFKC", plain).upper().lower()


@dataclass(frozen=True)
class Question:
    """Hold a statement that may run, and the names of the parameters it needs."""

    statement: str
    parameters: tuple[str, ...]


def read_only(statement: str) -> Question:
    """Return the statement, its comments blanked, and what it needs; raise StoreError if it may not run."""
    tokens = list(_tokens(statement))
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    _check_beginning(statement, tokens)
    for position, token in enumerate(tokens):
        _check_clause(statement, tokens, position)
        if token.text == "(":
            _check_call(statement, tokens, position)
        elif _is_call(tokens, position):
            _check_procedure(statement, tokens, position)
    needed = {token.text[1:].strip("`"): None for token in tokens if token.kind == "parameter"}
    return Question(_without_comments(statement, tokens), tuple(needed))


def bound(question: Question, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a question needs; raise StoreError that names those that are missing."""
    missing = [name for name in question.parameters if name not in values]
    if missing:
        raise StoreError(
            f"The statement needs {', '.join(f'${name}' for name in missing)}.",
            hint=f"Give it a value: -p {missing[0]}=VALUE",
        )
    return {name: values[name] for name in question.parameters}


def spelled_out(statement: str, values: Mapping[str, Any]) -> str:
    """Return a statement with its parameters written out, for where none can be set; texts stay texts."""
    out, end = [], 0
    for token in _tokens(statement):
        text = token.text
        if token.kind == "parameter" and text[1:].strip("`") in values:
            text = literal(values[text[1:].strip("`")])
        out += [statement[end : token.start], text]
        end = token.start + len(token.text)
    return "".join([*out, statement[end:]])


def literal(value: Any) -> str:
    """Return a text, number, list or null as Cypher reads it; JSON's escapes are Cypher's."""
    return json.dumps(value, ensure_ascii=False)


def pointed(statement: str, offset: int) -> str:
    """Return "line L, column C" of a place, and below it the line with a caret under the place."""
    before = statement[:offset]
    line, column = before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
    text = statement.split("\n")[line - 1].rstrip("\r")
    return f"line {line}, column {column}\n  {text}\n  {_blank(text[: column - 1])}^"


def _tokens(statement: str) -> Iterator[Token]:
    position = 0
    while position < len(statement):
        found = _TOKEN.match(statement, position)
        if found is None:
            raise _refused(statement, position, f"cannot be read: {statement[position]!r}")
        if found.lastgroup not in ("space", "comment"):
            yield Token(str(found.lastgroup), found.group(), position)
        position = found.end()


def _check_beginning(statement: str, tokens: Sequence[Token]) -> None:
    if not tokens:
        raise StoreError("The statement is empty.", hint="`mindgraph queries` lists the named ones.")
    first = tokens[0]
    if first.kind != "word" or first.name.upper() not in BEGINNINGS:
        raise _refused(statement, first.start, f"a question does not begin with {first.text}")


def _check_clause(statement: str, tokens: Sequence[Token], position: int) -> None:
    token = tokens[position]
    if token.text == ";":
        raise _refused(statement, token.start, "only one statement is run at a time")
    if token.kind == "word" and token.name.upper() in FORBIDDEN and not _is_name(tokens, position):
        raise _refused(statement, token.start, f"{token.name.upper()} is not for questions")


def _is_name(tokens: Sequence[Token], position: int) -> bool:
    """Say whether a word names a property, label or type, for it follows a dot or a colon."""
    if position == 0 or tokens[position - 1].text not in (".", ":"):
        return False
    if tokens[position - 1].text == ":":
        return True
    owner = tokens[position - 2] if position > 1 else None
    return owner is not None and (owner.text in (")", "]", "}") or owner.kind not in ("mark", "number"))


def _check_call(statement: str, tokens: Sequence[Token], position: int) -> None:
    """Refuse a parenthesis that calls a function which is not on the list."""
    first, name = _dotted(tokens, position)
    is_word = tokens[first].kind == "word"
    if not name or name in FUNCTIONS or (is_word and name.upper() in KEYWORDS):
        return
    if _is_call(tokens, first - 1):
        return
    near = difflib.get_close_matches(name, FUNCTIONS, n=1, cutoff=0.75)
    raise _refused(
        statement,
        tokens[first].start,
        f"the function {name}() is not known or not allowed",
        f"Did you mean {near[0]}()?" if near else "The functions of plain Cypher may be used.",
    )


def _check_procedure(statement: str, tokens: Sequence[Token], position: int) -> None:
    """Refuse CALL of anything but a subquery or a procedure of the list."""
    following = tokens[position + 1 :]
    if following and following[0].text in ("(", "{"):
        return
    opening = next((i for i, token in enumerate(following) if token.text == "("), len(following))
    name = "".join(token.name for token in following[:opening])
    if name not in PROCEDURES:
        raise _refused(
            statement,
            tokens[position].start,
            "this procedure is not allowed",
            f"Allowed are {', '.join(sorted(PROCEDURES))}, with their parentheses.",
        )


def _is_call(tokens: Sequence[Token], position: int) -> bool:
    """Say whether a token is the clause CALL."""
    if position < 0 or tokens[position].kind != "word" or tokens[position].name != "call":
        return False
    return not _is_name(tokens, position)


def _dotted(tokens: Sequence[Token], position: int) -> tuple[int, str]:
    """Return where the dotted name before a parenthesis begins, and the name; "" where there is none."""
    first = position
    while first > 0 and tokens[first - 1].kind in ("word", "quoted"):
        first -= 1
        if first == 0 or tokens[first - 1].text != ".":
            break
        first -= 1
    return first, "".join(token.name for token in tokens[first:position])


def _without_comments(statement: str, tokens: Sequence[Token]) -> str:
    """Return the tokens at their places with white space between, so that positions stay true."""
    out: list[str] = []
    end = 0
    for token in tokens:
        out += [_blank(statement[end : token.start]), token.text]
        end = token.start + len(token.text)
    return "".join(out)


def _blank(text: str) -> str:
    return "".join(mark if mark in "\n\r\t" else " " for mark in text)


def _refused(statement: str, offset: int, why: str, hint: str | None = None) -> StoreError:
    return StoreError(
        f"Refused, {why}: {pointed(statement, offset)}",
        hint=hint
        or "Questions only read: MATCH, WITH, UNWIND, CALL, RETURN. A name can be put in `backticks`.",
    )
