"""Compiled loops (numba) under the features: windows, extremes, recursions, ratios.

Every kernel looks back only and gives the same bits for the same prefix, whatever follows. Windows
never subtract what they added: the sum of a window is the tail of one block plus the head of the
next (van Herk 1992, Gil & Werman 1993), so nothing drifts over long histories and a NaN leaves with
its window. Add a loop here when several features need it and numpy would need many passes.
"""
