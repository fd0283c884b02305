# For scripts that need the local server: builds it and starts it with the links in memory.
#
#     serve LOG [VARIABLE=VALUE...]
#
# LOG is the file of its output. The variables are its settings. `base` is then its address. The server stops when the
# script ends.
serve() {
    local log=$1
    shift
    # As `cargo run serve` builds it: another selection of packages would compile the AWS SDK anew.
    cargo build --locked
    : >"$log" # the server may not have opened it yet when it is read
    env "$@" "${CARGO_TARGET_DIR:-target}/debug/shortlink" serve --no-rate-limits --data memory --listen 127.0.0.1:0 >"$log" 2>&1 &
    trap "kill $!" EXIT
    for _ in $(seq 100); do
        base=$(sed -n 's/^Shortlink is listening on \(http:[^ ]*\) .*/\1/p' "$log")
        [ -n "$base" ] && break
        sleep 0.1
    done
}
