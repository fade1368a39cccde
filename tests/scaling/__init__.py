"""Stores on real servers, and jobs on several processes, beside the same in one."""
