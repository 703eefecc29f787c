-- What is decided once for a database, such as the number of its partitions.
CREATE TABLE installation (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
