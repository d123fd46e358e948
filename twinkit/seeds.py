"""One seed, many independent named streams.

A value depends only on the seed, the stream's name and the position in it, so drawing from one stream never
shifts another. Positions are plain integers that the store keeps, so a snapshot or a restart goes on where it was.
Imports nothing of the kit.
"""

from __future__ import annotations

from hashlib import blake2b


def draw(seed: int, stream: str, position: int) -> int:
    """A uniform 128-bit integer for this seed, stream and position."""
    text = f"{seed}/{stream}/{position}".encode()
    return int.from_bytes(blake2b(text, digest_size=16).digest(), "big")


def fraction(seed: int, stream: str, position: int) -> float:
    """A uniform float in [0, 1)."""
    return (draw(seed, stream, position) >> 75) / (1 << 53)


def below(seed: int, stream: str, position: int, bound: int) -> int:
    """A uniform integer in [0, bound)."""
    return draw(seed, stream, position) % bound
