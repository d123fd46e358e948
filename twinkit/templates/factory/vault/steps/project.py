"""What the sentences of the scenarios mean, where the built-in steps do not say it. See `factory steps`."""

from twinkit.factory.steps import World, given, then, when

__all__ = ["World", "given", "then", "when"]
