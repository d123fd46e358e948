"""What the command line adds to the default instance: failure profiles, receivers, baselines. Imports: views."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError
from twinkit.files import read_text
from twinkit.instance import Instance
from twinkit.server import views


def set_up(instance: Instance, failures: Sequence[str], receivers: Sequence[str], baselines: Sequence[str]) -> None:
    """Put profiles in force, register receivers, load first records. Raises UsageError."""
    for file in baselines:
        instance.baseline(records_for(instance.twin.name, file))
    for profile in failures:
        views.add_profile(instance, profile)
    for receiver in receivers:
        views.add_receiver(instance, receiver)


def records_for(twin: str, file: str) -> dict[str, Any]:
    """The first records of a twin in a file: `{twin: {resource: [...]}}`, or `{resource: [...]}` for a single twin."""
    import yaml

    try:
        data = yaml.safe_load(read_text(Path(file)))
    except yaml.YAMLError as error:
        raise UsageError(f"{file} is no YAML: {error}") from None
    if not isinstance(data, dict):
        raise UsageError(f"{file}: a baseline is a mapping of resources to lists of records")
    own = data.get(twin)
    return own if isinstance(own, dict) else data
