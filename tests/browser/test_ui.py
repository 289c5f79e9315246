"""What a person sees in Dagster's UI: the graph, and a materialisation with its plot and its table."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes.servers import answers, free_port, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
STRATEGY = """
name = "small"
[universe]
instruments = ["AAPL"]
[features]
sets = ["candlesticks"]
[label]
kind = "direction"
[model]
algorithm = "linear"
[tuning]
n_trials = 0
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A webserver over the home of a real run."""
    folder = tmp_path_factory.mktemp("installation")
    (folder / "strategies").mkdir()
    (folder / "strategies" / "small.toml").write_text(STRATEGY)
    environment = os.environ | {
        "TRIMTAB_DATA_DIR": str(folder / "data"),
        "TRIMTAB_STRATEGIES_DIR": str(folder / "strategies"),
    }
    subprocess.run([sys.executable, "-m", "dagster_project.launch", "run"], cwd=ROOT, env=environment, check=True)
    port = free_port()
    command = [sys.executable, "-m", "dagster_project.serve", "webserver", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/server_info"), "the webserver")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a headless browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install -e '.[dev]'")
    if not CHROMIUM.exists():
        pytest.skip(f"needs {CHROMIUM}: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.set_default_timeout(PATIENCE_MS)
        yield page
        browser.close()


def test_the_graph_shows_the_groups_from_bars_to_decision(address: str, page: Page, tmp_path: Path) -> None:
    page.goto(f"{address}/asset-groups")
    for group in ("market_data", "features", "datasets", "models", "evidence", "monitoring", "governance"):
        page.get_by_text(group, exact=True).first.wait_for()
    page.screenshot(path=tmp_path / "graph.png")
    # Nothing stands in front of the first page.
    assert page.get_by_text("Join the Dagster community").count() == 0


def test_a_materialisation_shows_its_numbers_table_and_plot(address: str, page: Page, tmp_path: Path) -> None:
    page.goto(f"{address}/assets/walk_forward_report?view=partitions&partition=small")
    page.get_by_text("accuracy", exact=True).first.wait_for()
    assert page.get_by_text("fold_1", exact=True).count() >= 1
    page.get_by_text("Show Markdown").first.click()
    image = page.locator('img[src^="data:image/png;base64,"]').first
    image.wait_for()
    # The browser has decoded it: a broken image has no width.
    assert image.evaluate("image => image.complete && image.naturalWidth") > 300
    page.screenshot(path=tmp_path / "materialisation.png")


def test_schedules_and_sensors_are_listed(address: str, page: Page, tmp_path: Path) -> None:
    page.goto(f"{address}/automation")
    for name in ("daily_refresh", "retrain_small", "drift_retrain", "drift_after_refresh"):
        page.get_by_text(name, exact=True).first.wait_for()
    page.screenshot(path=tmp_path / "automation.png")
