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

# All but the pods that serve: the schema first, under the version that runs.
kubectl apply --filename "$rendered" --selector 'app.kubernetes.io/component notin (api, migrate)'
in_namespace delete job migrate --ignore-not-found
kubectl apply --filename "$rendered" --selector app.kubernetes.io/component=migrate
in_namespace wait job migrate --for=condition=complete --timeout=10m
kubectl apply --filename "$rendered"
in_namespace rollout status deployment app --timeout=5m

if ! uv run app smoke --base-url "$SMOKE_URL" --email "$SMOKE_EMAIL" --password-stdin < "$SMOKE_PASSWORD_FILE"; then
  echo "deploy: the smoke test failed; going back" >&2
  in_namespace rollout undo deployment app
  in_namespace rollout status deployment app --timeout=5m
  exit 1
fi
