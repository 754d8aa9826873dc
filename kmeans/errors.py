"""What can be wrong with the arrays and parameters handed to the algorithm.

The errors know rows and values, not files or columns: whoever read the file adds those.
"""

# In metres: beyond it a number no longer tells tenths of a millimetre apart, and no place on Earth is so far away.
LARGEST_COORDINATE = 1e12


class KMeansError(ValueError):
    """Base of every error that the package raises on purpose.

    >>> import kmeans
    >>> issubclass(kmeans.InvalidWeight, kmeans.KMeansError), issubclass(kmeans.KMeansError, ValueError)
    (True, True)
    """


class InvalidParameter(KMeansError):
    """A parameter is out of its domain or contradicts another one.

    >>> from kmeans import Parameters
    >>> Parameters(target_weight=0)
    Traceback (most recent call last):
    ...
    kmeans.errors.InvalidParameter: target_weight is 0, but has to be a finite number above 0
    """

    def __init__(self, name: str, value: object, rule: str) -> None:
        self.name, self.value, self.rule = name, value, rule
        super().__init__(f"{name} is {value!r}, but {rule}")


class InvalidArray(KMeansError):
    """An array has the wrong shape, values that are not numbers, or masked entries.

    >>> from kmeans import Parameters, cluster
    >>> cluster([[0.0, 0.0, 0.0]], None, Parameters(1.0))
    Traceback (most recent call last):
    ...
    kmeans.errors.InvalidArray: points: the shape has to be (n, 2), not (1, 3)
    """

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"{name}: {problem}")


class NotFitted(KMeansError, AttributeError):
    """An estimator was asked for results before ``fit`` was called.

    >>> from kmeans import BalancedKMeans
    >>> BalancedKMeans(target_weight=240).predict([[0.0, 0.0]])
    Traceback (most recent call last):
    ...
    kmeans.errors.NotFitted: call fit first
    """


class InvalidPoint(KMeansError):
    """A coordinate is not finite, or beyond 1e12 metres.

    >>> from kmeans import Parameters, cluster
    >>> cluster([[0.0, 0.0], [1e15, 0.0]], None, Parameters(1.0))
    Traceback (most recent call last):
    ...
    kmeans.errors.InvalidPoint: row 1: the coordinates are (1000000000000000.0, 0.0), ...
    """

    def __init__(self, row: int, value: tuple[float, float]) -> None:
        self.row, self.value = row, value
        super().__init__(
            f"row {row}: the coordinates are {value}, but have to be finite numbers of at most 1e12 metres"
        )


class InvalidWeight(KMeansError):
    """A weight is negative or not finite, or all weights together are too large.

    >>> from kmeans import Parameters, cluster
    >>> cluster([[0.0, 0.0], [1.0, 0.0]], [1.0, -1.0], Parameters(1.0))
    Traceback (most recent call last):
    ...
    kmeans.errors.InvalidWeight: row 1: the weight is -1.0, ...
    """

    def __init__(self, row: int, value: float) -> None:
        self.row, self.value = row, value
        super().__init__(
            f"row {row}: the weight is {value}, but has to be a finite number of at least 0, "
            "and all weights together at most 1e15"
        )
