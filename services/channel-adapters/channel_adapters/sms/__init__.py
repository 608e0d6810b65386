"""The text message channel."""
