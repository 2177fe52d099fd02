"""Run the command line: `python -m mindgraph`."""

from mindgraph.cli import main

if __name__ == "__main__":
    main()
