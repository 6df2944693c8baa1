"""timed.py RESULT COMMAND…: runs the command, and writes to RESULT its wall time and CPU time in seconds and its peak memory in KiB.

The clock runs from right before the process is made until it has ended: a program that measures others from a process in
between, as time(1) behind a shell does, adds the making of that process to what takes milliseconds itself. Of the memory, less
than what this program has itself, 8 MiB, cannot be seen.
"""

import os
import sys
import time

result, command = sys.argv[1], sys.argv[2:]
begin = time.perf_counter()
process = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(process, 0)
wall = time.perf_counter() - begin
with open(result, "w") as file:
    file.write(f"{wall:.4f} {usage.ru_utime + usage.ru_stime:.4f} {usage.ru_maxrss}\n")
sys.exit(os.waitstatus_to_exitcode(status))
