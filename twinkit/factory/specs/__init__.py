"""Specifications: what a change must do, readable by the coder. Never imports scenario packages."""
