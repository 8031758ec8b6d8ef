"""Debugging: the gdb extension, and the command line that starts gdb with it."""
