#!/usr/bin/env bash
# Template-owned. Starts the image that served before, or the one that TO names.
#
# The schema stays as it is: a migration must work with the version before it (expand, then contract).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

COMPOSE="${COMPOSE:-docker compose --file compose.production.yaml}"
STATE="${STATE:-var/deployed}"
if [ -z "${TO:-}" ]; then
  if [ ! -f "$STATE.previous" ]; then
    echo "rollback: no image served before; name one: TO=image $0" >&2
    exit 1
  fi
  TO="$(cat "$STATE.previous")"
fi
export IMAGE="$TO"
$COMPOSE up --detach --wait
printf '%s' "$IMAGE" > "$STATE"
printf '%s rollback: %s serves\n' "$(date -u +%FT%TZ)" "$IMAGE"
