"""Simulation of staged networks: what a schedule makes of measured times, without running it.

`engine` is the clock, `schedules` what a stage does, `pipeline` what is measured of it,
`prediction` the result, `scenarios` what lies past the machine. Nothing here imports torch.
"""
