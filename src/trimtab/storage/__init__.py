"""Where bytes live: Parquet tables, content-addressed artifacts, the registry database, locks.

Everything here is crash-safe: a file appears whole under its name or not at all. Add here what
stores bytes without knowing what they mean; meaning belongs to the layers above.
"""
