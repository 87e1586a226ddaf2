# Runs a private PostgreSQL server, and sees to it that nothing is left of it.
#
#   sh guard.sh FOLDER POSTGRES ARGUMENTS...
#
# Makes the folder, and closes standard output, on which there is only ever the reason why
# it could not. Standard input is a pipe from the lesson: one line on it means "start the
# server", its end means that the lesson is over, however it ended. Then the server is
# stopped and its folder removed. A server that ends by itself leaves FOLDER/exited.

folder=$1
shift
PATH=$PATH:/usr/bin:/bin
trap '' HUP INT TERM
exec 3<&0 </dev/null

# Open to the server's user alone. It is that user who makes it here, so a TMPDIR of
# root's that this user cannot use is noticed at once.
mkdir -m 700 "$folder" 2>&1 || exit
exec >/dev/null

remove() {
    # Again, if an initdb that lost its lesson has just written one more file.
    for try in 1 2 3 4; do
        rm -rf "$folder" && exit
        sleep 1
    done
    exit 1
}

read -r start <&3 || remove

"$@" >"$folder/log" 2>&1 3<&- &
server=$!

# SIGQUIT is PostgreSQL's "stop at once". It is ignored until the server has set up its
# handlers, so one is not enough.
{
    read -r end
    while kill -QUIT "$server"; do sleep 1; done
} <&3 2>/dev/null &
watcher=$!

wait "$server"
echo "$?" >"$folder/exited"
kill -KILL "$watcher"
read -r end <&3
remove
