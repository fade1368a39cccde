"""What can keep a measurement from being made."""

from storage import LookalikeError


class UnfitForBenchmark(LookalikeError):
    """A source or store that cannot be measured, such as one with too few items or without labels."""


class BenchmarkFailed(LookalikeError):
    """A measurement that found Lookalike's answers wrong."""


class PeerFailed(LookalikeError):
    """Another library's process that failed, ended, or did not answer in time."""
