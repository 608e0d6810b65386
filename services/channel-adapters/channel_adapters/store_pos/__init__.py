"""The stores' tills."""
