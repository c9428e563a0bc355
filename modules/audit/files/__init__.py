"""File activity: which files were opened, read and written, where in them, and by whom, from the events of a log.

Audit tells of system calls; which file a descriptor stands for, and where in it a process is, is reconstructed here, with a
confidence for each. docs/file-activity.md says what can be known.
"""
