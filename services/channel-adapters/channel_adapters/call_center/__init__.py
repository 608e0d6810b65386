"""The call centre's desk."""
