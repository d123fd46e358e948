"""Judges beyond the deterministic steps: a command, or a model.

They can veto a pass; they never overrule a failed step.
"""
