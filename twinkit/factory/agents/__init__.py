"""Coding agents and the loop around them. Never imports scenario packages: what it knows, the coder may know."""
