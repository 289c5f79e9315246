"""Drawings as inline SVG that stretch with the page: lines, interval tracks, grids.

Only marks are stretched; their texts are HTML beside them, so they keep their size on a telephone. Every
drawing has a text alternative, and series differ by dashes and names too, not by colour alone.
"""
