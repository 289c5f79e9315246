"""The files delivered to the inbox: an asset without partitions, one run per file.

It is no `StageSpec`, because what it is run for (a file that somebody delivers) is not known beforehand.
"""
# No postponed annotations: Dagster reads those of the asset's function.

import time

import dagster as dg
from pydantic import Field

from dagster_project.metadata import check_result, metadata_of
from dagster_project.resources import WorkspaceResource
from dagster_project.stage_asset import OWNERS, sentence

NAME = "inbox_files"
FILE_TAG = "inbox/file"
CONTENT_TAG = "inbox/content"
CHECKS = {
    "few_refused": "No more than a small share of the bars in the file had to be refused.",
    "one_source": "No strategy takes a series of the file from another source.",
}


class InboxFile(dg.Config):
    """Which file of the inbox is taken: its name, and what it must still hold (any content if absent)."""

    file: str = Field(pattern=r"^[^/\\]+$", max_length=255)
    content: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")


def run_config(file: str, content: str) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    """The configuration of a run over one file."""
    return {"ops": {NAME: {"config": {"file": file, "content": content}}}}


def build_inbox_asset(code_version: str) -> dg.AssetsDefinition:
    """The asset of the delivered files."""

    @dg.asset(
        name=NAME,
        group_name="market_data",
        description="One row per file delivered to the inbox: what it held, and what became of its bars.",
        kinds={"parquet"},
        owners=OWNERS,
        code_version=code_version,
        check_specs=[dg.AssetCheckSpec(name, asset=NAME, description=said) for name, said in CHECKS.items()],
    )
    def inbox_files(
        context: dg.AssetExecutionContext, config: InboxFile, workspace: dg.ResourceParam[WorkspaceResource]
    ) -> dg.MaterializeResult:
        from trimtab.errors import TrimtabError
        from trimtab.pipeline.inbox import ingest_file

        started = time.perf_counter()
        try:
            result = ingest_file(workspace.open(), config.file, config.content or None)
        except TrimtabError as error:
            raise dg.Failure(description=sentence(error), allow_retries=False) from error
        # Whoever started the run: what follows it looks for the content here.
        context.instance.add_run_tags(context.run.run_id, {FILE_TAG: result.key, CONTENT_TAG: result.data_version})
        return dg.MaterializeResult(
            data_version=dg.DataVersion(result.data_version),
            metadata=metadata_of(result, time.perf_counter() - started),
            check_results=[check_result(NAME, each.name, {result.key: each}) for each in result.checks],
        )

    return inbox_files
