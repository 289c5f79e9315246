"""`trimtab studies`: the searches for parameters, what they tried and what won."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import DIGITS, print_json, print_table, shown
from trimtab.cli.trial_ledger import list_trials

if TYPE_CHECKING:
    from trimtab.pipeline.workspace import Workspace
    from trimtab.tuning.choice import TrialRecord
    from trimtab.tuning.stored import StoredStudy

app = typer.Typer(no_args_is_help=True)
app.command("trials")(list_trials)


@app.command("list")
def list_studies(
    strategy: str | None = typer.Option(None, "--strategy", help="Only the studies of one strategy."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Every study, by name."""
    from trimtab.tuning.stored import stored_studies

    workspace = _workspace()
    studies = stored_studies(workspace.lake.database, strategy)
    if strategy and not studies:  # a strategy whose file has gone may still have studies
        workspace.strategy(strategy)
    rows = [_summary(study) for study in studies]
    if json:
        print_json({"studies": rows})
    elif not rows:
        typer.echo("No study has been run yet; say: trimtab run")
    else:
        columns = ("study", "label", "family", "finished", "objective", "best", "rows_end")
        print_table("Studies", [row | _in_brief(row) for row in rows], columns)


@app.command("show")
def show_study(
    name: str = typer.Argument(help="Name of a study, or how it begins."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """One study: its trials, the Pareto front, what won and why, what was searched and what narrowed it."""
    from trimtab.tuning.stored import find_study

    study = find_study(_workspace().lake.database, name)
    rows, best = _trials(study), study.best
    if json:
        document = _summary(study) | {name: study.about[name] for name in ("space", "searched", "narrowed_from")}
        winner = None if best is None else {"trial": best.number, "parameters": best.parameters}
        print_json(document | {"chosen": winner, "front": study.choice.front, "trials": rows})
        return
    summary = {key: value for key, value in _summary(study).items() if key not in ("study", "objective")}
    summary["rows_end"] = f"{summary['rows_end'][:16].replace('T', ' ')}Z"
    print_table(study.name, [{"key": key.replace("_", " "), "value": value} for key, value in summary.items()])
    print_table("Trials", [_row(study, row) for row in rows], _columns(study))
    for trial in study.trials:
        if trial is not best:
            typer.echo(f"Trial {trial.number}: {_why(study, trial)}.")
    if best is not None:
        typer.echo(f"Trial {best.number} was chosen: {study.choice.reasons[best.number]}.\n")
    print_table("Searched", _space(study))
    if study.about["narrowed_from"]:
        typer.echo(
            "Narrowed to where the best trials of these studies were: " + ", ".join(study.about["narrowed_from"])
        )


def _summary(study: StoredStudy) -> dict[str, Any]:
    about = study.about
    return {
        "study": study.name,
        "strategy": about["strategy"],
        "label": about["label"],
        "family": about["family"],
        "sampler": about["sampler"],
        "objectives": about["objectives"],
        "trials": about["n_trials"],
        "finished": len(study.trials),
        "pruned": study.n_pruned,
        "interrupted": study.n_failed,
        "objective": about["objectives"][0],
        "best": None if study.best is None else study.best.values[0],
        "folds": about["n_folds"],
        "samples": about["n_samples"],
        "rows_end": f"{about['rows_end'][:19]}Z",
        "dataset": about["dataset_fingerprint"],
    }


def _trials(study: StoredStudy) -> list[dict[str, Any]]:
    names = study.about["objectives"]
    return [
        {"trial": trial.number}
        | dict(zip(names, trial.values, strict=True))
        | {
            "pruned": trial.pruned,
            "on_front": trial.number in study.choice.front,
            "chosen": trial.number == study.choice.chosen,
            "reason": study.choice.reasons[trial.number],
            "seconds": trial.seconds,
            "parameters": trial.parameters,
            "fold_values": dict(zip(names, trial.fold_values, strict=True)),
        }
        for trial in study.trials
    ]


def _columns(study: StoredStudy) -> list[str]:
    searched = [dimension["name"] for dimension in study.about["searched"]]
    return ["trial", *study.about["objectives"], *searched, "folds", "on_front", "chosen"]


def _row(study: StoredStudy, row: dict[str, Any]) -> dict[str, Any]:
    """A trial for people. A pruned one has no score in the table: a mean of its first folds is not beside the others'."""
    names = study.about["objectives"]
    n_scored = len(row["fold_values"][names[0]])
    unscored = dict.fromkeys(names) if row["pruned"] else {}
    return row | row["parameters"] | unscored | {"folds": f"{n_scored}/{study.about['n_folds']}"}


def _why(study: StoredStudy, trial: TrialRecord) -> str:
    reason = study.choice.reasons[trial.number]
    if not trial.pruned:
        return reason
    n_scored, first = len(trial.fold_values[0]), study.about["objectives"][0]
    return f"{reason}, {first} {shown(trial.values[0], DIGITS)} of {n_scored} {'fold' if n_scored == 1 else 'folds'}"


def _in_brief(row: dict[str, Any]) -> dict[str, str]:
    """So that a row fits a pipe: as much of the name as `studies show` needs to find it, and the day of the end."""
    strategy, colon, fingerprint = row["study"].partition(":")
    return {"study": f"{strategy}{colon}{fingerprint[:8]}", "rows_end": row["rows_end"][:10]}


def _space(study: StoredStudy) -> list[dict[str, Any]]:
    """Each dimension as it was searched, beside the family's whole range."""
    whole = {dimension["name"]: dimension for dimension in study.about["space"]}
    return [
        {
            "parameter": each["name"],
            "low": each["low"],
            "high": each["high"],
            "of_low": whole[each["name"]]["low"],
            "of_high": whole[each["name"]]["high"],
            "logarithmic": each["log"],
        }
        for each in study.about["searched"]
    ]


def _workspace() -> Workspace:
    from trimtab.config import load_settings
    from trimtab.pipeline.workspace import Workspace

    return Workspace.open(load_settings())
