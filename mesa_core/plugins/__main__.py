"""`python -m mesa_core.plugins`: lists the installed plugins and transports, the broken ones with the reason."""

from __future__ import annotations

import argparse
import sys

from mesa_core.plugins.listing import installed, listing


def main() -> None:
    """Print the list."""
    description = "List the plugins and transports that are installed for mesa-sdk. Each of them is imported."
    argparse.ArgumentParser(prog="python -m mesa_core.plugins", description=description).parse_args()
    sys.stdout.write(listing(installed()) + "\n")


if __name__ == "__main__":
    main()
