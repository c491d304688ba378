"""Runs a command and checks its exit code: exit_code.py CODE COMMAND...

What the command printed goes on to standard output, standard error first, so that
FileCheck sees both in a fixed order.
"""
import subprocess
import sys

wanted = int(sys.argv[1])
done = subprocess.run(sys.argv[2:], capture_output=True)
sys.stdout.buffer.write(done.stderr + done.stdout)
if done.returncode != wanted:
    print(f"exit code {done.returncode}, expected {wanted}")
    sys.exit(1)
