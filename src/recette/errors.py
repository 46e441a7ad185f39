"""The two ways in which an operation ends without an answer."""


class RecetteError(Exception):
    """A mistake that its user can mend: one line that says what, where and what to do."""


class Inconclusive(Exception):  # noqa: N818 - a verdict, not an error of the program
    """The question could not be answered: neither a proof of conformity nor of its contrary."""
