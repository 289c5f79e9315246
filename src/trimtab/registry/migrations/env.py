"""Alembic's entry: runs the steps on the connection that `migrate.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from trimtab.registry.migrate import VERSION_TABLE


def run_migrations() -> None:
    """Run every step that is missing, inside the transaction the caller has opened."""
    context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
    with context.begin_transaction():
        context.run_migrations()


# Alembic runs this file as `env_py`; any other import (a documentation tool, a test collector) does nothing.
if __name__ == "env_py":
    run_migrations()
