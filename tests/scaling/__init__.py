"""Tests of stores on real servers, and of jobs on several processes, compared with the same in one process."""
