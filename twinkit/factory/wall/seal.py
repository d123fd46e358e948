"""Scenarios sealed at rest with age (pyrage): one file, opened only where trials are run. Imports: errors."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError

PARTS = ("scenarios", "steps", "states", "vault.toml", "broken.toml")


def _pyrage() -> Any:
    try:
        import pyrage
    except ImportError:
        raise UsageError("sealing needs the extra: pip install 'twinkit[seal]'") from None
    return pyrage


def generate_key(path: Path) -> str:
    """Write a new identity, readable by its owner alone; returns the public key. Raises UsageError when it exists."""
    pyrage = _pyrage()
    if path.exists():
        raise UsageError(f"{path} exists; choose another file for the key")
    identity = pyrage.x25519.Identity.generate()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(f"# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public())


def _identity(key: Path) -> Any:
    pyrage = _pyrage()
    try:
        lines = [line for line in key.read_text("utf-8").splitlines() if line and not line.startswith("#")]
        return pyrage.x25519.Identity.from_str(lines[0])
    except (OSError, IndexError, ValueError, pyrage.IdentityError) as error:
        raise UsageError(f"{key} is no key file: {error}") from None


def seal(vault: Path, target: Path, key: Path) -> None:
    """The vault as one encrypted file."""
    if not (vault / "scenarios").is_dir():
        raise UsageError(f"{vault} is no vault: it has no folder scenarios/")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for part in PARTS:
            if (vault / part).exists():
                archive.add(vault / part, part, filter=_plain)
    target.write_bytes(_pyrage().encrypt(buffer.getvalue(), [_identity(key).to_public()]))


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member


def unseal(source: Path, target: Path, key: Path) -> None:
    """Write the vault out again. Raises UsageError for another key or a damaged file."""
    pyrage = _pyrage()
    try:
        raw = pyrage.decrypt(source.read_bytes(), [_identity(key)])
    except (pyrage.DecryptError, OSError) as error:
        raise UsageError(f"{source} cannot be opened with this key: {error}") from None
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:gz") as archive:
        archive.extractall(target, filter="data")
