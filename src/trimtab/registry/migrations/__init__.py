"""Migrations of the registry schema, run by Alembic through `trimtab.registry.migrate.upgrade`.

`versions/` holds one file per step, never changed once released. Change `registry/schema.py`,
add the next file here and set `migrate.HEAD`; a test compares the migrated database with the
schema on both engines and names what differs. Nothing else belongs here.
"""
