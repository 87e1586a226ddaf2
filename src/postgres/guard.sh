# Runs a private PostgreSQL server and removes every trace of it afterwards.
#
#   sh guard.sh DIR BIN ARGUMENTS...    BIN is the directory of the programs
#   sh guard.sh DIR                     removes DIR after a guard that was killed
#
# Creates DIR, then closes stdout, to which it only ever writes the reason why it could
# not create DIR. Stdin is a pipe whose other end the lesson holds. A line on it is a
# command:
#
#   initdb   create DIR/data. DIR/initdb is then its exit status, DIR/log its errors.
#   start    run `postgres ARGUMENTS...`. If it exits by itself, create DIR/exited.
#
# The end of stdin means that the lesson has ended, in whatever way: the kernel closes
# the pipe even after a kill -9. The guard then stops the server and removes DIR.

dir=$1
bin=$2
PATH=$PATH:/usr/bin:/bin
umask 077
trap '' HUP INT TERM
# Background jobs get /dev/null as stdin, so keep the pipe as descriptor 3.
exec 3<&0 </dev/null

# Sends a signal until the process whose id is in a file has ended. It may be suspended.
end() {
    read -r pid <"$dir/$2" || return
    attempts=0
    while [ "$attempts" -lt 400 ] && kill "-$1" "$pid"; do
        kill -CONT "$pid"
        attempts=$((attempts + 1))
        sleep 0.05
    done
}

remove() {
    # An initdb that is interrupted leaves shared memory behind, so let it finish.
    end 0 initdb.pid
    # SIGQUIT makes PostgreSQL stop at once. A server that is starting ignores it.
    end QUIT server.pid
    # Retry: the server's processes may still create files.
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        rm -rf "$dir" && exit
        sleep 0.2
    done
    exit 1
}

# Only the server's user can enter DIR. This script runs as that user, so if it cannot
# use a TMPDIR that root can, mkdir fails here.
if [ -n "$bin" ]; then
    mkdir -m 700 "$dir" 2>&1 || exit
fi
exec >/dev/null 2>&1
[ -n "$bin" ] || remove
shift 2

read -r command <&3 || remove
if [ "$command" = initdb ]; then
    {
        # --auth=trust: others cannot enter the directory. The last two options make
        # it fast to create and small to copy. The disk may be full until initdb has
        # removed what it created, so write the log afterwards.
        log=$("$bin/initdb" -D "$dir/data" --username=workbook --auth=trust \
            --encoding=UTF8 --locale=C --wal-segsize=1 --no-sync 2>&1 >/dev/null)
        status=$?
        echo "$log" >"$dir/log"
        # Drop two of the three databases. Only CREATE DATABASE needs them, and
        # without them each start copies and removes 400 files instead of 1,000. If
        # this fails, each start is only slower.
        [ "$status" != 0 ] || "$bin/postgres" --single -F -D "$dir/data" postgres <<SQL
UPDATE pg_database SET datistemplate = false
DROP DATABASE template0
DROP DATABASE template1
SQL
        echo "$status" >"$dir/initdb"
    } 3<&- &
    echo "$!" >"$dir/initdb.pid"
    wait "$!"
    rm "$dir/initdb.pid"
    # It may be impossible to create any file.
    [ -s "$dir/initdb" ] || remove
    read -r command <&3 || remove
fi

# The server, and a shell that reports its exit.
{
    "$bin/postgres" "$@" >"$dir/log" 2>&1 &
    echo "$!" >"$dir/server.pid"
    wait "$!"
    status=$?
    rm "$dir/server.pid"
    echo "$status" >"$dir/exited"
} 3<&- &
reporter=$!

# Two shells wait for the end of stdin, because one may be killed or suspended.
{
    read -r end <&3
    sleep 1
    kill -CONT "$$"
    remove
} &
second=$!
read -r end <&3
kill -CONT "$reporter"
kill -KILL "$second"
remove
