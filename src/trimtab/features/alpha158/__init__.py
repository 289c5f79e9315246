"""Alpha158: the 158 features of Microsoft's Qlib (0.9.7), by Qlib's names and with Qlib's numbers.

`bar_shape` holds the 13 that read one bar, `levels` the 15 kinds that place the price among its last
5 to 60 bars, `moves` the 14 kinds that follow how price and volume move; every kind has five windows.
Where Qlib's choices are odd they are kept, and `docs/alpha158.md` says so: its point is that a model
described elsewhere finds the inputs it was described with. A feature of our own belongs to another family.
"""
