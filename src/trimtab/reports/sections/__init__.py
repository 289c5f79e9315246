"""The sections of the page, each a function from `ModelEvidence` to markup.

A section shows its document, or says in a sentence that nobody has measured it and why. It never fails for
want of a value: what is unknown is a dash.
"""
