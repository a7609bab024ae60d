#!/usr/bin/env bash
# Applies each patch of tests/mutants to a scratch copy and expects the tests to fail.
#
# A patch breaks one promise. Lines above its first "diff" or "---" say which, and which tests to
# run (cargo's arguments; all of them if it says nothing):
#
#     Promise: nothing is deleted while it is bound.
#     Tests: --lib laws
set -euo pipefail
cd "$(dirname "$0")/../.."

scratch=$PWD/target/mutants
tree=$scratch/tree
export CARGO_TARGET_DIR=$scratch/target
# Where the programs of Kubernetes are, if they have been built.
export KUBEBUILDER_ASSETS=${KUBEBUILDER_ASSETS:-$PWD/target/tools}
mkdir -p "$scratch"
rm -rf "$tree"
trap 'rm -rf "$tree"' EXIT
mkdir "$tree"
git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$tree"
# A repository of its own, so that `git apply` does not look at ours.
git -C "$tree" init --quiet

# run LOG ARGUMENT...: the tests in the scratch copy.
run() {
    local log=$1
    shift
    (cd "$tree" && cargo test --locked --quiet "$@") >"$log" 2>&1
}

survivors=0
total=0
green=
for patch in tests/mutants/*.patch; do
    [ -e "$patch" ] || { echo "there are no patches in tests/mutants" >&2; exit 1; }
    total=$((total + 1))
    name=$(basename "$patch" .patch)
    read -r -a tests <<<"$(sed -n 's/^Tests: //p' "$patch")"
    [ "${#tests[@]}" -gt 0 ] || tests=(--workspace)
    log=$scratch/$name.log
    # A mutant is caught by tests that are green without it.
    if [[ $green != *"|${tests[*]}|"* ]]; then
        run "$log" "${tests[@]}" || { echo "cargo test ${tests[*]} fails by itself, see $log" >&2; exit 1; }
        green+="|${tests[*]}|"
    fi
    git -C "$tree" apply "$PWD/$patch" || { echo "$name: the patch no longer applies" >&2; exit 1; }
    # A mutant that does not compile proves nothing.
    if ! run "$log" --no-run "${tests[@]}"; then
        echo "$name: does not compile, see $log" >&2
        exit 1
    fi
    if run "$log" "${tests[@]}"; then
        survivors=$((survivors + 1))
        verdict=SURVIVED
    else
        verdict=caught
    fi
    printf '%-10s %s: %s\n' "$verdict" "$name" "$(sed -n 's/^Promise: //p' "$patch")"
    git -C "$tree" apply --reverse "$PWD/$patch"
done

echo "$total mutants, $((total - survivors)) caught, $survivors survived"
[ "$survivors" -eq 0 ]
