"""Tools for work on the project; none of them is part of the package."""
