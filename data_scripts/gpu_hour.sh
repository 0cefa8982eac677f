#!/usr/bin/env bash
# What to run first when there is a GPU for an hour: seven parts, each under ten minutes, each goes on where it stopped.
#
#   data_scripts/gpu_hour.sh OUT PHOTOGRAPHS          # all parts; PHOTOGRAPHS has the folders train and val
#   data_scripts/gpu_hour.sh OUT PHOTOGRAPHS speed    # one part: doctor correctness speed waits processes training report
#   TOY=1 data_scripts/gpu_hour.sh OUT PHOTOGRAPHS    # the same at toy size, on any machine, in two minutes
#
# OUT gets report.md, which has everything, and what it is made of: results.csv (a row per measurement, written at once),
# a log per part, the run folder of the training. Call it again after any interruption, until the training is done.
# Settings: PYTHON (python), PART_SECONDS (570), SIZE_PX (256), BATCH (16).
set -uo pipefail

if [ $# -lt 2 ]; then
  sed -n '2,10s/^# \{0,1\}//p' "$0"
  exit 1
fi
out=$1 photographs=$2
shift 2
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(doctor correctness speed waits processes training report)
python=${PYTHON:-python} seconds=${PART_SECONDS:-570}
here=$(cd "$(dirname "$0")" && pwd)
for folder in train val; do
  if [ ! -d "$photographs/$folder" ]; then
    echo "error: PHOTOGRAPHS: $photographs has no folder $folder; give one that a script in data_scripts made" >&2
    exit 1
  fi
done
mkdir -p "$out" || exit 1
export PYTHONUNBUFFERED=1

worst=0
for part in "${parts[@]}"; do
  echo "== $part"
  # The training gets its signal early enough to write a checkpoint; the others stop after the row that they are at.
  timeout --signal=TERM --kill-after=25 "$seconds" \
    "$python" "$here/gpu_hour.py" "$part" --out "$out" --photographs "$photographs" --seconds "$seconds" \
    ${TOY:+--toy} --size-px "${SIZE_PX:-256}" --batch-size "${BATCH:-16}" 2>&1 | tee -a "$out/$part.log"
  status=${PIPESTATUS[0]}
  if [ "$status" -ne 0 ]; then
    echo "== $part ended with status $status; see $part.log, and call again to go on"
    worst=1
  fi
done
exit $worst
