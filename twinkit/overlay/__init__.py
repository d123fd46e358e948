"""The overlay: what the operations of a contract do, inferred from its structure and overridden by twin.yaml.

`cache.open_twin` is the way in at serve time; `infer`, `model`, `compile` and `coverage` are offline.
"""
