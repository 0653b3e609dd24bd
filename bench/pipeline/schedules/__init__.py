"""Schedules of stages: who waits for what, in the paper's ways and in pipelining's."""
