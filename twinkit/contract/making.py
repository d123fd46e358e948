"""Makers of values: functions from a `Draw` to a value of one kind. Imports: contract.*.

A maker raises `Impossible` when it cannot make a value here, such as at the end of a recursion; the nearest optional
property is then left out, or another branch taken.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from twinkit.contract import formats, naming
from twinkit.contract.checks import type_names
from twinkit.contract.draws import Draw
from twinkit.contract.matching import matching
from twinkit.contract.merge import Merged
from twinkit.contract.model import Schema
from twinkit.contract.plausible import plausible
from twinkit.contract.scalars import bounds, count_of, identity, is_multiple, number_of

Make = Callable[[Draw], Any]
DEEPEST = 20
EXHAUSTED = -3000
"""The budget below which a value is taken as it comes."""
_SHORT = {"email": "a@b.co", "idn-email": "a@b.co", "uri": "http://a.co", "url": "http://a.co", "hostname": "a.co"}
_LIST_NAMES = (("ies", "y"), ("sses", "ss"), ("s", ""))


class Impossible(Exception):
    """No value can be made here."""


class Makers(Protocol):
    """What gives the makers of inner schemas (`Examples`)."""

    def member(self, schema: Schema, name: str, context: str) -> Make:
        """The maker of a property or an item."""

    def shown(self, schema: Any) -> bool:
        """Whether a property appears on this side of the conversation."""


def impossible(draw: Draw) -> Any:
    """The maker of the schema `false`."""
    raise Impossible


def sampled(given: list[Any], make: Make) -> Make:
    """One of the values that the document offers; made anew where the same one twice would not do."""
    scalar = not isinstance(given[0], (dict, list))

    def sample(draw: Draw) -> Any:
        if not scalar and not draw.optional:
            return make(draw)
        return copy.deepcopy(given[draw.below(len(given))])

    return sample


def enumerated(members: list[Any]) -> Make:
    """One of the members: any in a full example, else the first."""
    real = [member for member in members if member is not None] or members
    return lambda draw: copy.deepcopy(draw.choice(real) if draw.optional else real[0])


def lenient(make: Make) -> Make:
    """The maker of something that is known not to fit: only for draws that are not strict."""

    def unfit(draw: Draw) -> Any:
        if draw.strict:
            raise Impossible
        return make(draw)

    return unfit


def checked(fits: Callable[[Any], bool], makers: Sequence[Make], resort: Sequence[Make] = ()) -> Make:
    """The first value that fits, by each maker in turn: in full, with required properties only, once more in full.

    `resort` are makers of the last resort. When none fits, as the schema may admit none, a strict draw gets nothing
    and a lenient one the last value.
    """

    def make(draw: Draw) -> Any:
        wide, level = draw.optional, draw.level
        last: list[Any] = []
        try:
            for optional, group in ((wide, makers), (False, makers), (wide, makers), (False, resort)):
                draw.optional = optional
                for maker in group:
                    try:
                        value = maker(draw)
                    except Impossible:
                        draw.level = level
                        continue
                    if fits(value):
                        return value
                    last[:] = [value]
                    if draw.budget < EXHAUSTED:
                        return value
        finally:
            draw.optional = wide
        if not last or draw.strict:
            raise Impossible
        return last[0]

    return make


def simple(makers: Makers, whole: Merged, name: str, context: str) -> Make:
    """The maker of a schema without branches."""
    keywords = whole.keywords
    names = [kind for kind in type_names(keywords) if kind != "null"]
    if not names:
        if "null" in type_names(keywords):
            return lambda draw: None
        names = [_implied(keywords)]
    kind = names[0]
    if kind == "object":
        return _object(makers, whole, name or context)
    if kind == "array":
        return _array(makers, keywords, name, context)
    if kind == "boolean":
        truth = naming.boolean(name)
        return lambda draw: truth
    if kind == "string":
        return _string(keywords, name, context)
    return _number(keywords, name, kind == "integer")


def _implied(keywords: Mapping[str, Any]) -> str:
    if any(key in keywords for key in ("properties", "required", "additionalProperties", "minProperties")):
        return "object"
    if any(key in keywords for key in ("items", "minItems", "prefixItems", "contains")):
        return "array"
    if any(key in keywords for key in ("minimum", "maximum", "multipleOf", "exclusiveMinimum")):
        return "number"
    return "string"


def _string(keywords: Mapping[str, Any], name: str, context: str) -> Make:
    shortest, longest = count_of(keywords, "minLength") or 0, count_of(keywords, "maxLength")
    named, source = keywords.get("format"), keywords.get("pattern")
    form = named if isinstance(named, str) else ""
    usual = naming.FORMATS.get(form) or naming.text_maker(name, context)
    fits = formats.string_format(form)
    if not isinstance(source, str):
        return _sized(usual, form, fits, shortest, longest)
    compiled = formats.compile_pattern(source)
    pattern_text: str = source

    def suits(text: str) -> bool:
        """Whether the usual text matches for certain."""
        if compiled is None or not shortest <= len(text) <= (longest or len(text)):
            return False
        regex, limit = compiled
        return len(text) <= limit and regex.search(text) is not None

    def make(draw: Draw) -> str:
        text: str = usual(draw)
        if suits(text):
            return text
        for _ in range(12):
            candidate = matching(pattern_text, draw, shortest, longest)
            if candidate is not None and (fits is None or fits(candidate)):
                return candidate
        if draw.strict:
            raise Impossible
        return candidate if candidate is not None else text

    return make


def _sized(usual: Make, form: str, fits: Callable[[str], bool] | None, shortest: int, longest: int | None) -> Make:
    if not shortest and longest is None:
        return usual

    def make(draw: Draw) -> str:
        text: str = usual(draw)
        if longest is not None and len(text) > longest:
            text = _SHORT.get(form, text)[:longest].rstrip() or text[:longest]
        if len(text) < shortest and form == "date-time":
            text = f"{text[:-1]}.{'0' * max(1, shortest - 21)}Z"
        if len(text) < shortest:
            text += draw.text(naming.ALNUM, min(shortest - len(text), 100_000))
        return text

    return make


def _number(keywords: Mapping[str, Any], name: str, integer: bool) -> Make:
    low, low_open, high, high_open = bounds(keywords)
    form = keywords.get("format")
    span = formats.NUMBER_RANGES.get(form) if isinstance(form, str) else None
    if span is not None:
        low, low_open = (span[0], False) if low is None or low < span[0] else (low, low_open)
        high, high_open = (span[1], False) if high is None or high > span[1] else (high, high_open)
    step = number_of(keywords, "multipleOf") or 0
    usual = naming.number_range(name, integer)
    if form == "unix-time":
        usual = None
    later = naming.is_later(name)
    unit = 1 if integer or step else 0.01

    def inside(value: float) -> bool:
        if (low is not None and (value < low or (low_open and value == low))) or (
            high is not None and (value > high or (high_open and value == high))
        ):
            return False
        return not step or is_multiple(value, step)

    def make(draw: Draw) -> float:
        if usual is None:
            value: float = naming.moment(draw, later=later)
        else:
            first, last = usual
            value = first + draw.below(int((last - first) / unit) + 1) * unit
            value = int(value) if integer else round(value, 2)
        return value if inside(value) else _within(low, low_open, high, high_open, step, integer, draw)

    return make


def _within(
    low: float | None, low_open: bool, high: float | None, high_open: bool, step: float, integer: bool, draw: Draw
) -> float:
    """A number between the limits, a multiple of `step` where there is one."""
    if step:
        least = -(-low // step) if low is not None else (high // step - 20 if high is not None else 0)
        if low_open and low is not None and least * step <= low:
            least += 1
        most = high // step if high is not None else least + 20
        if high_open and high is not None and most * step >= high:
            most -= 1
        value = (least + draw.below(max(1, min(int(most - least) + 1, 1000)))) * step
        return int(value) if integer or value == int(value) else round(value, 10)
    if low is None:
        low, low_open = (high if high is not None else 100) - 100, False
    if high is None:
        high, high_open = low + 100, False
    if integer:
        first = int(-(-low // 1)) + (1 if low_open and low == int(low) else 0)
        last = int(high // 1) - (1 if high_open and high == int(high) else 0)
        return first + draw.below(max(1, min(last - first + 1, 1000)))
    if not low_open and not high_open and high - low < 1e-9:
        return low
    return low + (high - low) * (1 + draw.below(998)) / 1000


def _array(makers: Makers, keywords: Mapping[str, Any], name: str, context: str) -> Make:
    least, most = count_of(keywords, "minItems") or 0, count_of(keywords, "maxItems")
    unique = keywords.get("uniqueItems") is True
    single = _singular(name)
    first = keywords.get("prefixItems")
    fixed = [makers.member(node, single, context) for node in first] if isinstance(first, list) else []
    items = keywords.get("items", True)
    every = makers.member(items, single, context) if items is not False else impossible
    wanted = keywords.get("contains")
    needed = makers.member(wanted, single, context) if isinstance(wanted, (Mapping, bool)) else None

    def make(draw: Draw) -> list[Any]:
        draw.budget -= 1
        wide = draw.optional and draw.level < -1 and draw.budget > 0
        size = max(least, len(fixed) if wide or fixed else 0, 1 if wide else 0)
        size = size if most is None else min(size, most)
        value: list[Any] = []
        seen: set[Any] = set()
        person = draw.person
        draw.level += 1
        try:
            if needed is not None:
                value.append(needed(draw))
            for position in range(len(value), min(size, 10_000)):
                maker = fixed[position] if position < len(fixed) else every
                item = _another(maker, draw, seen) if unique else maker(draw)
                value.append(item)
                draw.person = draw.below(1 << 30)
        except Impossible:
            if len(value) < least:
                raise
        finally:
            draw.level -= 1
            draw.person = person
        return value

    return make


def _another(maker: Make, draw: Draw, seen: set[Any]) -> Any:
    """A value that is none of those seen, as far as a few tries go; from the second on in full."""
    wide = draw.optional
    try:
        for _ in range(30):
            value = maker(draw)
            key = identity(value)
            if key not in seen:
                seen.add(key)
                return value
            draw.person = draw.below(1 << 30)
            draw.optional = True
    finally:
        draw.optional = wide
    raise Impossible


def _singular(name: str) -> str:
    for ending, instead in _LIST_NAMES:
        if name.endswith(ending) and len(name) > len(ending) + 1:
            return name[: -len(ending)] + instead
    return name


def _object(makers: Makers, whole: Merged, context: str) -> Make:
    keywords = whole.keywords
    declared = keywords.get("properties")
    properties: Mapping[str, Any] = declared if isinstance(declared, Mapping) else {}
    listed = keywords.get("required")
    required = [name for name in (listed if isinstance(listed, list) else ()) if isinstance(name, str)]
    members: list[tuple[str, Make, bool]] = []
    for name, schema in properties.items():
        if makers.shown(schema) and (name in required or name not in whole.lazily):
            members.append((name, makers.member(schema, name, context), name in required))
    for name in dict.fromkeys(required):
        if name not in properties:
            members.append((name, makers.member(_beyond(keywords, name), name, context), True))
    further = keywords.get("additionalProperties")
    least, most = count_of(keywords, "minProperties") or 0, count_of(keywords, "maxProperties")
    entry = makers.member(further if isinstance(further, Mapping) else True, "", context)
    is_map = isinstance(further, Mapping) and not properties and context != "metadata"

    def make(draw: Draw) -> dict[str, Any]:
        draw.budget -= 1
        if draw.level > DEEPEST:
            raise Impossible
        value: dict[str, Any] = {}
        draw.level += 1
        try:
            wide = draw.optional and draw.level <= 0 and draw.budget > 0
            room = (len(members) if wide else least) if most is None else min(most, len(members) if wide else least)
            spare = room - sum(needed for _, _, needed in members)
            for name, maker, needed in members:
                if not needed:
                    if spare <= 0:
                        continue
                    spare -= 1
                try:
                    value[name] = maker(draw)
                except Impossible:
                    if needed:
                        raise
                    spare += 1
            missing = least - len(value) if least > len(value) else int(is_map and wide and most != 0)
            for _ in range(missing if further is not False else 0):
                value[draw.choice(plausible()["words"]) + (str(len(value)) if value else "")] = entry(draw)
        finally:
            draw.level -= 1
        return value

    return make


def _beyond(keywords: Mapping[str, Any], name: str) -> Schema:
    """The schema of a property that is required but not declared."""
    patterns = keywords.get("patternProperties")
    for source, schema in patterns.items() if isinstance(patterns, Mapping) else ():
        matches = formats.pattern(source)
        if matches is not None and matches(name) and isinstance(schema, (Mapping, bool)):
            return schema
    further = keywords.get("additionalProperties")
    return further if isinstance(further, Mapping) else True
