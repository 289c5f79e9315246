"""Configuration: strategy files (TOML) and settings (environment, settings file).

Read once at the edge, validated, frozen, and passed in. Every mistake is answered with one
sentence that names the file, the key, the value and what is allowed.
"""

from trimtab.config.settings import Settings, load_settings
from trimtab.config.strategy import Strategy, load_strategies, load_strategy

__all__ = ["Settings", "Strategy", "load_settings", "load_strategies", "load_strategy"]
