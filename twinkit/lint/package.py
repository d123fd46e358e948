"""Rules about a twin as a whole: what is declared, what is documented, what keeps nothing.

Imports: overlay, faults (limits), webhooks (schedule).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from twinkit.contract.finding import Finding
from twinkit.errors import AuthorError, nearest
from twinkit.faults.limits import Bucket, read_limits
from twinkit.overlay.coverage import as_markdown, matrix
from twinkit.webhooks.schedule import read_schedule

if TYPE_CHECKING:
    from twinkit.lint.run import Subject

Rule = Callable[["Subject"], Iterator[Finding]]


def unmodelled(subject: Subject) -> Iterator[Finding]:
    """`keeps-nothing`: an operation answers an example only, and nobody has said that this is known."""
    compiled = subject.twin.compiled
    for name, binding in compiled.bindings.items():
        if name in subject.twin.handlers or name in compiled.unimplemented or binding.fidelity != "shape":
            continue
        operation = subject.twin.index.operation(name)
        where = f"{operation.method.upper()} {operation.path}"
        why = binding.note or "nothing is kept"
        yield Finding(
            "keeps-nothing", where, f"{why}; add a handler, or list {name} under `unimplemented:` with the reason"
        )


def modelled_after_all(subject: Subject) -> Iterator[Finding]:
    """`both`: an operation is listed as unimplemented and has a handler."""
    for name in subject.twin.compiled.unimplemented:
        if name in subject.twin.handlers:
            yield Finding("both", f"unimplemented.{name}", "it has a handler; take the line out of twin.yaml")


def hidden_ids(subject: Subject) -> Iterator[Finding]:
    """`no-id`: records of a resource are asked for by id, but no property shows it, and no handler makes up for it."""
    compiled = subject.twin.compiled
    asked = {
        b.resource for n, b in compiled.bindings.items() if b.kind == "retrieve" and n not in subject.twin.handlers
    }
    shown = {b.resource for b in compiled.bindings.values() if b.reply.get("id") or b.reply.get("location")}
    made = {b.resource for n, b in compiled.bindings.items() if b.kind == "create" and n not in subject.twin.handlers}
    for name, resource in compiled.resources.items():
        if (
            resource.id_property is None
            and resource.id_place is None
            and name in (asked & made) - shown
            and resource.id is None
        ):
            yield Finding("no-id", f"resources.{name}", "no property shows the id; name it with `id_property:`")


def rate_limits(subject: Subject) -> Iterator[Finding]:
    """`rate-limits`: buckets are written wrongly, or one covers no operation and no page."""
    twin = subject.twin
    try:
        buckets = read_limits(twin.compiled.options.get("rate_limits")).buckets
    except AuthorError as error:
        yield Finding("rate-limits", "options", str(error))
        return
    operations = [twin.index.operation(name) for name in twin.index.operations()] if buckets else []
    calls = [*((each.id, each.method, each.path) for each in operations), *(("", *page) for page in twin.pages)]
    for bucket in buckets:
        place = f"options.rate_limits.{bucket.name}"
        if not any(bucket.covers(*call) or below(bucket, *call[1:]) for call in calls):
            yield Finding("rate-limits", place, "this bucket covers no operation")
        if bucket.error and bucket.error not in twin.compiled.errors:
            known = nearest(bucket.error, twin.compiled.errors)
            yield Finding("rate-limits", place, f"there is no error {bucket.error!r}{known}")


def below(bucket: Bucket, method: str, path: str) -> bool:
    """Whether a bucket names a path that a page with a `{rest:path}` answers."""
    start, found, _ = path.partition("{")
    return (
        found != "" and ":path}" in path and (not bucket.methods or method in bucket.methods)
        and any(each.startswith(start) for each in bucket.paths)
    )  # fmt: skip


def retries(subject: Subject) -> Iterator[Finding]:
    """`retries`: the schedule of webhooks is written wrongly."""
    try:
        read_schedule(subject.twin.compiled.webhooks.get("schedule"))
    except AuthorError as error:
        yield Finding("retries", "webhooks", str(error))


def fidelity(subject: Subject) -> Iterator[Finding]:
    """`no-fidelity`: the package does not say what is not modelled."""
    if subject.folder is None:
        return
    file = subject.folder / "FIDELITY.md"
    if not file.is_file() or len(file.read_text(encoding="utf-8").strip()) < 40:
        yield Finding(
            "no-fidelity", str(file.name), "say in FIDELITY.md, beside twin.yaml, what the twin does not model"
        )


def coverage_page(subject: Subject) -> Iterator[Finding]:
    """`stale-coverage`: docs/coverage/<name>.md of the project is not what the twin does."""
    twin = subject.twin
    for top in (subject.folder, *(subject.folder.parents if subject.folder else ())):
        if top is None:
            return
        page = top / "docs" / "coverage" / f"{twin.name}.md"
        if page.is_file():
            title = twin.compiled.options.get("title") or twin.index.title or twin.name
            wanted = as_markdown(twin.name, title, matrix(twin.index, twin.compiled, twin.handlers))
            if page.read_text(encoding="utf-8") != wanted:
                yield Finding(
                    "stale-coverage", f"docs/coverage/{twin.name}.md", f"run `twin coverage {twin.name} --write`"
                )
            return
        if (top / "pyproject.toml").is_file():
            return


def modules_loaded(subject: Subject) -> Iterator[Finding]:
    """`not-loaded`: a module registers handlers, but the package does not import it."""
    import sys

    if subject.folder is None:
        return
    loaded = {str(Path(str(m.__file__)).resolve()) for m in list(sys.modules.values()) if getattr(m, "__file__", None)}
    for place, tree in subject.modules.items():
        path = (subject.folder / place).resolve()
        if str(path) not in loaded and place != "__init__.py" and registers(tree):
            yield Finding(
                "not-loaded", place, "its handlers are not registered; import it in the package's __init__.py"
            )


def registers(tree: object) -> bool:
    """Whether a module has a function decorated with a hook of a twin."""
    import ast

    for node in ast.walk(tree) if isinstance(tree, ast.AST) else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                call = decorator.func if isinstance(decorator, ast.Call) else decorator
                if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name) and call.value.id == "twin":
                    return True
    return False


RULES: tuple[Rule, ...] = (
    unmodelled,
    modelled_after_all,
    hidden_ids,
    rate_limits,
    retries,
    fidelity,
    coverage_page,
    modules_loaded,
)
