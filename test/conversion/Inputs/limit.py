"""Runs a command that may take so many seconds of processor time, children included:
what it takes on a machine with nothing else to do, whatever this one has to do.

usage: limit.py SECONDS COMMAND..
"""
import resource
import subprocess
import sys

code = subprocess.run(sys.argv[2:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = used.ru_utime + used.ru_stime
if seconds >= float(sys.argv[1]):
    sys.exit(f"took {seconds:.2f} s of processor time, may take {sys.argv[1]} s")
sys.exit(code)
