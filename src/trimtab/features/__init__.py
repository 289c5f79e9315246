"""Features: numbers about one instrument that look back only.

bars and what surrounds them → catalogue of features → block of values → offline table and online latest row.
Add a feature as one decorated function in the file of its theme, in the folder or module of its family; a new
module is one more name in `catalogue.FAMILY_MODULES`. What looks forward belongs to `trimtab.labels`, the join of
both to `trimtab.datasets`.
"""
