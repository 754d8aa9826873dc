"""Names of groups, for cluster ids."""

from sampling_units.io.columns import Grouping, texts

_NULL = "none"
# Null if some value is that text.
_CERTAINLY_NULL = "none~null"


def group_names(grouping: Grouping) -> list[str]:
    """A name for each group: its values behind underscores, distinct for distinct groups.

    If groups would share a name, the first keeps it. Null then gets another word than the text "none"; groups such as
    ("a_b", "c") and ("a", "b_c") get numbers in their order, whatever other groups there are.

    >>> import numpy as np, pyarrow as pa
    >>> group_names(Grouping(np.array([0, 1]), {"district": pa.array(["north", None])}))
    ['_north', '_none']
    """
    columns = [texts(values) for values in grouping.values.values()]
    plain, certain = ([""] * len(grouping) for _ in range(2))
    for column in columns:
        plain = [f"{name}_{_NULL if text is None else text}" for name, text in zip(plain, column, strict=True)]
        certain = [
            f"{name}_{_CERTAINLY_NULL if text is None else text}" for name, text in zip(certain, column, strict=True)
        ]
    # A name that replaces a shared one is never the plain name of another group.
    taken = set(plain)
    n_alike: dict[str, int] = {}
    names = []
    for name, evasion in zip(plain, certain, strict=True):
        n_alike[name] = n_alike.get(name, 0) + 1
        chosen = name if n_alike[name] == 1 else _free(name, evasion, n_alike, taken)
        taken.add(chosen)
        names.append(chosen)
    return names


def _free(name: str, evasion: str, n_alike: dict[str, int], taken: set[str]) -> str:
    """``evasion``, or else ``name`` with the first number that makes a name which is not taken."""
    if evasion not in taken:
        return evasion
    while f"{name}~{n_alike[name]}" in taken:
        n_alike[name] += 1
    return f"{name}~{n_alike[name]}"
