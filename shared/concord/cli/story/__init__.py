"""The story of one promise (design: story.md), told against the running services."""
