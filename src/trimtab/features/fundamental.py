"""Fundamental: what filed accounts say of the price, as last filed by each decision."""

from __future__ import annotations
