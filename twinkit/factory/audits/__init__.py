"""Is the evaluator itself right? Planted faults, witnesses on base, determinism, mutants."""
