#!/usr/bin/python3 -IS
"""Starts the program that it is called as: /searchengine, /indexer and /crawler are links to /lightship."""

import sys
from importlib import import_module

if __name__ == "__main__":  # not in a worker, which reads this file too
    program = sys.argv[0].rpartition("/")[2]
    import_module(f"lightship.{'cli' if program == 'lightship' else program}.main").main()
