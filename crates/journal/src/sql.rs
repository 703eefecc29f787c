//! Every statement on the journal's tables.

/// One file per partition, so `journal_partition` has one row and a batch's key is its number
/// alone: an integer key appends at the end of the tree.
pub(crate) mod sqlite {
    pub const SCHEMA: &str = "
        CREATE TABLE journal_partition (
            partition INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, checkpoint INTEGER NOT NULL) STRICT;
        CREATE TABLE journal_batch (
            seq INTEGER PRIMARY KEY CHECK (seq > 0), epoch INTEGER NOT NULL, decided_at INTEGER NOT NULL,
            chain BLOB NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE TABLE journal_snapshot (
            event_id BLOB PRIMARY KEY, version INTEGER NOT NULL, covers INTEGER NOT NULL, checksum INTEGER NOT NULL,
            body BLOB NOT NULL) STRICT;
        CREATE TABLE journal_blob (hash BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT;
        PRAGMA user_version = 1;";
    pub const PARTITION: &str = "SELECT partition FROM journal_partition";
    pub const PARTITION_START: &str = "INSERT INTO journal_partition (partition, epoch, checkpoint) VALUES ($1, 0, 0)";
    pub const CLAIM: &str = "UPDATE journal_partition SET epoch = epoch + 1
        WHERE partition = $1 AND epoch = COALESCE($2, epoch) RETURNING epoch";
    /// Compares the epoch and writes, in one statement and so in one transaction.
    pub const APPEND: &str = "INSERT INTO journal_batch (seq, epoch, decided_at, chain, body)
        SELECT $1, $2, $3, $4, $5 FROM journal_partition WHERE epoch = $2";
    pub const LAST: &str = "SELECT seq, epoch, decided_at, chain, body FROM journal_batch ORDER BY seq DESC LIMIT 2";
    pub const BATCHES: &str =
        "SELECT seq, epoch, decided_at, chain, body FROM journal_batch WHERE seq > $1 ORDER BY seq";
    pub const HEADER: &str = "SELECT seq, epoch, decided_at, chain FROM journal_batch WHERE seq = $1";
    pub const OWNED: &str = "SELECT count(*) FROM journal_partition WHERE epoch = $1";
    pub const CHECKPOINT: &str = "SELECT checkpoint FROM journal_partition";
    pub const SET_CHECKPOINT: &str = "UPDATE journal_partition SET checkpoint = max(checkpoint, $1) WHERE epoch = $2";
    pub const PUT_SNAPSHOT: &str = "INSERT INTO journal_snapshot (event_id, version, covers, checksum, body)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (event_id) DO UPDATE SET version = excluded.version, covers = excluded.covers,
            checksum = excluded.checksum, body = excluded.body";
    pub const SNAPSHOT: &str =
        "SELECT event_id, version, covers, checksum, body FROM journal_snapshot WHERE event_id = $1";
    pub const SNAPSHOTS: &str =
        "SELECT event_id, version, covers, checksum, body FROM journal_snapshot ORDER BY event_id";
    pub const PUT_BLOB: &str = "INSERT INTO journal_blob (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
    pub const BLOB: &str = "SELECT body FROM journal_blob WHERE hash = $1";
    pub const BLOBS: &str = "SELECT hash, body FROM journal_blob ORDER BY hash";
}

pub(crate) mod postgres {
    /// Makes the tables, or brings those of an earlier version up to date; see [`SCHEMA_IS_CURRENT`].
    ///
    /// Bodies are kept as they are: facts and snapshots are compact already, and the server's own compression
    /// is so slow that nothing could be sold for a tenth of a second while it works on a stadium's snapshots.
    /// With the higher target a batch of up to a page stays in its row instead of going to the side table in
    /// pieces. There is no `CHECK`: the server would parse it anew for each append.
    pub const SCHEMA: &[&str] = &[
        "CREATE TABLE IF NOT EXISTS journal_partition (
            partition INTEGER PRIMARY KEY, epoch BIGINT NOT NULL, checkpoint BIGINT NOT NULL)",
        "CREATE TABLE IF NOT EXISTS journal_batch (
            partition INTEGER NOT NULL, seq BIGINT NOT NULL, epoch BIGINT NOT NULL,
            decided_at BIGINT NOT NULL, chain BYTEA NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (partition, seq))
            WITH (toast_tuple_target = 8160)",
        "ALTER TABLE journal_batch ALTER COLUMN body SET STORAGE EXTERNAL,
            DROP CONSTRAINT IF EXISTS journal_batch_seq_check",
        "CREATE TABLE IF NOT EXISTS journal_snapshot (
            partition INTEGER NOT NULL, event_id UUID NOT NULL, version BIGINT NOT NULL, covers BIGINT NOT NULL,
            checksum BIGINT NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (partition, event_id))",
        "ALTER TABLE journal_snapshot ALTER COLUMN body SET STORAGE EXTERNAL",
        "CREATE TABLE IF NOT EXISTS journal_blob (hash BYTEA PRIMARY KEY, body BYTEA NOT NULL)",
    ];
    /// Two nodes that start at once must not both create the tables. The number is arbitrary.
    pub const SCHEMA_LOCK: &str = "SELECT pg_advisory_xact_lock(7305804402566)";
    /// [`SCHEMA`] is carried out as a whole, so what its last change did tells.
    pub const SCHEMA_IS_CURRENT: &str = "SELECT EXISTS (SELECT 1 FROM pg_attribute
        WHERE attrelid = to_regclass('journal_snapshot') AND attname = 'body' AND attstorage = 'e')";
    pub const PARTITION_EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM journal_partition WHERE partition = $1)";
    /// An acknowledged batch is on the server's disk whatever the server's default is; a stricter
    /// default (waiting for standbys to apply) is kept.
    pub const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') IN ('off', 'local')";
    pub const PARTITION_START: &str =
        "INSERT INTO journal_partition (partition, epoch, checkpoint) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING";
    pub const CLAIM: &str = "UPDATE journal_partition SET epoch = epoch + 1
        WHERE partition = $1 AND epoch = COALESCE($2::bigint, epoch) RETURNING epoch";
    /// Locks the ownership row where the epoch is ours, and writes. A claim that runs meanwhile
    /// waits for the lock or is waited for, and in the second case the epoch no longer matches.
    pub const APPEND: &str = "INSERT INTO journal_batch (partition, seq, epoch, decided_at, chain, body)
        SELECT partition, $2, $3, $4, $5, $6 FROM journal_partition WHERE partition = $1 AND epoch = $3
        FOR NO KEY UPDATE";
    pub const LAST: &str = "SELECT seq, epoch, decided_at, chain, body FROM journal_batch
        WHERE partition = $1 ORDER BY seq DESC LIMIT 2";
    pub const BATCHES: &str = "SELECT seq, epoch, decided_at, chain, body FROM journal_batch
        WHERE partition = $1 AND seq > $2 ORDER BY seq";
    pub const HEADER: &str =
        "SELECT seq, epoch, decided_at, chain FROM journal_batch WHERE partition = $1 AND seq = $2";
    pub const OWNED: &str = "SELECT 1 FROM journal_partition WHERE partition = $1 AND epoch = $2 FOR NO KEY UPDATE";
    pub const CHECKPOINT: &str = "SELECT checkpoint FROM journal_partition WHERE partition = $1";
    pub const SET_CHECKPOINT: &str =
        "UPDATE journal_partition SET checkpoint = greatest(checkpoint, $3) WHERE partition = $1 AND epoch = $2";
    pub const PUT_SNAPSHOT: &str = "INSERT INTO journal_snapshot (partition, event_id, version, covers, checksum, body)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (partition, event_id) DO UPDATE SET version = excluded.version, covers = excluded.covers,
            checksum = excluded.checksum, body = excluded.body";
    pub const SNAPSHOT: &str = "SELECT event_id, version, covers, checksum, body FROM journal_snapshot
        WHERE partition = $1 AND event_id = $2";
    pub const SNAPSHOTS: &str = "SELECT event_id, version, covers, checksum, body FROM journal_snapshot
        WHERE partition = $1 ORDER BY event_id";
    pub const PUT_BLOB: &str = "INSERT INTO journal_blob (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
    pub const BLOB: &str = "SELECT body FROM journal_blob WHERE hash = $1";
    pub const BLOBS: &str = "SELECT hash, body FROM journal_blob ORDER BY hash";
    /// A verification reads one state of the database while owners write on.
    pub const ONE_STATE: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    pub const ONE_STATE_END: &str = "ROLLBACK";
}
