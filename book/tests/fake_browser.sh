#!/bin/sh
# A fake browser. The name of the symlink by which it is called selects its behavior.
for argument in "$@"; do
    case $argument in --print-to-pdf=*) pdf=${argument#*=} ;; esac
done
case ${0##*/} in
    fails) echo "no usable sandbox" >&2; exit 7 ;;
    nothing) ;;
    half) printf '%%PDF-1.4\n2 0 obj\n' >"$pdf" ;;
    hangs) sleep 600 & echo $! >"${0%/*}/pid"; wait ;;
    prints) printf '%%PDF-1.4\n%%%%EOF\n' >"$pdf" ;;
esac
