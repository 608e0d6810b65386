"""What each process keeps in memory, idle and with the campaign loaded."""

from .loaded import Imported
from .report import Section


async def measure(loaded: Imported, *, quick: bool) -> Section:  # noqa: ARG001  as every section
    """The section."""
    section = Section("memory", "Memory, idle → with the campaign")
    for name, after in loaded.after.items():
        section.row(name, f"{loaded.idle.get(name, 0):.0f} → {after:.0f} MB")
    section.row("all", f"{sum(loaded.idle.values()):.0f} → {sum(loaded.after.values()):.0f} MB")
    section.notes.append("Proportional set size, children included: a page that processes share is counted once.")
    section.figures = {"idle_mb": loaded.idle, "loaded_mb": loaded.after}
    return section
