"""How well inference does on a folder of documents: `python benchmarks/inference.py FOLDER [--every N] [--verbose]`.

For each document: operations by kind, and how many of the create/read/list/change/delete groups that its paths show
(POST on /things beside GET on /things/{id}) were bound as one resource. Prints totals, and what was not bound so.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twinkit.contract.adapters import canonical
from twinkit.contract.load import load
from twinkit.overlay.infer import Inference
from twinkit.overlay.places import HOLE, Places

WANTED = {
    "list": {"list"},
    "upsert": {"retrieve", "download"},
    "get": {"retrieve", "download"},
    "put": {"replace", "update"},
    "patch": {"update"},
    "delete": {"delete"},
}


def groups(places: Places) -> Iterator[tuple[str, str, str]]:
    """(create, other operation, its method) for what stands on one collection and its items."""
    for key in list(places.at):
        if not key or key[-1] != HOLE or key[-2:-1] in ((), (HOLE,)):
            continue
        maker = places.on(key[:-1], "post")
        getter = places.on(key, "get")
        putter = places.on(key, "put")
        if maker is None and putter is not None and getter is not None:
            yield putter.id, getter.id, "upsert"
        if maker is None or getter is None:
            continue
        for op in places.at[key]:
            if op.method in WANTED:
                yield maker.id, op.id, op.method
        lister = places.on(key[:-1], "get")
        if lister is not None:
            yield maker.id, lister.id, "list"


def look(file: Path, totals: Counter[str], verbose: bool) -> None:
    """Infer one document and count."""
    contract = canonical(load(file))
    start = time.process_time()
    inference = Inference(contract)
    found = inference.run()
    spent = time.process_time() - start
    kinds = Counter(binding.kind for binding in found.bindings.values())
    kept = sum(binding.fidelity != "shape" for binding in found.bindings.values())
    good = wrong = 0
    paths = {op.id: f"{op.method.upper()} {op.path}" for op in inference.places.ops}
    for maker, other, method in groups(inference.places):
        one, two = found.bindings[maker], found.bindings[other]
        fits = one.kind in ("create", "replace", "bulk_create", "upload") and one.resource == two.resource
        fits = fits and two.kind in WANTED[method]
        good += fits
        wrong += not fits
        if verbose and not fits:
            print(f"  {paths[maker]}: {one.kind} {one.resource} / {paths[other]}: {two.kind} {two.resource}")
    totals.update(kinds)
    totals.update({"": len(found.bindings), "+kept": kept, "+good": good, "+wrong": wrong, "+documents": 1})
    hidden = sum(b.kind in ("create", "retrieve") and _hidden(found, b) for b in found.bindings.values())
    totals["+hidden"] += hidden
    shown = " ".join(f"{kind}={count}" for kind, count in kinds.most_common(7))
    size = len(found.bindings)
    print(
        f"{file.name:40.40} {size:5} ops {spent * 1000:6.0f} ms  groups {good}/{good + wrong}  no id {hidden}  {shown}"
    )


def _hidden(found: Any, binding: Any) -> bool:
    resource = found.resources.get(binding.resource)
    return resource is not None and resource.id_property is None


def main() -> int:
    """Look at every N-th document of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--largest", type=int, default=3_000_000, help="bytes")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    totals: Counter[str] = Counter()
    files = [given.folder] if given.folder.is_file() else sorted(given.folder.rglob("*.json"))
    for file in files[given.offset :: given.every]:
        if file.stat().st_size > given.largest:
            continue
        try:
            look(file, totals, given.verbose)
        except Exception as error:
            totals["+broken"] += 1
            print(f"{file.name}: {type(error).__name__}: {error}")
    print()
    for name, count in sorted(totals.items()):
        print(f"{name.lstrip('+') or 'operations':20} {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
