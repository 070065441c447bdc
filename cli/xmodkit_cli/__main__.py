"""Run the command line as a module: `python -m xmodkit_cli`."""

from xmodkit_cli.main import main

main()
