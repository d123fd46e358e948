"""What each operation of the inbox does."""
