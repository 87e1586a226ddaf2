# Runs a private PostgreSQL server and removes every trace of it afterwards.
#
#   sh guard.sh DIR POSTGRES ARGUMENTS...
#
# Creates DIR, then closes stdout, to which it only ever writes the reason why it could
# not create DIR. Stdin is a pipe whose other end the lesson holds: a line on it means
# "start the server", and its end means that the lesson has ended, in whatever way: the
# kernel closes the pipe even after a kill -9. The guard then stops the server and
# removes DIR. If the server exits by itself, the guard creates DIR/exited.

dir=$1
shift
PATH=$PATH:/usr/bin:/bin
trap '' HUP INT TERM
# Background jobs get /dev/null as stdin, so keep the pipe as descriptor 3.
exec 3<&0 </dev/null

# Only the server's user can enter DIR. This script runs as that user, so if it cannot
# use a TMPDIR that root can, mkdir fails here.
mkdir -m 700 "$dir" 2>&1 || exit
exec >/dev/null

remove() {
    # Retry: an initdb that outlived the lesson may still create files.
    for attempt in 1 2 3 4; do
        rm -rf "$dir" && exit
        sleep 1
    done
    exit 1
}

read -r start <&3 || remove

"$@" >"$dir/log" 2>&1 3<&- &
server=$!

# Wait for the end of stdin, then stop the server. SIGQUIT makes PostgreSQL stop at
# once. It is ignored until the server has installed its handlers, so repeat it.
{
    read -r end
    while kill -QUIT "$server"; do sleep 1; done
} <&3 2>/dev/null &
watcher=$!

wait "$server"
echo "$?" >"$dir/exited"
kill -KILL "$watcher"
read -r end <&3
remove
