"""What the operations do, one module a resource."""
