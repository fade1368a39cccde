"""Tests of what is stored of jobs and rejected inputs, and of `retry` and `status`."""
