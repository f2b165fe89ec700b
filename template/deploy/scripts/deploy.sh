#!/usr/bin/env bash
# Template-owned. Migrates, starts the new image, asks it what it must answer, and goes back if it does not.
#
#   IMAGE=registry.example.org/service:1.2.3 SMOKE_URL=https://api.example.org \
#   SMOKE_EMAIL=probe@example.org SMOKE_PASSWORD_FILE=/run/secrets/probe deploy/scripts/deploy.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

: "${IMAGE:?name the image to deploy}"
: "${SMOKE_URL:?name the address that the deployment is reached under}"
: "${SMOKE_EMAIL:?name the account of the smoke test}"
: "${SMOKE_PASSWORD_FILE:?name the file with its password}"
COMPOSE="${COMPOSE:-docker compose --file compose.production.yaml}"
STATE="${STATE:-var/deployed}"
mkdir -p "$(dirname "$STATE")"

say() { printf '%s deploy: %s\n' "$(date -u +%FT%TZ)" "$1"; }

say "migrating with $IMAGE"
export IMAGE
$COMPOSE run --rm migrate
say "starting $IMAGE"
if $COMPOSE up --detach --wait && $COMPOSE exec -T app app smoke --base-url "$SMOKE_URL" --email "$SMOKE_EMAIL" --password-stdin < "$SMOKE_PASSWORD_FILE"; then
  if [ -f "$STATE" ] && [ "$(cat "$STATE")" != "$IMAGE" ]; then cp "$STATE" "$STATE.previous"; fi
  printf '%s' "$IMAGE" > "$STATE"
  say "$IMAGE serves"
else
  say "$IMAGE does not answer as it must"
  if [ -f "$STATE" ]; then
    TO="$(cat "$STATE")" deploy/scripts/rollback.sh
  else
    say "nothing was deployed before; $IMAGE is still running"
  fi
  exit 1
fi
