"""Feed-forward networks: the network, its program, batches of images and decoupled layers."""
