"""What can be wrong with the arrays and parameters handed to the algorithm.

The errors know rows and values, not files or columns: whoever read the file adds those.
"""

# In metres: beyond it a number no longer tells tenths of a millimetre apart, and no place on Earth is so far away.
LARGEST_COORDINATE = 1e12


class KMeansError(ValueError):
    """Base of every error that the package raises on purpose."""


class InvalidParameter(KMeansError):
    """A parameter is out of its domain or contradicts another one."""

    def __init__(self, name: str, value: object, rule: str) -> None:
        self.name, self.value, self.rule = name, value, rule
        super().__init__(f"{name} is {value!r}, but {rule}")


class InvalidPoint(KMeansError):
    """A coordinate is missing, not finite, or out of this world."""

    def __init__(self, row: int, value: tuple[float, float]) -> None:
        self.row, self.value = row, value
        super().__init__(
            f"row {row}: the coordinates are {value}, but have to be finite numbers of at most 1e12 metres"
        )


class InvalidWeight(KMeansError):
    """A weight is negative, missing or not finite."""

    def __init__(self, row: int, value: float) -> None:
        self.row, self.value = row, value
        super().__init__(
            f"row {row}: the weight is {value}, but has to be a finite number of at least 0, "
            "and all weights together at most 1e15"
        )
