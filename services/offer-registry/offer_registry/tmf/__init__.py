"""The registry's offers as promotions of TM Forum's TMF671 v4.1, read and written by the registry's own verbs.

`docs/how-to/use-the-tmf671-facade.md` has the mapping. What a promotion cannot say stands in extensions, and what
Concord has no place for is refused by name, never left out.
"""
