"""holder.py - prints its environment as JSON and lives until stdin ends; gateway.py's foothold."""
import json
import os
import sys

print(json.dumps(dict(os.environ, HOLDER_PID=str(os.getpid()))), flush=True)
sys.stdin.read()
