"""Registries on both engines for the tests of this folder."""

from fakes.registries import database, empty_database, registry

__all__ = ["database", "empty_database", "registry"]
