"""Least squares for a handful of unknowns, without a library for it."""

from __future__ import annotations

from collections.abc import Sequence

Row = Sequence[float]


def fit(rows: Sequence[Row], values: Sequence[float]) -> list[float]:
    """Coefficients whose products with the rows come closest to the values, each error taken relative to its value.

    A coefficient that would be negative is left out, since no cost is; ValueError where rows do not tell them apart.
    """
    scaled = [[x / value for x in row] for row, value in zip(rows, values, strict=True)]
    kept = list(range(len(rows[0])))
    while True:
        found = _solve([[row[i] for i in kept] for row in scaled])
        worst = min(range(len(kept)), key=found.__getitem__)
        if found[worst] >= 0:
            return [found[kept.index(i)] if i in kept else 0.0 for i in range(len(rows[0]))]
        del kept[worst]


def _solve(rows: Sequence[Row]) -> list[float]:
    """The normal equations for values that are all 1, by elimination with pivots."""
    size = len(rows[0])
    table = [
        [sum(row[i] * row[j] for row in rows) for j in range(size)] + [sum(row[i] for row in rows)] for i in range(size)
    ]
    scale = [max(abs(x) for x in line[:-1]) or 1.0 for line in table]
    for i in range(size):
        pivot = max(range(i, size), key=lambda j: abs(table[j][i]) / scale[j])
        if abs(table[pivot][i]) < 1e-12 * scale[pivot]:
            raise ValueError("the runs are too alike to tell the costs apart")
        table[i], table[pivot], scale[i], scale[pivot] = table[pivot], table[i], scale[pivot], scale[i]
        for j in range(size):
            if j != i:
                factor = table[j][i] / table[i][i]
                table[j] = [x - factor * y for x, y in zip(table[j], table[i], strict=True)]
    return [table[i][-1] / table[i][i] for i in range(size)]
