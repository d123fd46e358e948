"""What `twin new` and `factory init` write."""
