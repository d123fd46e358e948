"""A run: selection, plans, trials, resume, replay and what is kept of them."""
