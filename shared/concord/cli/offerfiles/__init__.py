"""Offers as files: read, written, checked, exported and imported, so that they can be kept in git."""
