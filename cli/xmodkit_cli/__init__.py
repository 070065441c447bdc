"""The command line of xmodkit."""
