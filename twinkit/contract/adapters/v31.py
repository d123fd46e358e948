"""OpenAPI 3.1 (and 3.2 as far as it is the same): JSON Schema 2020-12 proper, `$ref` with siblings."""

from __future__ import annotations

from twinkit.contract.adapters.v30 import V30


class V31(V30):
    """Reads 3.1 documents; the differences are in the schema dialect."""

    modern = True
