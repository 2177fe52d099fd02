"""Run the command line from a checkout: `python cli.py --help`."""

from mindgraph.cli import main

main()
