"""States that are taken once."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "state_store_0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = ("state_store",)
depends_on: str | Sequence[str] | None = "baseline_0001"


def upgrade() -> None:
    op.create_table(
        "states",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_states"),
    )
    op.create_index("ix_states_expires_at", "states", ["expires_at"])


def downgrade() -> None:
    op.drop_table("states")
