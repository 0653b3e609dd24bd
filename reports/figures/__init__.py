"""Figures: their series and panels, and how they are drawn."""
