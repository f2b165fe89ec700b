#!/usr/bin/env bash
# Template-owned. Migrates, rolls out, asks the service what it must answer, and goes back if it does not.
#
#   OVERLAY=production SMOKE_URL=https://api.example.org SMOKE_EMAIL=probe@example.org \
#   SMOKE_PASSWORD_FILE=/run/secrets/probe deploy/scripts/deploy-kubernetes.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

: "${OVERLAY:?name a folder of deploy/kubernetes/overlays}"
: "${SMOKE_URL:?name the address that the deployment is reached under}"
: "${SMOKE_EMAIL:?name the account of the smoke test}"
: "${SMOKE_PASSWORD_FILE:?name the file with its password}"
folder="deploy/kubernetes/overlays/$OVERLAY"
rendered="$(mktemp)"
trap 'rm -f "$rendered"' EXIT
kubectl kustomize "$folder" > "$rendered"
namespace="$(sed -n 's/^namespace: //p' "$folder/kustomization.yaml")"
in_namespace() { kubectl --namespace "$namespace" "$@"; }
deployments() { in_namespace get deployment --selector 'app.kubernetes.io/component in (api, worker)' --output name; }

rolled_out() {
  local one
  for one in $(deployments); do
    in_namespace rollout status "$one" --timeout=5m || return 1
  done
}

answers() {
  uv run app smoke --base-url "$SMOKE_URL" --email "$SMOKE_EMAIL" --password-stdin < "$SMOKE_PASSWORD_FILE"
}

# All but the pods of the service: the schema first, under the version that runs.
kubectl apply --filename "$rendered" --selector 'app.kubernetes.io/component notin (api, worker, migrate)'
in_namespace delete job migrate --ignore-not-found
kubectl apply --filename "$rendered" --selector app.kubernetes.io/component=migrate
in_namespace wait job migrate --for=condition=complete --timeout=10m
kubectl apply --filename "$rendered"

if ! { rolled_out && answers; }; then
  echo "deploy: it does not answer as it must; going back" >&2
  for one in $(deployments); do
    in_namespace rollout undo "$one" || echo "deploy: nothing of $one was there before" >&2
  done
  rolled_out
  exit 1
fi
