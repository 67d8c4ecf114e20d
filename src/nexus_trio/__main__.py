"""`python -m nexus_trio`."""

from nexus_trio.cli import main

if __name__ == "__main__":
    main()
