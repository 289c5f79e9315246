"""Peers: how an instrument moves against the others of its universe, each bar seen only once it was known."""

from __future__ import annotations
