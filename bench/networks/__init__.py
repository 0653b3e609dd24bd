"""The architectures, one file each; `registry.network_module` finds them."""
