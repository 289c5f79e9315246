"""The asset graph, jobs, schedules and sensors as text a person can review."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg


def graph_text(definitions: dg.Definitions) -> str:
    """One block per asset in the order of its dependencies, then what runs them."""
    repository = definitions.get_repository_def()
    assets = repository.asset_graph.toposorted_asset_keys
    blocks = ["\n".join(_asset(repository, key)) for key in assets]
    return "\n\n".join([*blocks, *("\n".join(lines) for lines in _automation(repository))]) + "\n"


def _asset(repository: dg.RepositoryDefinition, key: dg.AssetKey) -> Iterator[str]:
    node = repository.asset_graph.get(key)
    yield f"asset {key.to_user_string()}"
    yield f"  {node.description}"
    yield f"  group {node.group_name} · kinds {', '.join(sorted(node.kinds))} · owner {', '.join(node.owners)}"
    yield f"  partition {_partition(node.partitions_def)}"
    for parent in sorted(node.parent_keys):
        yield f"  reads {parent.to_user_string()} ({_mapping(node.partition_mappings.get(parent))})"
    for check in sorted(node.check_keys):
        spec = repository.asset_graph.get_check_spec(check)
        yield f"  check {check.name} ({'blocking' if spec.blocking else 'warning'})"


def _mapping(mapping: dg.PartitionMapping | None) -> str:
    if mapping is None or isinstance(mapping, dg.IdentityPartitionMapping):
        return "same partition"
    return "every partition" if isinstance(mapping, dg.AllPartitionMapping) else type(mapping).__name__


def _partition(partitions: dg.PartitionsDefinition | None) -> str:
    if partitions is None:
        return "none"
    assert isinstance(partitions, dg.StaticPartitionsDefinition)
    return ", ".join(partitions.get_partition_keys())


def _automation(repository: dg.RepositoryDefinition) -> Iterator[list[str]]:
    for job in sorted(repository.get_all_jobs(), key=lambda job: job.name):
        if not job.name.startswith("__"):
            keys = sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
            yield [f"job {job.name}", f"  {job.description}", f"  assets {', '.join(keys) or 'none'}"]
    for schedule in sorted(repository.schedule_defs, key=lambda schedule: schedule.name):
        when = f"{schedule.cron_schedule} {schedule.execution_timezone}"
        yield [f"schedule {schedule.name}", f"  {when} · {schedule.job_name} · {schedule.default_status.value.lower()}"]
    for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name):
        jobs = ", ".join(sorted(target.job_name for target in sensor.targets)) or "none"
        yield [
            f"sensor {sensor.name}",
            f"  {sensor.description}",
            f"  {type(sensor).__name__} · starts {jobs} · {sensor.default_status.value.lower()}",
        ]
