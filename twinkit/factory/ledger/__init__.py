"""The ledger: what was evaluated, what people decided, and when the evaluator may be trusted to merge on its own."""
