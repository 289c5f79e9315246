"""Turning a mistake in a configuration file into one sentence a person can act on."""

from __future__ import annotations

import re
import tomllib
import typing
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from trimtab.errors import ConfigurationError


class SectionError(ValueError):
    """Said by a check of a whole section: its text begins with the key of that section which is wrong."""


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
    """The first mistake of a validation as a `ConfigurationError`; says how many other keys are wrong."""
    by_key: dict[tuple[str, ...], list[ErrorDetails]] = {}
    for mistake in error.errors(include_url=False):
        by_key.setdefault(_written(mistake, values), []).append(mistake)
    for outer in [key for key in by_key if any(other[: len(key)] == key for other in by_key if other != key)]:
        del by_key[outer]  # a list that is too short, because an item of it is wrong
    # An unknown key is said first: a misspelt key is also a missing one, and the cause reads better.
    keys = sorted(by_key, key=lambda key: by_key[key][0]["type"] != "extra_forbidden")
    path = list(keys[0])
    # A setting from the environment is not in the file, so the variable is what to name.
    from_environment = env_prefix and path and path[0] not in (values or {})
    place = "the environment" if from_environment else where
    key = env_prefix + "__".join(path).upper() if from_environment else ".".join(path) or "(the file)"
    others = len(keys) - 1 - _missing_because_misspelt(by_key)
    more = f" (and {others} more mistake{'s' if others > 1 else ''})" if others > 0 else ""
    return ConfigurationError(f"{place}: {_sentence(key, path, by_key[keys[0]], model)}{more}")


def _written(mistake: ErrorDetails, values: Any) -> tuple[str, ...]:
    """Where a mistake is, in keys of the file: without the names pydantic gives to the branches of a choice."""
    if mistake["loc"] and mistake["loc"][0] not in (values or {}):  # missing, or from the environment
        return tuple(str(part) for part in mistake["loc"])
    path: list[str] = []
    for part in mistake["loc"]:
        inside = range(len(values)) if isinstance(values, list) else values if isinstance(values, dict) else ()
        if part in inside:
            values = values[part]
        elif mistake["type"] not in {"missing", "extra_forbidden"}:
            break
        path.append(str(part))
    return tuple(path)


def _missing_because_misspelt(by_key: dict[tuple[str, ...], list[ErrorDetails]]) -> int:
    """How many keys are missing only because they are there under a name much like theirs."""
    types = {key: mistakes[0]["type"] for key, mistakes in by_key.items()}
    unknown = [key for key, kind in types.items() if kind == "extra_forbidden"]
    return sum(
        kind == "missing" and bool(get_close_matches(key[-1], [name[-1] for name in unknown if name[:-1] == key[:-1]]))
        for key, kind in types.items()
    )


def _sentence(key: str, path: list[str], mistakes: list[ErrorDetails], model: type[BaseModel]) -> str:
    mistake = mistakes[0]
    if mistake["type"] == "extra_forbidden":
        allowed = sorted(_model_at(model, path[:-1]).model_fields)
        return f"unknown key '{key}';{_close(path[-1], allowed)} allowed here: {', '.join(allowed)}"
    if mistake["type"] == "missing":
        return f"key '{key}' is missing; it must be given"
    if isinstance(mistake.get("ctx", {}).get("error"), SectionError):
        return ".".join([*path, _reason(mistake)])
    reason = _reasons(mistakes)
    if mistake["type"] == "string_pattern_mismatch":  # its field says in words what it must look like
        reason = f"it must be {_model_at(model, path[:-1]).model_fields[path[-1]].description}"
    return f"'{key}' is {mistake.get('input')!r}, but {reason}{_nearest(mistake)}"


def _reasons(mistakes: list[ErrorDetails]) -> str:
    """What is allowed; each branch of a choice of types said once."""
    depth = min(len(mistake["loc"]) for mistake in mistakes)  # deeper: about an item, in a branch for lists
    said = list(dict.fromkeys(_reason(mistake) for mistake in mistakes if len(mistake["loc"]) == depth))
    first, others = said[0], [reason.removeprefix("input should be ") for reason in said[1:]]
    text = ", ".join([first, *others[:-1]]) + (f" or {others[-1]}" if others else "")
    return f"{text[0].lower()}{text[1:]}"


def _reason(mistake: ErrorDetails) -> str:
    reason = mistake["msg"].removeprefix("Value error, ")
    if mistake["type"] == "tuple_type":
        given = mistake.get("input")
        example = f", such as [{given!r}]" if isinstance(given, str | int | float) else ""
        reason = f"input should be a list{example}"
    return f"{reason[0].lower()}{reason[1:]}"


def _nearest(mistake: ErrorDetails) -> str:
    """The choice that is most like what was given, where the key has choices."""
    choices = re.findall(r"'([^']*)'", str(mistake.get("ctx", {}).get("expected", "")))
    close = get_close_matches(str(mistake.get("input")), choices, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _close(given: str, allowed: list[str]) -> str:
    close = get_close_matches(given, allowed, n=1)
    return f" did you mean '{close[0]}'?" if close else ""


def _model_at(model: type[BaseModel], path: list[str]) -> type[BaseModel]:
    for name in path:
        annotation = model.model_fields[name].annotation
        for candidate in (annotation, *typing.get_args(annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model
