"""A proxy that passes bytes on to the control, and hands copies to a process that watches."""
