"""plant.py IN OUT OLD NEW - a source file with one bug in it: OLD, which must stand in it
exactly once, replaced by NEW. The simulator built with it must fail."""
import sys

source, target, old, new = sys.argv[1:]
text = open(source, encoding="utf-8").read()
if text.count(old) != 1:
    sys.exit(f"{source}: not exactly once in it: {old}")
open(target, "w", encoding="utf-8").write(text.replace(old, new))
