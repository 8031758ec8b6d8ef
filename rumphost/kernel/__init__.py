"""The kernel's side of the section-9 interfaces, a module for each manual page. Pure Python."""
