"""Building blocks of networks: layers, recurrent cores, parameters, Adam and matrix products."""
