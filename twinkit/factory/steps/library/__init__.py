"""Built-in steps over HTTP, twin state, mail and time.

Each module's `STEPS` is a collection that a registry takes in.
"""
