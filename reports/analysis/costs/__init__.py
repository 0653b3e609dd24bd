"""Costs: the speed of programs, the price of an accuracy, and what is left to train."""
