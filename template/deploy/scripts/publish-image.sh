#!/usr/bin/env bash
# Template-owned. Pushes the image that was tested, signs what the registry then holds, and attests what is in it.
# The pipeline runs it, after it has logged in to the registry.
#
#   IMAGE=registry.example.org/service:1.2.3 deploy/scripts/publish-image.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

: "${IMAGE:?name the image to publish, with its registry}"

docker load --input image.tar
docker tag service "$IMAGE"
docker push "$IMAGE"
# A tag can be moved later; the digest is this image and no other.
docker inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$IMAGE" |
  grep "^${IMAGE%:*}@sha256:" > published.txt
published="$(cat published.txt)"
cosign sign --yes "$published"
cosign attest --yes --type cyclonedx --predicate sbom.cdx.json "$published"
if [ -f provenance.json ]; then
  cosign attest --yes --type slsaprovenance1 --predicate provenance.json "$published"
fi
echo "published $published"
