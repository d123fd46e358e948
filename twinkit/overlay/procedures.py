"""Operations read as a noun and a verb: `CreateQueue`, `users.info`, `/user/list`, `create-billing-group`.

Imports: places, words.
"""

from __future__ import annotations

from dataclasses import dataclass

from twinkit.overlay.places import HOLE, Op
from twinkit.overlay.words import (
    COUNT,
    CREATE,
    DELETE,
    LIST,
    READ,
    SEARCH,
    UPDATE,
    is_plural,
    is_verb,
    norm,
    noun,
    singular,
    split,
)

CLASSES = (
    ("list", LIST),
    ("count", COUNT),
    ("retrieve", READ),
    ("search", SEARCH),
    ("create", CREATE),
    ("delete", DELETE),
    ("update", UPDATE),
)
KNOWN = CREATE | READ | LIST | UPDATE | DELETE
_PLACES = ("by", "for", "with", "from", "in", "on", "of")
"""Words after which a name no longer says what it is about: `getUserByName`."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """An operation read as a noun and a verb."""

    op: Op
    noun: str
    verb: str
    kind: str
    loud: bool = True
    """Whether the name is surely that of a procedure: `users.info`, `CreateQueue`; `get-user` may be a thing."""

    @property
    def reads_many(self) -> bool:
        """Whether it is a list by its noun alone: `GetAccountSettings` may show one thing."""
        return self.kind == "list" and bool(set(split(self.verb)[:1]) & READ)


def _kind(verb: str) -> str:
    if norm(verb) in ("getlist", "getall", "listall"):
        return "list"
    words = set(split(verb)[:1])
    return next((kind for kind, words_ in CLASSES if words & words_), "action")


def dotted(op: Op) -> bool:
    """Whether a path ends in `noun.verb`."""
    return "." in (op.key[-1] if op.key else "") and HOLE not in op.key


def read(op: Op) -> Procedure | None:
    """The noun and verb of a path without parameters, or None when it names a thing."""
    if HOLE in op.key or not op.key or op.verb is not None:
        return None
    last = op.key[-1]
    if "." in last and not last.startswith("v"):
        head, _, verb = last.rpartition(".")
        return Procedure(op, noun(head.rpartition(".")[2]), verb, _kind(verb)) if head and verb else None
    words = split(last)
    if len(op.key) >= 2 and len(words) == 1 and words[0] in KNOWN and op.method in ("get", "post"):
        return Procedure(op, noun(op.key[-2]), last, _kind(last))
    if len(words) < 2 or not (words[0] in KNOWN | SEARCH or is_verb(words[0])):
        return None
    return _joined(op, words, last)


def _joined(op: Op, words: tuple[str, ...], last: str) -> Procedure | None:
    """`GetUsers`, `getUserByName`, `get_all_users`: the verb comes first, the noun behind it."""
    verb, rest = words[0], list(words[1:])
    every = rest[0] == "all"
    rest = rest[1:] if every else rest
    end = next((place for place, word in enumerate(rest) if word in _PLACES), len(rest))
    about = rest[:end]
    loud = last[:1].isupper() and verb in KNOWN | SEARCH
    if not about:
        if len(op.key) < 2 or verb not in KNOWN:
            return None
        about, every = list(split(op.key[-2])), every or verb in LIST
        loud = False
    many = every or singular(about[-1]) != about[-1] or is_plural(about[-1])
    named = noun("_".join(about))
    return Procedure(op, named, verb, "list" if verb in READ and many else _kind(verb), loud)
