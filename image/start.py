#!/usr/bin/python3 -IS
import sys
from importlib import import_module

program = sys.argv[0].rpartition("/")[2]
import_module(f"lightship.{'cli' if program == 'lightship' else program}.main").main()
