"""What a function says when it cannot do what a template asks."""


class Refused(ValueError):
    """A template asked for what cannot be; the text never holds a value."""
