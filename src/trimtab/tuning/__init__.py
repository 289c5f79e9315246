"""Searching parameters: studies on purged folds, stored in the registry database, resumable.

What a family allows and what may be searched belongs to `trimtab.models`; how folds are cut to
`trimtab.validation`; counting trials against luck to the registry's trial ledger.
"""
