#!/usr/bin/env bash
# Template-owned. Takes the newest release of the template to a branch and opens a pull request.
# Where lines of yours and of the template meet, it stops and names the files.
set -euo pipefail

branch=template-update
notes=docs/upgrade-notes.md

copier() {
  uvx 'copier>=9.19.1,<10' "$@"
}

conflicts() {
  git ls-files --unmerged | cut -f 2
  git ls-files --others -- '*.rej'
  # 1 says that nothing was found; more than that is a failure.
  git grep --untracked --name-only '^<<<<<<< before updating' || test $? = 1
}

# Status 2 says that there is a newer release; any other failure is one.
status=0
copier check-update --quiet || status=$?
if [ "$status" = 0 ]; then
  echo "this project follows the newest release"
  exit 0
elif [ "$status" != 2 ]; then
  exit "$status"
fi

git switch --quiet --force-create "$branch"
copier update --defaults --skip-answered -c 1000
version=$(sed -n 's/^_commit: //p' .copier-answers.yml)

conflicted=$(conflicts | sort --unique)
if [ -n "$conflicted" ]; then
  while read -r path; do
    echo "::error file=$path::the update to $version conflicts here: docs/how-to/update.md"
  done <<< "$conflicted"
  exit 1
fi

uv lock --quiet
git add --all
git commit --quiet --message "Update from the template to $version"

body=$(mktemp)
{
  echo "What this project must know of $version and what came before it."
  echo
  git diff --unified=0 HEAD~1 HEAD -- "$notes" | sed -n 's/^+\([^+]\|$\)/\1/p'
} > "$body"

gh auth setup-git
git push --quiet --force origin "$branch"
title="Update from the template to $version"
if [ -n "$(gh pr list --head "$branch" --json number --jq '.[].number')" ]; then
  gh pr edit "$branch" --title "$title" --body-file "$body"
else
  gh pr create --head "$branch" --title "$title" --body-file "$body"
fi
