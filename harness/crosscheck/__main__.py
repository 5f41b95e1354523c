"""`python -m crosscheck` is the program `crosscheck`."""

from crosscheck.core.interrupts import listen


def main() -> None:
    """Run the command line. Signals are handled before it is imported, so that even the first Ctrl-C is one line."""
    listen()
    from crosscheck.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
