"""The trial ledger keeps every objective of a trial and whether it was pruned; of older trials both are unknown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two columns that may be empty."""
    op.add_column("trial_ledger", sa.Column("objectives", sa.JSON(), nullable=True))
    op.add_column("trial_ledger", sa.Column("pruned", sa.Boolean(), nullable=True))
