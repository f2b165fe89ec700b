"""The hash chain over the audit trail."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "audit_chain_0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = ("audit_chain",)
depends_on: str | Sequence[str] | None = "audit_0001"


def upgrade() -> None:
    with op.batch_alter_table("audit_entries") as table:
        # Null in rows that were written without the chain.
        table.add_column(sa.Column("mac", sa.String(80), nullable=True))
        table.add_column(sa.Column("sequence", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("seal", sa.String(80), nullable=True))
        table.create_unique_constraint("uq_audit_entries_sequence", ["sequence"])
    op.create_index(
        "ix_audit_entries_unsealed",
        "audit_entries",
        ["id"],
        sqlite_where=sa.text("sequence IS NULL"),
        postgresql_where=sa.text("sequence IS NULL"),
    )
    op.create_table(
        "audit_chain",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("base_sequence", sa.BigInteger(), nullable=False),
        sa.Column("base_link", sa.String(64), nullable=False),
        sa.Column("head_sequence", sa.BigInteger(), nullable=False),
        sa.Column("head_link", sa.String(64), nullable=False),
        sa.Column("mac", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_chain"),
    )


def downgrade() -> None:
    op.drop_table("audit_chain")
    op.drop_index("ix_audit_entries_unsealed", "audit_entries")
    with op.batch_alter_table("audit_entries") as table:
        table.drop_constraint("uq_audit_entries_sequence")
        table.drop_column("seal")
        table.drop_column("sequence")
        table.drop_column("mac")
