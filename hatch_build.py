"""What the wheel has beyond the source: the compiled index of every twin in it, so that no user waits for one.

An editable install has none: there twins are compiled into the user's cache, again whenever a source has changed. The
name of an index holds the hash of all its sources; one that does not fit them is never opened.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileTwins(BuildHookInterface[Any]):
    """Compiles `twins/*/twin.yaml` into `twinkit/data/compiled/` of the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is put together; `version` is `editable` for an editable install."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from twinkit.overlay.cache import fingerprint, folder_sources
        from twinkit.overlay.compile import compile_sources

        self._made = tempfile.TemporaryDirectory()
        for overlay in sorted(Path(self.root, "twins").glob("*/twin.yaml")):
            sources = folder_sources(overlay.parent)
            file = Path(self._made.name, f"{sources.name}-{fingerprint(sources)}.index")
            file.write_bytes(compile_sources(sources).data)
            build_data["force_include"][str(file)] = f"twinkit/data/compiled/{file.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called when the wheel is written."""
        if version != "editable":
            self._made.cleanup()
