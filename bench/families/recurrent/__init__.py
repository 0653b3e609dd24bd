"""Recurrent networks: the network, its program and the streams that it reads."""
