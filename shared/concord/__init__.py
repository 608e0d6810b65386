"""Concord keeps what a company promises its customers the same in every channel."""

__version__ = "0.1.0"
