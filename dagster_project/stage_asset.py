"""A stage of the library as a Dagster asset: declared in `assets/`, built and run here.

All assets are alike: find the partition keys of the run, call one library function per key, show what
it hands back. So an asset is declared as data (`StageSpec`), and how it runs is written once.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import dagster as dg

from dagster_project.metadata import check_result, metadata_of
from dagster_project.partitions import Grain, Partitions
from dagster_project.resources import WorkspaceResource
from trimtab.errors import TrimtabError

if TYPE_CHECKING:
    from trimtab.pipeline.stage import CheckOutcome, StageResult
    from trimtab.pipeline.workspace import Workspace

Stage = Callable[["Workspace", str], "StageResult"]
OnFinished = Callable[[str, "StageResult", float], None]

OWNERS = ["team:research"]
# Series are many and cheap: one run takes them all. Strategies are few and dear: each has its own run,
# so that a check that fails holds back nobody else.
BACKFILL = {"series": dg.BackfillPolicy.single_run(), "strategy": dg.BackfillPolicy.multi_run(1)}
DATA_VERSION_TAG = "dagster/data_version"


@dataclass(frozen=True)
class Check:
    """A check that a stage makes on its data while it is in memory.

    Attributes
    ----------
    name: as in the stage's `CheckOutcome`.
    description: what must hold.
    blocking: whether what is downstream must not run when it failed.
    """

    name: str
    description: str
    blocking: bool = True


@dataclass(frozen=True)
class StageSpec:
    """What Dagster has to know of a stage.

    Attributes
    ----------
    name, group: of the asset; the group is the layer it belongs to.
    grain: one partition per series or per strategy.
    description: one sentence that says what one row is.
    kinds: at most three, shown as icons.
    stage: the library function, imported when it is called.
    reads: the assets it depends on, of the same series, or of the series of its strategy.
    reads_of_all: the assets it depends on in every partition: the bars of peers.
    checks: the checks its result carries.
    """

    name: str
    group: str
    grain: Grain
    description: str
    kinds: frozenset[str]
    stage: Stage
    reads: tuple[str, ...] = ()
    reads_of_all: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Running:
    """How the assets run; tests and the launcher choose other than the defaults.

    Attributes
    ----------
    stages: functions that take the place of the library's, by asset name.
    on_finished: told of every finished key: asset, result, seconds.
    """

    stages: Mapping[str, Stage] = field(default_factory=dict)
    on_finished: OnFinished = lambda asset, result, seconds: None


def build_asset(
    spec: StageSpec, grains: Mapping[str, Grain], partitions: Partitions, running: Running, code_version: str
) -> dg.AssetsDefinition:
    """The asset of a stage; `grains` gives the grain of every asset by name."""
    deps = [dg.AssetDep(name, partition_mapping=partitions.mapping(grains[name], spec.grain)) for name in spec.reads]
    deps += [dg.AssetDep(name, partition_mapping=dg.AllPartitionMapping()) for name in spec.reads_of_all]
    checks = [
        dg.AssetCheckSpec(check.name, asset=spec.name, description=check.description, blocking=check.blocking)
        for check in spec.checks
    ]

    @dg.asset(
        name=spec.name,
        group_name=spec.group,
        description=spec.description,
        kinds=set(spec.kinds),
        owners=OWNERS,
        code_version=code_version,
        partitions_def=partitions.of(spec.grain),
        deps=deps,
        check_specs=checks,
        backfill_policy=BACKFILL[spec.grain],
    )
    def stage_asset(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[WorkspaceResource]
    ) -> dg.MaterializeResult:
        return materialize(context, spec, running, workspace)

    return stage_asset


def materialize(
    context: dg.AssetExecutionContext, spec: StageSpec, running: Running, workspace: WorkspaceResource
) -> dg.MaterializeResult[Any]:
    """Run a stage for every partition key of the run, and fail at the end if any key failed.

    The keys that did not fail are recorded as materialised before the failure is raised, so one bad
    series costs nobody else's work.
    """
    opened = workspace.open()
    finished: dict[str, tuple[StageResult, float]] = {}
    failures: dict[str, Exception] = {}
    for key in context.partition_keys:
        started = time.perf_counter()
        try:
            result = running.stages.get(spec.name, spec.stage)(opened, key)
        except Exception as error:  # whatever it is, the other keys go on and it is raised at the end
            failures[key] = error
            context.log.error(f"{key}: {sentence(error)}")
            continue
        seconds = time.perf_counter() - started
        finished[key] = result, seconds
        context.log.info(f"{key}: {'unchanged' if result.skipped else 'done'} in {seconds:.2f} s")
        running.on_finished(spec.name, result, seconds)
    if failures:
        _record_and_fail(context, finished, failures)
    return _combined(context, spec, finished)


def sentence(error: Exception) -> str:
    """An error as one sentence: those raised on purpose already are one."""
    return str(error) if isinstance(error, TrimtabError) else f"{type(error).__name__}: {error}"


def _combined(
    context: dg.AssetExecutionContext, spec: StageSpec, finished: "Mapping[str, tuple[StageResult, float]]"
) -> "dg.MaterializeResult[Any]":
    for key, (result, seconds) in finished.items():
        _require_declared_checks(spec, result)
        context.add_asset_metadata(metadata_of(result, seconds), partition_key=key)
    checks = [check_result(spec.name, check.name, _outcomes(finished, check.name)) for check in spec.checks]
    return dg.MaterializeResult(data_version=_data_version(finished), check_results=checks)


def _require_declared_checks(spec: StageSpec, result: "StageResult") -> None:
    # A check that silently goes missing would count as passed.
    declared = {check.name: check.blocking for check in spec.checks}
    returned = {outcome.name: outcome.blocking for outcome in result.checks}
    if declared != returned:
        raise TypeError(f"asset {spec.name} declares the checks {declared}, but its stage returned {returned}")


def _outcomes(finished: "Mapping[str, tuple[StageResult, float]]", name: str) -> "dict[str, CheckOutcome]":
    return {key: outcome for key, (result, _) in finished.items() for outcome in result.checks if outcome.name == name}


def _data_version(finished: "Mapping[str, tuple[StageResult, float]]") -> dg.DataVersion:
    # Dagster takes one version for all keys of a run; each key's own is in its metadata.
    from trimtab.storage.hashing import fingerprint_json

    versions = {key: result.data_version for key, (result, _) in finished.items()}
    return dg.DataVersion(next(iter(versions.values())) if len(versions) == 1 else fingerprint_json(versions))


def _record_and_fail(
    context: dg.AssetExecutionContext,
    finished: "Mapping[str, tuple[StageResult, float]]",
    failures: Mapping[str, Exception],
) -> NoReturn:
    for key, (result, seconds) in finished.items():
        context.log_event(
            dg.AssetMaterialization(
                context.asset_key,
                partition=key,
                metadata=metadata_of(result, seconds),
                tags={DATA_VERSION_TAG: result.data_version},
            )
        )
    first = next(iter(failures.values()))
    if len(failures) == 1 == len(failures) + len(finished):
        description = sentence(first)
    else:
        n = len(failures) + len(finished)
        said = "; ".join(f"{key}: {sentence(error)}" for key, error in failures.items())
        description = f"{len(failures)} of {n} keys failed, the others are done. {said}"
    # The same inputs fail again, so Dagster is told not to try again.
    raise dg.Failure(description=description, allow_retries=False) from first
