"""Engines: programs handed out to processes here or to remote workers."""
