"""A twin: compiled contract and overlay, plus the functions its author hooks in.

Imports: overlay, contract, errors. Hooks are collected by decorators; `Twin.load` checks nothing it need not: the
offline checks have run when the twin was compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from twinkit import ids
from twinkit.behaviour.signing import Sign, declared
from twinkit.contract.index import Index
from twinkit.contract.model import Contract, Schema
from twinkit.contract.validate import RequestValidator, accepts
from twinkit.errors import AuthorError, nearest
from twinkit.overlay.cache import open_twin
from twinkit.overlay.compiled import Binding, Compiled, Resource

if TYPE_CHECKING:
    from pathlib import Path

    from twinkit.contract.examples import Examples

F = TypeVar("F", bound=Callable[..., Any])
ACTIONS = ("create", "update", "delete")
SAYING = ("example", "examples", "default")
"""Keywords that give one value, which no two ids can have."""


class Twin:
    """The stand-in for one service.

    Hooks: `handler`, `before`, `render`, `authenticate`, `invalid`, `validate`, `finish`, `envelope`, `receivers`,
    `sign`, `timer`, `baseline`, `control`, `page`, `listener`, `credentials`.
    """

    def __init__(self, index: Index, compiled: Compiled) -> None:
        self.index = index
        self.compiled = compiled
        self.name = compiled.twin
        self.handlers: dict[str, Callable[..., Any]] = {}
        self.before_hooks: dict[tuple[str, str], list[Callable[..., None]]] = {}
        self.renderers: dict[str, Callable[..., dict[str, Any]]] = {}
        self.timers: dict[str, Callable[..., None]] = {}
        self.controls: dict[str, Callable[..., Any]] = {}
        self.pages: dict[tuple[str, str], Callable[..., Any]] = {}
        self.tools: set[Callable[..., Any]] = set()
        """Pages that are the twin's, not the service's: faults and limits pass them by."""
        self.listeners: dict[str, Callable[..., Any]] = {}
        self.single: dict[str, Callable[..., Any]] = {}
        self.id_makers: dict[tuple[str, int], tuple[str, Callable[[int], str]]] = {}
        """(resource or pattern, seed) → counter, and what makes the id at a position of it; see `Ctx.new_id`."""
        self._validators: dict[str, RequestValidator] = {}
        self._operations: frozenset[str] | None = None
        self._examples: dict[int, Examples] = {}
        self._skeletons: dict[str, bytes] = {}
        self.shapes: dict[int, Any] = {}
        """What projection has worked out of schema nodes, by their identity (see behaviour.generic.project)."""
        self.pagers: dict[str, Any] = {}
        """What an operation's rules of paging come to (see behaviour.generic.paging)."""
        self.frames: dict[str, Any] = {}
        """What a list's envelope comes to (see behaviour.generic.lists)."""
        self._arrays: dict[str | None, frozenset[str]] = {}
        self._id_nodes: dict[str, Schema] = {}
        self._properties: dict[str, Mapping[str, Schema]] = {}

    @classmethod
    def load(cls, package: str | Path) -> Twin:
        """The twin whose overlay lies in `package` (a dotted name), or in a folder. Raises AuthorError, UsageError."""
        return cls(*open_twin(package))

    # hooks ---------------------------------------------------------------------------------------------------------

    def handler(self, *operations: str) -> Callable[[F], F]:
        """Answer these operations with the function `(ctx, request) -> Reply | dict | None`."""
        for operation in operations:
            self._known_operation(operation)

        def hook(function: F) -> F:
            for operation in operations:
                if operation in self.handlers:
                    raise AuthorError(f"twin {self.name}: two handlers for {operation}")
                self.handlers[operation] = function
            return function

        return hook

    def before(self, resource: str, action: str) -> Callable[[F], F]:
        """Call `(ctx, request, record)` before a record of `resource` is written; it may change or refuse it."""
        if action not in ACTIONS:
            raise AuthorError(f"twin {self.name}: before() knows {', '.join(ACTIONS)}, not {action!r}")
        self._known_resource(resource)

        def hook(function: F) -> F:
            self.before_hooks.setdefault((resource, action), []).append(function)
            return function

        return hook

    def render(self, resource: str) -> Callable[[F], F]:
        """Turn a stored record into what is shown: `(ctx, record) -> dict`. Runs wherever the record is shown."""
        self._known_resource(resource)
        return self._named(self.renderers, resource, "render")

    def timer(self, kind: str) -> Callable[[F], F]:
        """Call `(ctx, data)` when the clock reaches what `ctx.schedule(…, kind, data)` set."""
        return self._named(self.timers, kind, "timer")

    def control(self, name: str) -> Callable[[F], F]:
        """Answer `POST /_twin/do/<name>` with `(ctx, payload) -> Any`: the human's or the network's part in a test."""
        return self._named(self.controls, name, "control")

    def page(self, method: str, path: str, *, tool: bool = False) -> Callable[[F], F]:
        """Serve `(ctx, request) -> Reply` at a path outside the contract.

        `{name}` matches one segment, `{name:path}` the rest. `tool`: the service has no such page, so no fault and no
        limit reaches it.
        """
        register: Callable[[F], F] = self._named(self.pages, (method.upper(), path), "page")

        def hook(function: F) -> F:
            if tool:
                self.tools.add(function)
            return register(function)

        return hook

    def listener(self, name: str) -> Callable[[F], F]:
        """Speak another protocol on a port of its own: `(line) -> factory of asyncio protocols`.

        Every instance has its own port; the overlay's `env` shows it as `{NAME_host}` and `{NAME_port}`.
        """
        return self._named(self.listeners, name, "listener")

    def authenticate(self, function: F) -> F:
        """Find the Principal: `(ctx, request) -> Principal | None`, raising the service's own error."""
        return self._only("authenticate", function)

    def invalid(self, function: F) -> F:
        """Turn violations into the service's words: `(ctx, request, violations) -> ServiceError`, None to pass."""
        return self._only("invalid", function)

    def validate(self, function: F) -> F:
        """Check and arrange a request in place of the contract's rules: `(ctx, request) -> None`, raising."""
        return self._only("validate", function)

    def finish(self, function: F) -> F:
        """The last touch on every reply, errors included: `(ctx, request, reply) -> Reply`."""
        return self._only("finish", function)

    def envelope(self, function: F) -> F:
        """How an event is kept and sent: `(ctx, type, data, previous, **extra) -> dict`."""
        return self._only("envelope", function)

    def receivers(self, function: F) -> F:
        """Who gets an event: `(ctx, event) -> list[Receiver]`, added to those registered with the kit."""
        return self._only("receivers", function)

    def compose(self, function: F) -> F:
        """How a receiver gets an event: `(ctx, event, receiver) -> bytes | Outgoing`; the event as JSON without it."""
        return self._only("compose", function)

    def delivered(self, function: F) -> F:
        """Called when an attempt to deliver has ended: `(ctx, delivery, final)`; `final` when no other follows."""
        return self._only("delivered", function)

    def websocket(self, function: F) -> F:
        """Serve WebSockets: `async (instance, request, receive, send)`, plain ASGI."""
        return self._only("websocket", function)

    def sign(self, function: F) -> F:
        """Headers that sign a delivery: `(body, secret, at, headers) -> dict`; `at` is in seconds."""
        return self._only("sign", function)

    def baseline(self, function: F) -> F:
        """The first records of a fresh instance: `(ctx) -> None`."""
        return self._only("baseline", function)

    def credentials(self, function: F) -> F:
        """What works without set-up: `(ctx) -> dict` of names to values, shown at start."""
        return self._only("credentials", function)

    @property
    def signer(self) -> Sign | None:
        """What signs deliveries: the `sign` hook, else what the overlay declares; None: nothing does."""
        return self.single.get("sign") or declared(self.compiled.webhooks)

    # what the pipeline asks ------------------------------------------------------------------------------------------

    def validator(self, operation: str) -> RequestValidator:
        """The request validator of an operation, compiled at its first use."""
        found = self._validators.get(operation)
        if found is None:
            options = self.compiled.options
            found = RequestValidator(
                self.index,
                self.index.operation(operation),
                unknown=options.get("unknown_parameters", "ignore"),
                defaults=bool(options.get("defaults", True)),
            )
            self._validators[operation] = found
        return found

    @cached_property
    def fits_replies(self) -> bool:
        """Whether replies of generic behaviour are made to fit the document (option `replies: fit`)."""
        return bool(self.compiled.options.get("replies") == "fit")

    @cached_property
    def page_heads(self) -> tuple[str, ...]:
        """How the paths of pages begin: their templates up to the first parameter."""
        return tuple({path.partition("{")[0] for _, path in self.pages})

    @cached_property
    def env(self) -> Mapping[str, str]:
        """Environment variables that point an SDK here, with `{url}` and credential names as fields."""
        env: Mapping[str, str] = self.compiled.options.get("env", {})
        return env

    def examples(self, seed: int) -> Examples:
        """Examples of this contract's schemas for a seed."""
        found = self._examples.get(seed)
        if found is None:
            from twinkit.contract.examples import Examples

            found = self._examples[seed] = Examples(self.index, seed)
        return found

    def skeleton(self, resource: str) -> bytes:
        """JSON of a record nobody has given values yet: the template with the overlay's defaults over it."""
        found = self._skeletons.get(resource)
        if found is None:
            declared = self.compiled.resources[resource]
            found = self._skeletons[resource] = orjson.dumps({**self._template(declared), **declared.defaults})
        return found

    def _template(self, declared: Resource) -> Mapping[str, Any]:
        """The template; where the schema is too particular for it (patterns, branches), mended by examples."""
        if declared.schema is None:
            return declared.template
        schema = self.index.schema(declared.schema)
        made = dict(declared.template)
        properties = self.properties(declared.schema)
        shown = declared.id_property
        if accepts(self.index, schema, {k: v for k, v in made.items() if k != shown} if shown else made):
            return made
        examples = self.examples(0)
        for name, value in made.items():
            node = properties.get(name)
            if node is not None and name != shown and not accepts(self.index, node, value):
                made[name] = examples.required_only(node, f"template/{declared.name}/{name}")
        whole = examples.required_only(schema, f"template/{declared.name}")
        return {**whole, **made} if isinstance(whole, dict) else made

    def made_id(self, resource: Resource, seed: int, position: int) -> str:
        """An id for a resource without an id pattern: what its schema asks for, else twenty characters."""
        node = self.properties(resource.schema).get(resource.id_property or "") if resource.schema else None
        node = resource.id_schema if resource.id_schema is not None else node
        if node is None or node is True:
            return ids.make("{lower:20}", seed, resource.name, position)
        unlike = self._id_nodes.get(resource.name)
        if unlike is None:
            whole = self.index.resolve(node)
            unlike = whole if isinstance(whole, bool) else {k: v for k, v in whole.items() if k not in SAYING}
            self._id_nodes[resource.name] = unlike
        return str(self.examples(seed).example(unlike, f"ids/{resource.name}/{position}"))

    def array_properties(self, schema: str | None) -> frozenset[str]:
        """The properties of a component schema that hold arrays."""
        found = self._arrays.get(schema)
        if found is None:
            found = self._arrays[schema] = frozenset(
                name for name, node in self.properties(schema).items() if holds_array(self.index.resolve(node))
            )
        return found

    def properties(self, schema: str | None) -> Mapping[str, Schema]:
        """Every property of a component schema, those of its `allOf`, `oneOf` and `anyOf` branches included."""
        if schema is None:
            return {}
        found = self._properties.get(schema)
        if found is None:
            found = self._properties[schema] = properties_of(self.index, self.index.schema(schema))
        return found

    def shown_schema(self, binding: Binding) -> Schema | None:
        """The schema that one record has in the success reply of an operation, inside its envelope; None: unknown."""
        name = binding.reply.get("schema")
        if name:
            return self.index.schema(name)
        success = self.index.operation(binding.operation).success
        content = success.content if success is not None else {}
        node: Schema | None = next((schema for media, schema in content.items() if "json" in media), None)
        listed = "items" in binding.envelope
        for part in str(binding.envelope.get("items", binding.envelope.get("wrap", ""))).split("."):
            if node is not None and part:
                node = properties_of(self.index, node).get(part)
        if node is not None and (listed or binding.envelope.get("wrap_list")):
            array = self.index.resolve(node)
            node = array.get("items") if isinstance(array, Mapping) else None
        return node

    def fidelity(self, operation: str) -> str:
        """`behaviour` for a handler, else what the binding says."""
        return "behaviour" if operation in self.handlers else self.compiled.bindings[operation].fidelity

    # ---------------------------------------------------------------------------------------------------------------

    def _known_operation(self, operation: str) -> None:
        if self._operations is None:
            self._operations = frozenset(self.index.operations())
        if operation not in self._operations:
            hint = nearest(operation, self._operations)
            raise AuthorError(f"twin {self.name}: the contract has no operation {operation!r}{hint}")

    def _known_resource(self, resource: str) -> None:
        if resource not in self.compiled.resources:
            hint = nearest(resource, self.compiled.resources)
            raise AuthorError(f"twin {self.name}: there is no resource {resource!r}{hint}")

    def _named(self, table: dict[Any, Callable[..., Any]], key: Any, hook: str) -> Callable[[F], F]:
        def register(function: F) -> F:
            if key in table:
                raise AuthorError(f"twin {self.name}: two {hook} hooks for {key!r}")
            table[key] = function
            return function

        return register

    def _only(self, hook: str, function: F) -> F:
        if hook in self.single:
            raise AuthorError(f"twin {self.name}: two {hook} hooks")
        self.single[hook] = function
        return function


def holds_array(node: Schema) -> bool:
    """Whether a resolved schema node admits an array by its `type`."""
    kind = node.get("type") if isinstance(node, Mapping) else None
    return kind == "array" or (isinstance(kind, list) and "array" in kind)


def properties_of(contract: Contract, schema: Schema, depth: int = 6) -> dict[str, Schema]:
    """The properties a schema names, by following references and branches; the first meaning of a name wins."""
    node = contract.resolve(schema)
    if not isinstance(node, Mapping) or depth == 0:
        return {}
    found: dict[str, Schema] = {}
    own = node.get("properties")
    if isinstance(own, Mapping):
        found.update(own)
    for key in ("allOf", "oneOf", "anyOf"):
        branches = node.get(key)
        for branch in branches if isinstance(branches, list) else ():
            for name, value in properties_of(contract, branch, depth - 1).items():
                found.setdefault(name, value)
    return found
