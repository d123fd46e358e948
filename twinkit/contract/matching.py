"""Text that matches a pattern: a bounded walk over the parsed regular expression. Imports: contract.formats, draws.

Look-around is not generated for; every candidate is tried against the pattern, and a few are made before giving up.
"""

from __future__ import annotations

import re
import string
import warnings
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parse  # type: ignore[attr-defined]
from typing import Any

from twinkit.contract import formats
from twinkit.contract.draws import Draw

_USUAL = string.ascii_lowercase + string.digits + string.ascii_uppercase + "-_. /:@+#,;=!()*&%$'\"?~[]{}<>|\\^`"
_CLASSES = {
    sre.CATEGORY_DIGIT: string.digits,
    sre.CATEGORY_WORD: string.ascii_lowercase + string.digits,
    sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_NOT_DIGIT: string.ascii_lowercase,
    sre.CATEGORY_NOT_WORD: "-. ",
    sre.CATEGORY_NOT_SPACE: string.ascii_lowercase + string.digits,
}
_PROPERTY = re.compile(r"\\[pP]\{(?:[^}]*[=:])?(\w+)\}")
_LETTERS = {"N": "0-9", "Nd": "0-9", "P": r"\-_.", "Z": " ", "S": "+", "Lu": "A-Z", "Ll": "a-z"}
_ATTEMPTS = 15
_LONGEST = 4000


def matching(source: str, draw: Draw, shortest: int = 0, longest: int | None = None) -> str | None:
    """A text that the pattern is found in, of a length between the two; None when none was found in a few tries."""
    tree = _tree(source)
    if tree is None:
        return None
    fits = formats.pattern(source)
    for attempt in range(_ATTEMPTS):
        walk = _Walk(draw, attempt, shortest)
        text = walk.sequence(tree)
        if len(text) < shortest or attempt > 2 * _ATTEMPTS // 3:
            walk = _Walk(draw, attempt, shortest)
            walk.stretch = max(shortest, 1)
            text = walk.sequence(tree)
        if longest is not None and len(text) > longest:
            walk = _Walk(draw, attempt, 0)
            walk.stretch = -1
            text = walk.sequence(tree)
        sized = shortest <= len(text) and (longest is None or len(text) <= longest)
        if sized and len(text) <= _LONGEST and (fits is None or fits(text)):
            return text
    return None


@lru_cache(maxsize=2048)
def _tree(source: str) -> Any:
    translated = _unicode_classes(formats.translate(source))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return sre_parse.parse(translated, re.ASCII)
    except (re.error, RecursionError, OverflowError, ValueError):
        return None


def _unicode_classes(source: str) -> str:
    """`\\p{…}` as a few plain characters of that class; inside brackets without brackets of its own."""
    out, end, inside = [], 0, False
    for match in _PROPERTY.finditer(source):
        before = source[end : match.start()]
        opened = before.replace(r"\[", "").replace(r"\]", "")
        if "[" in opened or "]" in opened:
            inside = opened.rfind("[") > opened.rfind("]")
        letters = _LETTERS.get(match[1]) or _LETTERS.get(match[1][:1]) or "A-Za-z"
        out.append(before + (letters if inside else f"[{letters}]"))
        end = match.end()
    return "".join(out) + source[end:]


class _Walk:
    """One text made from a parsed pattern."""

    def __init__(self, draw: Draw, attempt: int, shortest: int) -> None:
        self.draw = draw
        self.attempt = attempt
        self.shortest = shortest
        self.stretch = 0
        """How many repeats to add: -1 for as few as allowed."""
        self.groups: dict[int, str] = {}
        self.length = 0

    def sequence(self, tree: Any) -> str:
        return "".join([self.one(operator, argument) for operator, argument in tree])

    def one(self, operator: Any, argument: Any) -> str:
        """The text for one element of the pattern."""
        if operator is sre.LITERAL:
            text = chr(argument)
        elif operator is sre.IN:
            text = self.member(argument)
        elif operator is sre.NOT_LITERAL:
            text = self.draw.choice([c for c in _USUAL[:36] if ord(c) != argument])
        elif operator is sre.ANY:
            text = self.draw.choice(string.ascii_lowercase)
        elif operator in (sre.MAX_REPEAT, sre.MIN_REPEAT) or operator is getattr(sre, "POSSESSIVE_REPEAT", None):
            return self.repeat(*argument)
        elif operator is sre.SUBPATTERN:
            text = self.sequence(argument[-1])
            if argument[0] is not None:
                self.groups[argument[0]] = text
            return text
        elif operator is sre.BRANCH:
            branches = argument[1]
            return self.sequence(branches[self.attempt % len(branches)] if self.attempt else self.draw.choice(branches))
        elif operator is sre.GROUPREF:
            text = self.groups.get(argument, "")
        elif operator is getattr(sre, "ATOMIC_GROUP", None):
            return self.sequence(argument)
        else:
            return ""
        self.length += len(text)
        return text

    def repeat(self, least: int, most: int, inner: Any) -> str:
        """A few repeats more than the least, or as many as the wanted length asks for."""
        room = min(most if most is not sre.MAXREPEAT else least + _LONGEST, least + _LONGEST) - least
        if self.stretch < 0:
            extra = 0
        elif self.stretch:
            extra = min(room, max(4, self.shortest - self.length - least))
        else:
            extra = self.draw.below(min(room, 8 - min(least, 4)) + 1) if room > 0 else 0
            extra = max(extra, min(room, 5 if most is sre.MAXREPEAT and least < 2 else 0))
        return "".join([self.sequence(inner) for _ in range(min(least + extra, _LONGEST))])

    def member(self, items: Any) -> str:
        """A character of a bracketed set."""
        if items and items[0][0] is sre.NEGATE:
            refused = set(_characters(items[1:]))
            allowed = [c for c in _USUAL if c not in refused]
            return self.draw.choice(allowed[:26] or ["~"])
        allowed_text = _characters(items)
        varied = self.attempt > _ATTEMPTS // 3
        usual = [] if varied else [c for c in allowed_text if c.isascii() and c.isalnum()]
        return self.draw.choice(usual or allowed_text or "a")


def _characters(items: Any) -> str:
    out = []
    for operator, argument in items:
        if operator is sre.LITERAL:
            out.append(chr(argument))
        elif operator is sre.RANGE:
            low, high = argument
            out.extend(chr(code) for code in range(low, min(high, low + 200) + 1) if not 0xD800 <= code <= 0xDFFF)
        elif operator is sre.CATEGORY:
            out.append(_CLASSES.get(argument, ""))
    return "".join(out)
