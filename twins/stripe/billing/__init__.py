"""Pure rules of billing. Imports nothing of the kit."""
