"""The rule that accepts or rejects a candidate, in exact integers, and what it means for so many scenarios."""
