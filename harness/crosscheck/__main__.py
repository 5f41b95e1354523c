"""`python -m crosscheck` is the program `crosscheck`."""

from crosscheck.cli.main import main

if __name__ == "__main__":
    main()
