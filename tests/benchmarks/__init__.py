"""What Concord costs beside the least that could do the same: `python -m tests.benchmarks`, or `make bench`.

Every figure is measured in the same run as its floor, turn by turn, because the speed of a shared machine wanders by
more than what is looked for. Ratios are therefore what to compare between machines; milliseconds are of this one.
"""
