"""The parts of the Helm chart that follow from the rest of the project."""
