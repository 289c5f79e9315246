"""trimtab turns raw market bars into governed, self-correcting forecasting models.

Importing this package imports nothing heavy: the libraries that compute are imported where they
are used, so that the command line answers at once.
"""

__version__ = "0.1.0"
