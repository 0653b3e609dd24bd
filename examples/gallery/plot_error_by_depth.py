"""
How does DNI's error grow with depth?
=====================================

Text.
"""
import matplotlib.pyplot as plt
plt.plot([1,2])
