"""Turning a mistake in a configuration file into one sentence a person can act on."""

from __future__ import annotations

import tomllib
import typing
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from trimtab.errors import ConfigurationError


def read_toml(path: Path, kind: str) -> dict[str, Any]:
    """Read a TOML file; `kind` names it in errors ("strategy file", "settings file")."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        beside = sorted(p.name for p in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        raise ConfigurationError(
            f"{kind} {path} does not exist; in {path.parent} there are: {', '.join(beside) or 'none'}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{kind} {path} is not readable TOML: {error}") from None
    except OSError as error:
        raise ConfigurationError(f"{kind} {path} cannot be read: {error.strerror}") from None


def explain(
    error: ValidationError, where: str, model: type[BaseModel], values: Any, env_prefix: str = ""
) -> ConfigurationError:
    """The first mistake of a validation as a `ConfigurationError`; says how many there are."""
    # An unknown key is said first: a misspelt key is also a missing one, and the cause reads better.
    mistakes = sorted(error.errors(include_url=False), key=lambda found: found["type"] != "extra_forbidden")
    first = mistakes[0]
    path = [str(part) for part in first["loc"] if not str(part).startswith("function-")]
    # A setting from the environment is not in the file, so the variable is what to name.
    from_environment = env_prefix and path and path[0] not in (values or {})
    place = "the environment" if from_environment else where
    key = env_prefix + path[0].upper() if from_environment else ".".join(path) or "(the file)"
    more = f" (and {len(mistakes) - 1} more mistakes)" if len(mistakes) > 1 else ""
    return ConfigurationError(f"{place}: {_sentence(key, path, first, model)}{more}")


def _sentence(key: str, path: list[str], mistake: ErrorDetails, model: type[BaseModel]) -> str:
    if mistake["type"] == "extra_forbidden":
        allowed = sorted(_model_at(model, path[:-1]).model_fields)
        close = get_close_matches(path[-1], allowed, n=1)
        hint = f" did you mean '{close[0]}'?" if close else ""
        return f"unknown key '{key}';{hint} allowed here: {', '.join(allowed)}"
    if mistake["type"] == "missing":
        return f"key '{key}' is missing; it must be given"
    given = mistake.get("input")
    reason = mistake["msg"].removeprefix("Value error, ")
    return f"'{key}' is {given!r}, but {reason[0].lower()}{reason[1:]}"


def _model_at(model: type[BaseModel], path: list[str]) -> type[BaseModel]:
    for name in path:
        annotation = model.model_fields[name].annotation
        for candidate in (annotation, *typing.get_args(annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model
