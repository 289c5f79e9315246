"""The stages from bars to decision: each reads its inputs from the lake, skips when they are
unchanged, computes through the layers below, stores the result and hands back what to show.

One module per stage, one function per Dagster asset; Dagster, the command line and replay call
the same functions. A stage holds no formula: what it computes is in the layer it is named after.
"""
