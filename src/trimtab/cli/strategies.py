"""`trimtab strategies`: the strategy files, as they were understood."""

from __future__ import annotations

import typer

from trimtab.cli.output import print_json, print_table

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_strategies(json: bool = typer.Option(False, "--json", help="One JSON document.")) -> None:
    """Every strategy file in the strategies folder."""
    from trimtab.config import load_settings, load_strategies

    rows = [
        {
            "name": strategy.name,
            "label": f"{strategy.label.kind} over {', '.join(map(str, strategy.label.horizons))} bars",
            "instruments": ", ".join(strategy.universe.instruments),
            "timeframe": strategy.universe.timeframe.value,
            "model": strategy.model.algorithm,
            "retraining": strategy.retraining.schedule,
            "description": strategy.description,
        }
        for strategy in load_strategies(load_settings().strategies_dir).values()
    ]
    if json:
        print_json({"strategies": rows})
    else:
        print_table("Strategies", rows, ("name", "label", "instruments", "timeframe", "model", "description"))


@app.command("show")
def show_strategy(
    name: str = typer.Argument(help="Name of the strategy, as in its file."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """One strategy with every default filled in."""
    from trimtab.config import load_settings
    from trimtab.config.strategy import find_strategy

    strategy = find_strategy(load_settings().strategies_dir, name)
    if json:
        print_json(strategy.model_dump(mode="json"))
        return
    rows = []
    for section, value in strategy.model_dump().items():
        entries = value.items() if isinstance(value, dict) else [("", value)]
        rows += [{"section": section, "key": key, "value": entry} for key, entry in entries]
    print_table(f"Strategy {name}", rows)
