"""Model families behind one protocol, ensembles, preprocessing inside the model, safe artifacts.

Add a family as one file that registers itself (`families.py` lists them); the contract suite picks it up.
Searching parameters belongs to `trimtab.tuning`, judging to `trimtab.validation`.
"""
