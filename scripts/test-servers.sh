#!/usr/bin/env bash
# Runs a command beside servers of its own: started in a temporary folder on free loopback ports,
# stopped and removed when the command ends, however it ends.
#
#   scripts/test-servers.sh postgres redis redis-cluster -- COMMAND [ARGUMENT ...]
#
# The command finds them by STAGEDOOR_TEST_POSTGRES, STAGEDOOR_TEST_REDIS and STAGEDOOR_TEST_REDIS_CLUSTER.
set -euo pipefail

usage() {
    echo "usage: ${0##*/} [postgres] [redis] [redis-cluster] -- COMMAND [ARGUMENT ...]" >&2
    exit 2
}

want_postgres=no
want_redis=no
want_redis_cluster=no
while [ $# -gt 0 ]; do
    case $1 in
    postgres) want_postgres=yes ;;
    redis) want_redis=yes ;;
    redis-cluster) want_redis_cluster=yes ;;
    --) shift && break ;;
    *) usage ;;
    esac
    shift
done
[ $# -gt 0 ] || usage

folder=$(mktemp -d "${TMPDIR:-/tmp}/stagedoor-servers.XXXXXX")
postgres_pid=
redis_pid=
cluster_pids=()

# Ends one server: asks, waits up to ten seconds, insists.
stop() {
    local pid=$1 ask=$2 insist=$3
    kill -s "$ask" "$pid" 2>/dev/null || return 0
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -s "$insist" "$pid" 2>/dev/null || true
}

clean_up() {
    local status=$?
    trap - EXIT
    # INT is PostgreSQL's fast shutdown, QUIT its immediate one.
    [ -z "$postgres_pid" ] || stop "$postgres_pid" INT QUIT
    [ -z "$redis_pid" ] || stop "$redis_pid" TERM KILL
    local pid
    for pid in "${cluster_pids[@]}"; do stop "$pid" TERM KILL; done
    wait 2>/dev/null || true
    rm -rf "$folder"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A port on which nothing listens now; whoever starts on it tries another one when it is lost.
free_port() {
    local port
    while true; do
        port=$((20000 + RANDOM % 12000)) # below the range that outgoing connections are given
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

# Waits until "$@" succeeds, for at most 60 s, and no longer than process $pid lives.
wait_for() {
    local pid=$1
    shift
    for _ in $(seq 600); do
        "$@" >/dev/null 2>&1 && return 0
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

start_postgres() {
    local bin data="$folder/postgres" port as=()
    bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
    [ -x "$bin/postgres" ] || { echo "PostgreSQL is not installed: scripts/setup.sh test" >&2 && exit 1; }
    mkdir "$data"
    if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
        chmod 711 "$folder"
        chown postgres "$data"
        as=(--reuid=postgres --regid=postgres --init-groups)
    fi
    (cd / && setpriv "${as[@]}" "$bin/initdb" --pgdata="$data/data" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync) >"$folder/initdb.log" 2>&1 ||
        { cat "$folder/initdb.log" >&2 && exit 1; }
    # Durable as in production (fsync and synchronous commit stay on); the rest is sized for
    # hundreds of small databases that live for minutes.
    cat >>"$data/data/postgresql.conf" <<-CONF
	listen_addresses = '127.0.0.1'
	unix_socket_directories = '$data'
	max_connections = 300
	shared_buffers = 256MB
	wal_level = minimal
	max_wal_senders = 0
	autovacuum_naptime = 10min
	CONF
    for _ in 1 2 3 4 5; do
        port=$(free_port)
        # --pdeathsig: the server goes down with this script even if that is killed outright.
        (cd / && exec setpriv "${as[@]}" --pdeathsig INT "$bin/postgres" -D "$data/data" -p "$port") \
            >>"$folder/postgres.log" 2>&1 &
        postgres_pid=$!
        if wait_for "$postgres_pid" "$bin/pg_isready" --host=127.0.0.1 --port="$port"; then
            export STAGEDOOR_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres"
            return
        fi
        stop "$postgres_pid" INT QUIT
        postgres_pid=
    done
    cat "$folder/postgres.log" >&2
    exit 1
}

start_redis() {
    local port
    command -v redis-server >/dev/null || { echo "Redis is not installed: scripts/setup.sh bench" >&2 && exit 1; }
    mkdir "$folder/redis"
    for _ in 1 2 3 4 5; do
        port=$(free_port)
        setpriv --pdeathsig TERM redis-server --bind 127.0.0.1 --port "$port" --dir "$folder/redis" \
            --appendonly yes --appendfsync always --save '' >>"$folder/redis.log" 2>&1 &
        redis_pid=$!
        if wait_for "$redis_pid" redis-cli -h 127.0.0.1 -p "$port" ping; then
            export STAGEDOOR_TEST_REDIS="redis://127.0.0.1:$port"
            return
        fi
        stop "$redis_pid" TERM KILL
        redis_pid=
    done
    cat "$folder/redis.log" >&2
    exit 1
}

# Whether every node of the cluster on these ports knows where every key is.
cluster_is_whole() {
    local port
    for port in "$@"; do
        redis-cli -p "$port" cluster info | grep -q cluster_state:ok || return 1
    done
}

start_redis_cluster() {
    local ports addresses node port bus
    command -v redis-server >/dev/null || { echo "Redis is not installed: scripts/setup.sh bench" >&2 && exit 1; }
    for _ in 1 2 3 4 5; do
        ports=() addresses=() cluster_pids=()
        for node in 1 2 3; do
            port=$(free_port) bus=$(free_port)
            rm -rf "$folder/node-$node" && mkdir "$folder/node-$node"
            setpriv --pdeathsig TERM redis-server --bind 127.0.0.1 --port "$port" --dir "$folder/node-$node" \
                --cluster-enabled yes --cluster-port "$bus" --save '' >>"$folder/redis-cluster.log" 2>&1 &
            cluster_pids+=($!) ports+=("$port") addresses+=("127.0.0.1:$port")
        done
        for node in 0 1 2; do
            wait_for "${cluster_pids[node]}" redis-cli -p "${ports[node]}" ping || break
        done
        # A node that did not start leaves this to fail at once.
        if redis-cli --cluster create "${addresses[@]}" --cluster-yes >>"$folder/redis-cluster.log" 2>&1 &&
            wait_for "${cluster_pids[0]}" cluster_is_whole "${ports[@]}"; then
            export STAGEDOOR_TEST_REDIS_CLUSTER="redis-cluster://${addresses[0]}"
            return
        fi
        for node in 0 1 2; do stop "${cluster_pids[node]}" TERM KILL; done
    done
    cat "$folder/redis-cluster.log" >&2
    exit 1
}

[ $want_postgres = no ] || start_postgres
[ $want_redis = no ] || start_redis
[ $want_redis_cluster = no ] || start_redis_cluster
"$@"
