"""Says what would be right, for the slips that people make most."""


def hint_for(message: str) -> str:
    """A sentence, or nothing when the slip is not one of the usual."""
    if message == "invalid char literal":
        return 'a string stands between double quotes or backquotes: {app="shop"}'
    return ""
