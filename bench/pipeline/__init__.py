"""Staged networks: one network cut into stages, each a process, which exchange messages.

It measures what waiting costs: locked schedules, in which a stage waits for the ones below and
above it, beside unlocked ones, in which it goes on by a synthetic gradient.
"""
