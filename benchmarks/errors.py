"""Errors of the benchmarks."""

from storage import LookalikeError


class UnfitForBenchmark(LookalikeError):
    """A source, store or report that cannot be measured or compared, such as one without labels."""


class BenchmarkFailed(LookalikeError):
    """A measurement that found wrong answers, or whose process failed."""


class PeerFailed(LookalikeError):
    """The process of another library failed, ended, or did not answer in time."""
