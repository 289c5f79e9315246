"""The life cycle of a model version: its states, the evidence, the gates, the decision.

A gate is one function in `gates`; add one there (docs/how-to/add_a_gate.md). Which moves are
allowed is the table in `states`. Storing belongs to `trimtab.registry`; computing the evidence
belongs to the layers it comes from.
"""
