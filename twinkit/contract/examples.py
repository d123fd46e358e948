"""Valid, plausible, repeatable instances of any schema: each schema becomes a maker, compiled when first needed.

The same seed and stream give the same value. Values suggested by property names come from `naming`; wherever keywords
alone do not guarantee a fit, the value is checked and made anew another way. Imports: contract.*, seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from twinkit.contract import making
from twinkit.contract.checks import KEPT, TYPES, Options, type_names
from twinkit.contract.draws import Draw
from twinkit.contract.making import Impossible, Make
from twinkit.contract.merge import Choice, Merged, merged
from twinkit.contract.model import Contract, Schema
from twinkit.contract.validate import compiler_for
from twinkit.contract.violation import Violation

BUDGET = 120
_BRANCHES = 24
_MANNERS = ((True, True), (True, False), (False, True), (False, False))
"""What is tried for a full example, as (strict, with what is optional): rather short and valid than full and not."""
_SHORT_MANNERS = ((True, False), (False, False))
_ODD: tuple[Any, ...] = (None, "", 0, False, {}, [])


class Examples:
    """Makes examples for one contract and one seed."""

    def __init__(
        self, contract: Contract, seed: int, *, direction: Literal["request", "response"] = "response"
    ) -> None:
        """`direction`: replies carry no write-only properties, requests no read-only ones."""
        self._contract = contract
        self._seed = seed
        self._hidden = "writeOnly" if direction == "response" else "readOnly"
        self._checker = compiler_for(contract, Options(direction=direction, strict=True))
        self._memo: dict[tuple[int, str, str, bool], Make] = {}
        self._kept: list[Any] = []

    def example(self, schema: Schema, stream: str, *, optional: bool = True, depth: int = 4) -> Any:
        """A valid instance, with optional properties down to `depth` levels. None when the schema admits nothing."""
        make = self._maker(schema, "", "", False)
        for strict, wide in _MANNERS if optional else _SHORT_MANNERS:
            draw = Draw(self._seed, stream, optional=wide, budget=BUDGET)
            draw.level = -depth
            draw.strict = strict
            try:
                return make(draw)
            except (Impossible, RecursionError):
                continue
        return None

    def required_only(self, schema: Schema, stream: str) -> Any:
        """A valid instance with required properties only: null where it is admitted, empty lists where they are."""
        return self.example(schema, stream, optional=False)

    def member(self, schema: Schema, name: str, context: str) -> Make:
        """The maker of a property or an item: null in the short form, and where a recursion ends."""
        return self._maker(schema, name, context, True)

    def shown(self, schema: Any) -> bool:
        """Whether a property of this schema appears on this side of the conversation."""
        return not (isinstance(schema, Mapping) and schema.get(self._hidden) is True)

    def fits(self, schema: Schema, value: Any) -> bool:
        """Whether the value is valid, read strictly."""
        found: list[Violation] = []
        try:
            self._checker.compile(schema)(value, found)
        except RecursionError:
            return True
        return not found

    def _maker(self, schema: Schema, name: str, context: str, inner: bool) -> Make:
        key = (id(schema), name, context, inner)
        make = self._memo.get(key)
        if make is None:
            if len(self._memo) > KEPT:
                self._memo.clear()
                self._kept.clear()
            make = self._memo[key] = self._lazy(schema, name, context, inner)
            self._kept.append(schema)
        return make

    def _lazy(self, schema: Schema, name: str, context: str, inner: bool) -> Make:
        built: list[Make] = []

        def make(draw: Draw) -> Any:
            if not built:
                whole = merged(self._contract, schema)
                whole.lazily = self._lazily(whole)
                chosen = self._from(schema, whole, name, context)
                built.append(_nullable(chosen) if inner and self._null(schema, whole) else chosen)
            return built[0](draw)

        return make

    def _lazily(self, whole: Merged) -> frozenset[str]:
        """Expandable lists: they are part of a record only when a request asks for them."""
        expandable, properties = (whole.keywords.get(key) for key in ("x-expandableFields", "properties"))
        if not isinstance(expandable, list) or not isinstance(properties, Mapping):
            return frozenset()
        lists = (name for name in expandable if isinstance(name, str) and name in properties)
        return frozenset(name for name in lists if self._is_list(merged(self._contract, properties[name])))

    def _is_list(self, whole: Merged) -> bool:
        properties = whole.keywords.get("properties")
        return isinstance(properties, Mapping) and "data" in properties and "has_more" in properties

    def _null(self, schema: Schema, whole: Merged) -> bool:
        """Whether the schema names null among what it admits."""
        kinds = [*type_names(whole.keywords), *(k for c in whole.choices for b in c.branches for k in self._kinds(b))]
        return ("null" in kinds or None in _members(whole)) and self.fits(schema, None)

    def _kinds(self, branch: Schema) -> tuple[str, ...]:
        node = merged(self._contract, branch).keywords
        return (*type_names(node), *(("null",) if None in _members(Merged(keywords=node)) else ()))

    def _from(self, schema: Schema, whole: Merged, name: str, context: str) -> Make:
        """The maker for a schema that has been folded."""
        if schema is False:
            return making.impossible
        if whole.impossible:
            return making.lenient(making.simple(self, whole, name, context))
        given = self._given(schema, whole)
        if "enum" in whole.keywords:
            members = [member for member in _members(whole) if self.fits(schema, member)]
            if members:
                return making.enumerated(members)
            of_type = _of_type(whole)
            return making.lenient(making.enumerated(of_type) if of_type else making.simple(self, whole, name, context))
        if whole.choices:
            make: Make = self._chosen(schema, whole, name, context)
        else:
            self._discriminate(whole)
            make = making.simple(self, whole, name, whole.component or context)
            if whole.doubtful:
                make = making.checked(lambda value: self.fits(schema, value), [make])
        return making.sampled(given, make) if given else make

    def _given(self, schema: Schema, whole: Merged) -> list[Any]:
        """Values that the document itself offers, where they fit."""
        if "enum" in whole.keywords:
            return []
        examples = whole.keywords.get("examples")
        offered = [whole.keywords[key] for key in ("example", "default") if key in whole.keywords]
        offered = [*(examples if isinstance(examples, list) else ()), *offered]
        return [value for value in offered[:1] if value is not None and self.fits(schema, value)]

    def _discriminate(self, whole: Merged) -> None:
        """Give the discriminating property the name that stands for this component."""
        discriminator = whole.keywords.get("discriminator")
        name = discriminator.get("propertyName") if isinstance(discriminator, Mapping) else None
        properties = whole.keywords.get("properties")
        if not isinstance(name, str) or not isinstance(properties, Mapping) or name not in properties:
            return
        keys = _mapped(discriminator, whole.component) or _mapped(discriminator, "")
        for key in keys or ([whole.component] if whole.component else []):
            pinned = {"allOf": [properties[name], {"enum": [key]}]}
            if self.fits(pinned, key):
                whole.keywords["properties"] = {**properties, name: pinned}
                return

    def _chosen(self, schema: Schema, whole: Merged, name: str, context: str) -> Make:
        """A maker that tries the branches of anyOf and oneOf until what it makes fits."""
        trusted = len(whole.choices) == 1 and not whole.choices[0].exclusive and not whole.doubtful
        ready: list[Make] = []

        def fits(value: Any) -> bool:
            return trusted or self.fits(schema, value)

        def make(draw: Draw) -> Any:
            if not ready:
                makers = self._branches(whole, name, context)
                makers = makers or [making.lenient(making.simple(self, whole, name, context))]
                resort = [self._apart(whole, number, name, context) for number in range(_apart_branches(whole))]
                ready.append(making.checked(fits, makers, resort))
            return ready[0](draw)

        return make

    def _apart(self, whole: Merged, number: int, name: str, context: str) -> Make:
        """A maker for one branch of oneOf whose value is kept out of the others by a property they would refuse."""
        branches = whole.choices[0].branches
        mine = branches[number]
        folded = merged(self._contract, whole.keywords, mine, known=whole.references)
        if "array" in type_names(folded.keywords):
            return self._from(mine, self._filled(folded), name, context)
        plain = self._from({"allOf": [whole.keywords, mine]}, folded, name, context)

        def make(draw: Draw) -> Any:
            value = plain(draw)
            for other in branches:
                if other is not mine and isinstance(value, dict) and self.fits(other, value):
                    value = self._refused(draw, value, mine, folded, other)
            return value

        return make

    def _filled(self, folded: Merged) -> Merged:
        """The same list with an item at least: an empty one is of every kind."""
        least = folded.keywords.get("minItems")
        folded.keywords["minItems"] = max(1, least if isinstance(least, int) else 0)
        items = folded.keywords.get("items", True)
        if "array" in type_names(merged(self._contract, items).keywords):
            folded.keywords["items"] = {"allOf": [items, {"minItems": 1}]}
        return folded

    def _refused(
        self, draw: Draw, value: dict[str, Any], mine: Schema, folded: Merged, other: Schema
    ) -> dict[str, Any]:
        """The value with one property more or other, so that `mine` still admits it and `other` does not."""
        ours = folded.keywords.get("properties") or {}
        theirs = merged(self._contract, other).keywords.get("properties") or {}
        for name, schema in theirs.items():
            for odd in self._odd(draw, name, ours) if name in ours else _ODD:
                trial = {**value, name: odd}
                if not self.fits(schema, odd) and self.fits(mine, trial) and not self.fits(other, trial):
                    return trial
        raise Impossible

    def _odd(self, draw: Draw, name: str, ours: Mapping[str, Any]) -> list[Any]:
        """Values of our own property that another schema may refuse: its enum's members, else a full example."""
        members = _members(merged(self._contract, ours[name]))
        if members:
            return members
        draw.optional = True
        try:
            return [self._maker(ours[name], name, "", False)(draw)]
        except Impossible:
            return []
        finally:
            draw.optional = False

    def _branches(self, whole: Merged, name: str, context: str) -> list[Make]:
        makers: list[Make] = []
        name = f"{name}_id" if "x-expansionResources" in whole.keywords else name
        for picks in _combinations(whole.choices):
            for parts in _spelled(whole.choices, picks):
                folded = merged(self._contract, whole.keywords, *parts, known=whole.references)
                folded.component = folded.component or whole.component
                if not folded.impossible:
                    makers.append(self._from({"allOf": [whole.keywords, *parts]}, folded, name, context))
        return makers


def _of_type(whole: Merged) -> list[Any]:
    """The enum's members of the declared type: what is left when other keywords rule out all of them."""
    kinds = tuple(kind for name in type_names(whole.keywords) for kind in TYPES[name])
    return [member for member in _members(whole) if type(member) in kinds]


def _apart_branches(whole: Merged) -> int:
    """How many branches are worth keeping apart by force: of a single oneOf, the first few."""
    if len(whole.choices) != 1 or not whole.choices[0].exclusive:
        return 0
    return min(len(whole.choices[0].branches), 6)


def _nullable(make: Make) -> Make:
    def nullable(draw: Draw) -> Any:
        if not draw.optional or draw.level >= 0:
            return None
        try:
            return make(draw)
        except Impossible:
            return None

    return nullable


def _members(whole: Merged) -> list[Any]:
    members = whole.keywords.get("enum")
    return members if isinstance(members, list) else []


def _mapped(discriminator: Any, component: str) -> list[str]:
    """The mapping's keys for a component; all of them when it has no name."""
    mapping = discriminator.get("mapping") if isinstance(discriminator, Mapping) else None
    return [
        key
        for key, target in (mapping.items() if isinstance(mapping, Mapping) else ())
        if not component or str(target).rpartition("/")[2] == component
    ]


def _spelled(choices: list[Choice], picks: tuple[Schema, ...]) -> list[list[Schema]]:
    """The picked branches, first with the discriminating property set to the name that stands for each, then plain."""
    named = [_named(choice, branch) for choice, branch in zip(choices, picks, strict=True)]
    return [list(picks)] if named == list(picks) else [named, list(picks)]


def _named(choice: Choice, branch: Schema) -> Schema:
    discriminator = choice.discriminator
    reference = branch.get("$ref") if isinstance(branch, Mapping) else None
    name = discriminator.get("propertyName") if discriminator else None
    if not isinstance(reference, str) or not isinstance(name, str):
        return branch
    component = reference.rpartition("/")[2]
    key = next(iter(_mapped(discriminator, component)), component)
    return {"allOf": [branch, {"properties": {name: {"enum": [key]}}, "required": [name]}]}


def _combinations(choices: list[Choice]) -> list[tuple[Schema, ...]]:
    """One branch of each choice: in document order, text before objects where they are alternatives, null last."""
    out: list[tuple[Schema, ...]] = [()]
    for choice in choices:
        branches = sorted(choice.branches[: _BRANCHES * 4], key=_rank)[:_BRANCHES]
        out = [(*picked, branch) for branch in branches for picked in out][: _BRANCHES * 2]
    return out


def _rank(branch: Schema) -> int:
    if not isinstance(branch, Mapping):
        return 1
    kinds = type_names(branch)
    if kinds == ("null",):
        return 3
    return 0 if kinds[:1] == ("string",) and branch.get("enum") != [""] else 1
