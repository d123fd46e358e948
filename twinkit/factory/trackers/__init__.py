"""Issue trackers: where work comes from and where its outcome is said. Never imports scenario packages."""
