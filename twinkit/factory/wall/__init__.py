"""The wall between the coder and the scenarios. Coder-side modules here never import scenario packages."""
