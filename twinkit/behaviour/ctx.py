"""What a handler works with: records, ids, time, events, errors — for one request or one timer.

Imports: overlay, contract, store, webhooks are reached only through what the instance passes in; ids, seeds, errors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from twinkit import ids, seeds
from twinkit.behaviour import madeup
from twinkit.behaviour.documented import documented_error
from twinkit.behaviour.problems import STATUSES, describe, fill, problem
from twinkit.behaviour.request import RawJSON, Reply, Request, to_json
from twinkit.clock import SECOND, Clock
from twinkit.contract.model import Schema
from twinkit.contract.validate import Violation
from twinkit.errors import AuthorError, RecordNotFound, ServiceError, nearest
from twinkit.store import Store

if TYPE_CHECKING:
    from twinkit.behaviour.twin import Twin
    from twinkit.overlay.compiled import Resource

Enqueue = Callable[["Ctx", int, dict[str, Any]], None]
"""What takes an event with its number to the receivers."""


OWN_ID = "~id"
"""Where a record keeps its id when no property of its schema shows it; never shown."""
ID_MAKERS = 4096
DOCUMENTED_AS = {"malformed": "invalid", "token_expired": "unauthorized"}
"""Errors that documents know under another name."""


class Ctx:
    """The context of one request, timer or control call on one instance."""

    def __init__(
        self,
        twin: Twin,
        store: Store,
        clock: Clock,
        seed: int,
        *,
        instance: str = "default",
        base_url: str = "",
        options: Mapping[str, Any] | None = None,
        enqueue: Enqueue | None = None,
        request: Request | None = None,
        quiet: bool = False,
    ) -> None:
        self.twin = twin
        self.store = store
        self.clock = clock
        self.seed = seed
        self.instance = instance
        self.base_url = base_url
        self.options: Mapping[str, Any] = options or {}
        self.request = request
        self._enqueue = enqueue
        self._quiet = quiet

    # time, chance, names -------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """The instance's time in whole seconds."""
        return self.clock.micros // SECOND

    @property
    def micros(self) -> int:
        """The instance's time in microseconds."""
        return self.clock.micros

    @property
    def strict(self) -> bool:
        """Whether `--strict` was asked for."""
        return bool(self.options.get("strict"))

    def new_id(self, resource: str) -> str:
        """The next id of a resource, or of a pattern such as `req_{alnum:14}`."""
        counter, make = self.twin.id_makers.get((resource, self.seed)) or self._id_maker(resource)
        return make(self.store.next(counter))

    def _id_maker(self, resource: str) -> tuple[str, Callable[[int], str]]:
        """(counter, maker) of a resource's ids or a pattern's; the twin keeps the most recent thousands."""
        pattern, stream = resource, resource.partition("{")[0]
        if "{" not in resource:
            pattern = self.resource(resource).id or "{lower:20}"
        made = f"ids/{stream}", ids.maker(pattern, self.seed, stream)
        known = self.twin.id_makers
        if len(known) >= ID_MAKERS:
            known.clear()
        known[resource, self.seed] = made
        return made

    def draw(self, stream: str, bound: int) -> int:
        """The next integer in [0, bound) of a named stream."""
        return seeds.below(self.seed, stream, self.store.next(f"draw/{stream}"), bound)

    def token(self, kind: str, length: int) -> str:
        """The next `length` characters of an alphabet of `ids.ALPHABETS`, such as ("hex", 32)."""
        return self.new_id(f"{{{kind}:{length}}}")

    def own_credential(self, credential: str) -> str:
        """A default credential as this instance gives it out: itself on the default one, else with an end of its own.

        So a request reaches a private instance by its credentials alone.
        """
        if self.instance == "default":
            return credential
        return credential[:-12] + blake2b(self.instance.encode(), digest_size=6).hexdigest()

    def example(self, schema: str | Schema, stream: str | None = None) -> Any:
        """A plausible valid instance of a component schema (by name) or of a schema node."""
        node = self.twin.index.schema(schema) if isinstance(schema, str) else schema
        name = stream or (schema if isinstance(schema, str) else "example")
        position = self.store.next(f"examples/{name}")
        return self.twin.examples(self.seed).example(node, f"{name}/{position}")

    # records -------------------------------------------------------------------------------------------------------

    def resource(self, name: str) -> Resource:
        """The overlay's declaration of a resource. Raises AuthorError with the nearest name."""
        found = self.twin.compiled.resources.get(name)
        if found is None:
            hint = nearest(name, self.twin.compiled.resources)
            raise AuthorError(f"twin {self.twin.name}: there is no resource {name!r}{hint}")
        return found

    def draft(self, resource: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A new record that is not stored yet: template, defaults, id and timestamps, then `values` on top."""
        declared = self.resource(resource)
        record: dict[str, Any] = orjson.loads(self.twin.skeleton(resource))
        if values:
            record.update(values)
        key = declared.id_property
        shown = key or OWN_ID
        if not (values and values.get(shown) is not None):
            record[shown] = self.own_id(declared)
        self._stamp(declared, record, "create", values or {})
        return record

    def create(
        self,
        resource: str,
        values: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        parent: str = "",
        event: str | None = None,
        request: Request | None = None,
    ) -> dict[str, Any]:
        """Make and store a record: draft, `before` hooks, insert, event. Raises DuplicateRecord.

        `id` is the key in the store where that is not the value of the id property (ids unique under a parent only).
        `event` replaces the overlay's event type; the empty string emits none.
        """
        declared = self.resource(resource)
        record = self.draft(resource, values)
        self._before(resource, "create", record, request)
        key = id or str(record[declared.id_property or OWN_ID])
        self.store.insert(resource, record, id=key, parent=parent, created=self.clock.micros)
        self._announce(resource, "create", record, None, event)
        return record

    def update(
        self,
        resource: str,
        id: str,
        changes: Mapping[str, Any],
        *,
        event: str | None = None,
        request: Request | None = None,
        removed: Collection[str] = (),
    ) -> dict[str, Any]:
        """Change (and remove) top-level properties of a record, with timestamps, hooks and event.

        Raises RecordNotFound.
        """
        previous = self.store.get(resource, id)
        record = {**previous, **changes}
        for name in removed:
            record.pop(name, None)
        self._stamp(self.resource(resource), record, "update", changes)
        self._before(resource, "update", record, request)
        self.store.replace(resource, id, record)
        self._announce(resource, "update", record, previous, event)
        return record

    def delete(self, resource: str, id: str, *, event: str | None = None) -> dict[str, Any]:
        """Delete a record and return what it was. Raises RecordNotFound."""
        record = self.store.get(resource, id)
        self._before(resource, "delete", record, None)
        self.store.delete(resource, id)
        self._announce(resource, "delete", record, None, event)
        return record

    def materialise(self, resource: str, id: str = "") -> dict[str, Any]:
        """Make up the record with this id, or one of its own: for instances on which every id exists."""
        return madeup.make(self, resource, id) if id else madeup.new(self, resource)

    def stored(self, resource: str, id: str) -> RawJSON:
        """The record as a reply shows it, unparsed where nothing has to change. Raises RecordNotFound."""
        raw = self.store.raw(resource, id)
        if raw is None:
            raise RecordNotFound(resource, id)
        hook = self.twin.renderers.get(resource)
        return RawJSON(to_json(hook(self, orjson.loads(raw))) if hook else raw)

    def show(self, resource: str, record: dict[str, Any]) -> dict[str, Any]:
        """The record as a reply shows it (`render` hook)."""
        hook = self.twin.renderers.get(resource)
        if hook and madeup.wanted(self):
            return madeup.shown(hook, self, record)
        return hook(self, record) if hook else record

    def own_id(self, declared: Resource) -> Any:
        """The next id of a resource, as the property that shows it has it."""
        if declared.id_type != "string":
            return self.store.next(f"ids/{declared.name}") + 1
        if declared.id:
            return self.new_id(declared.name)
        return self.twin.made_id(declared, self.seed, self.store.next(f"ids/{declared.name}"))

    def _stamp(self, declared: Resource, record: dict[str, Any], action: str, given: Mapping[str, Any]) -> None:
        moments = ("create", "update") if action == "create" else (action,)
        for moment in moments:
            name = declared.timestamps.get(moment)
            if name and name not in given:
                record[name] = instant(self.clock.micros, declared.time_formats.get(name, "unix"))

    def prepare(self, resource: str, action: str, record: dict[str, Any], request: Request | None = None) -> None:
        """Run the `before` hooks of an action on a record that is about to be written."""
        self._before(resource, action, record, request)

    def _before(self, resource: str, action: str, record: dict[str, Any], request: Request | None) -> None:
        for hook in self.twin.before_hooks.get((resource, action), ()):
            hook(self, request or self.request, record)

    # events and timers ---------------------------------------------------------------------------------------------

    def _announce(
        self, resource: str, action: str, record: dict[str, Any], previous: dict[str, Any] | None, event: str | None
    ) -> None:
        name = event if event is not None else self.resource(resource).events.get(action)
        if not name:
            return
        shown = self.show(resource, record)
        if previous is not None:
            changed = changed_fields(self.show(resource, previous), shown)
            if changed:
                self.emit(name, shown, previous=changed)
        else:
            self.emit(name, shown)

    def emit(
        self,
        type: str,
        data: dict[str, Any],
        *,
        previous: dict[str, Any] | None = None,
        shown_as: str | None = None,
        **extra: Any,
    ) -> None:
        """Put an event into the outbox, in the transaction of this request.

        `previous` holds the earlier values of the changed fields; `shown_as` is the resource it is read as where that
        is not the overlay's; `extra` goes to the twin's `envelope` hook.
        """
        if self._quiet:
            return
        hook = self.twin.single.get("envelope")
        if hook:
            event = hook(self, type, data, previous, **extra)
        else:
            event = {"id": self.new_id("evt_{alnum:24}"), "type": type, "created": self.now, "data": {"object": data}}
            if previous is not None:
                event["data"]["previous"] = previous
        if event is None:
            return
        shown_as = self.twin.compiled.webhooks.get("resource") or "" if shown_as is None else shown_as
        number = self.store.add_event(type, event, id=str(event["id"]), created=self.clock.micros, resource=shown_as)
        if self._enqueue:
            self._enqueue(self, number, event)

    def schedule(self, kind: str, data: Mapping[str, Any], *, at: int | None = None, after: int | None = None) -> int:
        """Run the twin's timer `kind` at a time (`at`, seconds since 1970) or `after` seconds. Returns its number."""
        if kind not in self.twin.timers:
            raise AuthorError(f"twin {self.twin.name}: no timer {kind!r}{nearest(kind, self.twin.timers)}")
        due = at * SECOND if at is not None else self.clock.micros + (after or 0) * SECOND
        return self.store.schedule(due, kind, dict(data))

    def cancel(self, timer: int) -> None:
        """Forget a scheduled timer; nothing happens when it has run already."""
        self.store.cancel_timer(timer)

    # what if -------------------------------------------------------------------------------------------------------

    @contextmanager
    def trial(self) -> Iterator[Trial]:
        """A context to try things out in: what it writes, draws and plans is undone, its events go nowhere."""
        with self.store.trial():
            yield Trial(self)

    # errors --------------------------------------------------------------------------------------------------------

    def error(self, name: str, message: str = "", **fields: Any) -> ServiceError:
        """The overlay's error `name` with its fields filled in; raise it to lose the request's writes.

        Without a template the error is the one the operation documents, else problem+json. A name that is neither in
        the overlay nor known to the kit raises AuthorError.
        """
        template = self.twin.compiled.errors.get(name)
        request = self.request
        if template is None:
            if name not in STATUSES:
                known = {*self.twin.compiled.errors, *STATUSES}
                raise AuthorError(f"twin {self.twin.name}: no error {name!r}{nearest(name, known)}")
            return self._documented(name, message, fields)
        values = {
            "message": message,
            "method": request.method if request else "",
            "path": request.url_path if request else "",
            **fields,
        }
        values["message"] = fill(str(values["message"]), values)
        headers = {key: str(value) for key, value in fill(template.headers, values).items()}
        return ServiceError(int(fields.get("status", template.status)), fill(template.body, values), headers, name=name)

    def _documented(self, name: str, message: str, fields: Mapping[str, Any]) -> ServiceError:
        """The error as the operation documents it, else problem+json."""
        text = message or str(fields.get("detail") or name.replace("_", " "))
        binding = self.request.binding if self.request else None
        errors = binding.errors if binding else {}
        status, key = errors.get(DOCUMENTED_AS.get(name, name)) or errors.get("default") or (0, "")
        status = status or STATUSES[name]
        if not key:
            return problem(status, text, name)
        body = fill(self.twin.compiled.error_bodies[key], {**fields, "message": text, "status": status, "code": name})
        return documented_error(self, name, status, body, self.twin.compiled.error_media.get(key, "application/json"))

    def missing(self, resource: str, id: str, parameter: str | None = None) -> ServiceError:
        """The service's answer to a record that is not there: `gone` for a deleted one where that is documented."""
        binding = self.request.binding if self.request else None
        name = "not_found"
        if binding and "gone" in binding.errors and self.store.was_deleted(resource, id):
            name = "gone"
        return self.error(name, f"no such {resource}: {id}", resource=resource, id=id, param=parameter)

    def duplicate(self, resource: str, id: str, name: str | None = None) -> ServiceError:
        """The service's answer to a second record with the same id, or the same value of the property `name`."""
        text = f"{resource} with {name or 'id'} {id!r} exists already"
        return self.error("conflict", text, resource=resource, id=id, param=name)

    def objection(self, request: Request, violations: Sequence[Violation]) -> ServiceError | None:
        """Like `invalid`; None when the twin's `invalid` hook lets the request pass."""
        hook = self.twin.single.get("invalid")
        if hook:
            answer: ServiceError | None = hook(self, request, list(violations))
            return answer
        return self._unfit(violations)

    def invalid(self, request: Request, violations: Sequence[Violation]) -> ServiceError:
        """The service's answer to a request that does not fit the contract."""
        return self.objection(request, violations) or self._unfit(violations)

    def _unfit(self, violations: Sequence[Violation]) -> ServiceError:
        first = violations[0]
        return self.error(
            self._unfit_name(violations),
            describe(violations),
            param=".".join(str(part) for part in first.path),
            kind=first.kind,
            expected=first.expected,
            value=first.value,
        )

    def _unfit_name(self, violations: Sequence[Violation]) -> str:
        """`not_found` for what stands in the path alone, where the operation documents that and nothing nearer."""
        binding = self.request.binding if self.request else None
        if binding is None or "invalid" in self.twin.compiled.errors or binding.errors.get("not_found", (0,))[0] != 404:
            return "invalid"
        nearer = "invalid" in binding.errors or "default" in binding.errors
        return "invalid" if nearer or any(v.location != "path" for v in violations) else "not_found"

    def generic(self, request: Request) -> Reply:
        """What generic behaviour would answer, for a handler that only adds to it."""
        from twinkit.behaviour.generic import answer

        return answer(self, request).parse()


class Trial(Ctx):
    """The context of `Ctx.trial`: on the same store, with a clock of its own that stands still."""

    def __init__(self, real: Ctx) -> None:
        super().__init__(
            real.twin,
            real.store,
            Clock("fixed", real.micros),
            real.seed,
            instance=real.instance,
            base_url=real.base_url,
            options=real.options,
            request=real.request,
        )
        self.told: list[tuple[str, dict[str, Any]]] = []
        """(type, data) of the events that would have been sent, oldest first."""

    def stand(self, at: int) -> None:
        """Let it be `at`, in seconds since 1970, in the trial."""
        self.clock.set(at * SECOND)

    def emit(
        self,
        type: str,
        data: dict[str, Any],
        *,
        previous: dict[str, Any] | None = None,
        shown_as: str | None = None,
        **extra: Any,
    ) -> None:
        """Note an event in `told` as it is now; nobody gets it."""
        self.told.append((type, orjson.loads(orjson.dumps(data))))


def instant(micros: int, style: str) -> Any:
    """A time in the form a property wants: `unix` (seconds), `unix_ms`, `iso` (RFC 3339, UTC), `date`."""
    if style == "unix":
        return micros // SECOND
    if style == "unix_ms":
        return micros // 1000
    moment = datetime.fromtimestamp(micros // SECOND, UTC)
    return moment.strftime("%Y-%m-%d" if style == "date" else "%Y-%m-%dT%H:%M:%SZ")


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The earlier values of what differs, nested objects reduced to their changed keys; None for a key that is new."""
    changed: dict[str, Any] = {}
    for key, value in after.items():
        old = before.get(key)
        if old == value:
            continue
        if isinstance(old, dict) and isinstance(value, dict):
            changed[key] = changed_fields(old, value)
        else:
            changed[key] = old
    for key in before:
        if key not in after:
            changed[key] = before[key]
    return changed
