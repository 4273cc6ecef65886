"""The somkit command."""


def main() -> None:
    """Run the command."""
