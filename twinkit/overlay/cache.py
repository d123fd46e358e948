"""From a twin's package or any document to its opened index: looked up by the sources' hash, compiled when missing.

Two places are looked in: what the wheel brings for the kit's own twins, then the user's cache. On the serve path:
standard library and `contract.index` only; everything that compiles is imported when it must be.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from twinkit import paths
from twinkit.contract.index import Index
from twinkit.errors import AuthorError, UsageError
from twinkit.overlay.compiled import Compiled, load

_CONTRACT = re.compile(rb"^contract:[ \t]*(\[[^\]]*\]|[\"']?[^\s\"'#]+)", re.MULTILINE)
_NAME = re.compile(rb"^twin:[ \t]*[\"']?([\w.-]+)", re.MULTILINE)
_KIT = paths.PACKAGE
SETTLED = 1_000_000_000
"""Nanoseconds after which a file that changes again gets another time, whatever the file system."""
LARGE = 1_000_000
"""Bytes of a document from which on reading it takes a second or more."""
log = logging.getLogger("twinkit")


class Sources(NamedTuple):
    """The files a twin is compiled from."""

    name: str
    contract: str
    """Path or URL of the document."""
    overlay: Path | None = None
    patches: tuple[Path, ...] = ()
    more: tuple[str, ...] = ()
    """Further documents of the same service, each with its own patch beside it."""


def package_sources(package: str) -> Sources:
    """The sources of a twin's package (`twins.stripe`): its twin.yaml, its contract and the contract's patch.

    The contract is looked for beside twin.yaml, then in `openapi/` beside `twins/`, then among the kit's own.
    Raises AuthorError.
    """
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise AuthorError(f"{package} is no package; a twin is a package with a twin.yaml")
    return folder_sources(Path(places[0]))


def folder_sources(folder: Path) -> Sources:
    """The sources of the twin in a folder. Raises AuthorError when twin.yaml or the contract is missing."""
    overlay = folder / "twin.yaml"
    if not overlay.is_file():
        raise AuthorError(f"{folder} is a folder without a twin.yaml; name a document, or the folder of a twin")
    text = overlay.read_bytes()
    named, contract = _NAME.search(text), _CONTRACT.search(text)
    if contract is None:
        raise AuthorError(f"{overlay}: no `contract:`; name the OpenAPI document, such as `contract: notes.json`")
    files = re.findall(r"[^\s\"',\[\]]+", contract[1].decode())
    found = [_contract_file(overlay, file) for file in files]
    if not found:
        raise AuthorError(f"{overlay}: `contract:` names no document")
    patches = tuple(path for path in map(patch_of, found) if path.is_file())
    name = named[1].decode() if named else folder.name
    return Sources(name, str(found[0]), overlay, patches, tuple(str(path) for path in found[1:]))


def patch_of(document: Path) -> Path:
    """Where the corrections of a document are, if there are any."""
    return document.with_name(document.name.rpartition(".")[0] + ".patch.yaml")


def _contract_file(overlay: Path, file: str) -> Path:
    beside = overlay.parent.parent.parent / "openapi" / file
    places = (overlay.parent / file, beside, paths.data("openapi") / file)
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise AuthorError(f"{overlay}: contract {file!r} is in neither {overlay.parent} nor {paths.data('openapi')}")
    return found


def document_sources(document: str | Path, name: str | None = None) -> Sources:
    """The sources of a twin made from a document alone; named after the file unless `name` is given."""
    text = str(document)
    letters = normalize("NFKD", Path(text).name.lower().rsplit(".", 1)[0]).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
    return Sources(name or stem or "twin", text)


def fingerprint(sources: Sources) -> str:
    """Hash of everything the compiled file depends on, names of folders apart: the sources and the kit's compiler."""
    digest = blake2b(sources.name.encode(), digest_size=16)
    for path in _files(sources):
        try:
            digest.update(b"\0%s\0" % path.name.encode() + path.read_bytes())
        except OSError:
            digest.update(str(path).encode())
    return digest.hexdigest()


def _files(sources: Sources) -> Iterator[Path]:
    for source in (sources.contract, sources.overlay, *sources.patches, *sources.more):
        if source is not None:
            yield Path(source)
    for part in ("overlay", "contract", "contract/adapters"):
        with os.scandir(_KIT / part) as entries:
            yield from sorted(Path(entry.path) for entry in entries if entry.name.endswith(".py"))


def remembered_fingerprint(sources: Sources, folder: Path) -> str:
    """`fingerprint`, read from a note in `folder` as long as no file has another size or time than it had then.

    A file changed within the last second is not trusted to get another time with its next change.
    """
    seen = blake2b(digest_size=16)
    newest = 0
    for path in _files(sources):
        try:
            stat = path.stat()
        except OSError:
            return fingerprint(sources)
        newest = max(newest, stat.st_mtime_ns)
        seen.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ino}\0".encode())
    note = folder / f"{sources.name}-{seen.hexdigest()}.seen"
    try:
        known = note.read_text()
        if len(known) == 32 and note.stat().st_mtime_ns - newest > SETTLED:
            return known
    except OSError:
        pass
    found = fingerprint(sources)
    _keep(note, found.encode())
    return found


def open_sources(sources: Sources) -> tuple[Index, Compiled]:
    """Open the compiled index of these sources, compiling what is nowhere yet. Raises UsageError, AuthorError."""
    folder = paths.cache()
    file = f"{sources.name}-{remembered_fingerprint(sources, folder)}.index"
    if not re.match(r"^https?://", sources.contract):
        for place in (paths.PACKAGE / "data" / "compiled", folder):
            try:
                index = Index.open(place / file)
                compiled = load(index.extra)
                if all(content_hash(name) == known for name, known in compiled.files.items()):
                    return index, compiled
            except (OSError, UsageError, KeyError):
                pass
    from twinkit.overlay.compile import compile_sources

    tell_of_waiting(sources)
    data = compile_sources(sources).data
    problem = _keep(folder / file, data)
    if problem:
        log.warning(
            "cannot keep compiled twins in %s (%s), so every start compiles %s again; "
            "TWINKIT_CACHE can name another folder",
            folder, problem, sources.name,
        )  # fmt: skip
    index = Index.open(data)
    return index, load(index.extra)


def content_hash(file: str) -> str:
    """Hash of a file's content; empty for one that cannot be read."""
    try:
        return blake2b(Path(file).read_bytes(), digest_size=16).hexdigest()
    except (OSError, ValueError):
        return ""


def tell_of_waiting(sources: Sources) -> None:
    """Say why nothing happens yet, where a large document is read for the first time or one is fetched."""
    if re.match(r"^https?://", sources.contract):
        log.info("fetching and reading %s", sources.contract)
        return
    try:
        size = Path(sources.contract).stat().st_size
    except OSError:
        return
    if size > LARGE:
        log.info(
            "reading %s for the first time (%.1f MB); what is understood of it is kept in %s",
            Path(sources.contract).name, size / 1e6, paths.cache(),
        )  # fmt: skip


def _keep(file: Path, data: bytes) -> str:
    """Write the file in one step and let older ones of the twin go; what went wrong, which costs time only."""
    folder = file.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        import tempfile

        handle, temporary = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        Path(temporary).replace(file)
        twin = file.name.rpartition("-")[0]
        kept = sorted(folder.glob(f"{twin}-{'?' * 32}{file.suffix}"), key=lambda p: p.stat().st_mtime)
        for old in kept[:-8]:
            old.unlink(missing_ok=True)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def open_twin(source: str | Path, name: str | None = None) -> tuple[Index, Compiled]:
    """The contract and overlay of a twin: of a package (`twins.stripe`), a folder with twin.yaml, or a document.

    Raises UsageError for a document that cannot be read, AuthorError for a twin put together wrongly.
    """
    return open_sources(sources_of(source, name))


def sources_of(source: str | Path, name: str | None = None) -> Sources:
    """What `open_twin` would compile: see there."""
    text = str(source)
    if isinstance(source, str) and re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", text) and not Path(text).exists():
        found = _spec(text)
        if found:
            return package_sources(text)
    if Path(text).is_dir():
        return folder_sources(Path(text))
    return document_sources(source, name)


def _spec(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False
