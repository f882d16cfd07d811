#!/usr/bin/python3 -IS
"""Starts the program that it is called as: /searchengine, /indexer and /crawler are links to /lightship."""

import gc
import sys
from importlib import import_module

if __name__ == "__main__":  # not in a worker, which reads this file too
    program = sys.argv[0].rpartition("/")[2]
    gc.disable()  # imports leave no garbage to look for: a tenth of their time
    module = import_module(f"lightship.{'cli' if program == 'lightship' else program}.main")
    gc.enable()
    module.main()
