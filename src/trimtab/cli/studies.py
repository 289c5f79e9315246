"""`trimtab studies`: the searches for parameters, what they tried and what won."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.pipeline.workspace import Workspace
    from trimtab.tuning.stored import StoredStudy

app = typer.Typer(no_args_is_help=True)


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
        columns = (
            "study",
            "label",
            "family",
            "sampler",
            "finished",
            "pruned",
            "objective",
            "best",
            "rows_end",
            "dataset",
        )
        print_table("Studies", [row | {"dataset": row["dataset"][:12]} for row in rows], columns)


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
    print_table(study.name, [{"key": key.replace("_", " "), "value": value} for key, value in summary.items()])
    shown = [{key: value for key, value in row.items() if key not in ("fold_values", "parameters")} for row in rows]
    print_table("Trials", [row | each["parameters"] for row, each in zip(shown, rows, strict=True)], _columns(study))
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
        "rows_end": about["rows_end"][:19],
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
    return ["trial", *study.about["objectives"], *searched, "on_front", "chosen", "reason"]


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
