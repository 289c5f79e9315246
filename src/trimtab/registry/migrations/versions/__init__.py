"""The steps of the schema, in order; each is frozen and imports nothing of trimtab.

Add `vNNNN_what_changes.py` with `revision` and `down_revision`; data and rules belong elsewhere.
"""
