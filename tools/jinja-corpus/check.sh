#!/bin/sh
# Makes the corpus anew with Python's Jinja2 and compares it with the committed one.
# Without python3, or without exactly the pinned Jinja2, there is nothing to compare with: says so and succeeds.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
pinned=$(sed -n 's/^jinja2==//p' "$here/requirements.txt")
# datetime.fromisoformat reads all of ISO 8601 since Python 3.11
found=$(python3 -c 'import sys, jinja2; print(jinja2.__version__ if sys.version_info >= (3, 11) else "old Python")' 2>/dev/null || echo none)
if [ "$found" != "$pinned" ]; then
  echo "jinja-corpus: skipped, needs Python 3.11 or later with jinja2 $pinned (found: $found)"
  exit 0
fi
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
python3 -B "$here/generate.py" "$fresh"
if cmp -s "$fresh" "$here/../../libs/templates/src/fixtures/jinja-corpus.json"; then
  echo "jinja-corpus: the committed answers are what Jinja2 $pinned gives"
else
  echo "jinja-corpus: the committed corpus is not what Jinja2 $pinned gives; run tools/jinja-corpus/generate.py" >&2
  exit 1
fi
