"""A twin's sources into one index file: contract, patch, inference, twin.yaml over it. Offline.

Imports: contract and the modules beside it; what only an overlay, a patch or a second document needs, where it is
needed: a document alone is often served at once.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twinkit.contract.adapters import canonical
from twinkit.contract.adapters.nulls import forget_lenient_null
from twinkit.contract.finding import Finding
from twinkit.contract.index import compile_index
from twinkit.contract.load import load as read_document
from twinkit.overlay.cache import Sources, content_hash, patch_of
from twinkit.overlay.compiled import plain
from twinkit.overlay.infer import Inference, Inferred, infer

DOCUMENT_OPTIONS: Mapping[str, Any] = {"parents": "lenient", "replies": "fit"}
"""The options of a twin that has no overlay."""


@dataclass(slots=True)
class Built:
    """What compiling made: the index file's content and everything remarked on the way."""

    data: bytes
    findings: list[Finding] = field(default_factory=list)


def extras(twin: str, inferred: Inferred, head: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The extra parts of the index: `overlay` (all that is small), `binding/<id>`, `resource/<name>`, `error/<key>`."""
    out: dict[str, Any] = {
        "overlay": {
            "twin": twin,
            "operations": list(inferred.bindings),
            "resources": list(inferred.resources),
            "error_bodies": list(inferred.error_bodies),
            "error_media": inferred.error_media,
            "findings": [str(finding) for finding in inferred.findings],
            **(head or {}),
        }
    }
    out.update({f"binding/{name}": plain(binding) for name, binding in inferred.bindings.items()})
    out.update({f"resource/{name}": plain(resource) for name, resource in inferred.resources.items()})
    out.update({f"error/{key}": body for key, body in inferred.error_bodies.items()})
    return out


def with_schemas(contract: dict[str, Any], inferred: Inferred) -> dict[str, Any]:
    """The contract with the inline schemas of records as components, so that records can be checked against them."""
    return {**contract, "schemas": {**contract["schemas"], **inferred.schemas}}


def contract_of(sources: Sources) -> tuple[dict[str, Any], list[Finding], dict[str, str]]:
    """The contract of all documents, patched, in canonical form; everything remarked; the further files they are of.

    Raises UsageError.
    """
    files: dict[str, str] = {}
    contracts: list[tuple[str, dict[str, Any]]] = []
    findings: list[Finding] = []
    for name in (sources.contract, *sources.more):
        document = read_document(name)
        files.update((file, content_hash(file)) for file in document.files)
        for patch in sources.patches:
            if patch.name == patch_of(Path(name)).name:
                from twinkit.contract.patch import apply_patch, read_patch

                document.findings.extend(apply_patch(document.data, read_patch(patch)))
        contracts.append((name, canonical(document)))
        findings.extend(document.findings)
    if len(contracts) == 1:
        return contracts[0][1], findings, files
    from twinkit.contract.union import unite

    contract, remarks = unite(contracts)
    return contract, [*findings, *remarks], files


def about(remarks: list[Finding], files: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the head and the further parts of an index tell of the documents themselves."""
    head: dict[str, Any] = {"files": files} if files else {}
    return ({**head, "remarked": len(remarks)}, {"remarks": list(map(str, remarks))}) if remarks else (head, {})


def compile_sources(sources: Sources) -> Built:
    """Read, patch, infer and compile. Raises UsageError for an unreadable document, AuthorError for a wrong overlay."""
    with _uncollected():
        return _compiled(sources)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage among what a large document is turned into: all of it is in use until the end."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _compiled(sources: Sources) -> Built:
    contract, findings, files = contract_of(sources)
    told, more = about(findings, files)
    if sources.overlay is None:
        inferred = infer(contract)
        head = {"options": DOCUMENT_OPTIONS, **told}
        data = compile_index(with_schemas(contract, inferred), {**extras(sources.name, inferred, head), **more})
        return Built(data, [*findings, *inferred.findings])
    from twinkit.overlay.merge import Merge
    from twinkit.overlay.model import read_overlay

    overlay, file = read_overlay(sources.overlay)
    if overlay.options.get("replies") != "fit":
        forget_lenient_null(contract)
    inference = Inference(contract)
    merge = Merge(overlay, file, inference, inference.run())
    inferred = merge.run()
    head = {**merge.head(), **told}
    data = compile_index(with_schemas(contract, inferred), {**extras(overlay.twin, inferred, head), **more})
    return Built(data, [*findings, *inferred.findings])
