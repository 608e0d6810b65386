-- A view: one SQLite file in WAL mode. Positions are written in the transaction that writes the records, so the file is always a
-- prefix of the log. A row whose value is null is a tombstone: it keeps the revision, so that an older record cannot come back.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE position (
    topic       TEXT    NOT NULL,
    partition   INTEGER NOT NULL,
    log         INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    closed_at   TEXT,
    count       INTEGER NOT NULL,
    digest      BLOB    NOT NULL,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;

CREATE TABLE offers (
    key       TEXT PRIMARY KEY,
    partition INTEGER NOT NULL,
    revision  INTEGER NOT NULL,
    hash      BLOB,
    value     BLOB
);

CREATE TABLE households (
    key       TEXT PRIMARY KEY,
    partition INTEGER NOT NULL,
    revision  INTEGER NOT NULL,
    hash      BLOB,
    version   INTEGER NOT NULL,
    value     BLOB
);

-- Keys are hh_…/prm_…, so a household's promises are one range of the key.
CREATE TABLE promises (
    key       TEXT PRIMARY KEY,
    partition INTEGER NOT NULL,
    revision  INTEGER NOT NULL,
    hash      BLOB,
    version   INTEGER NOT NULL,
    code      TEXT,
    value     BLOB
);
CREATE INDEX promises_by_code ON promises (code) WHERE code IS NOT NULL;

-- Whom a look-up key, party or line leads to. `kind` is number, email, name, party or line; `subject` is the party or line.
CREATE TABLE lookups (
    term      TEXT NOT NULL,
    household TEXT NOT NULL,
    subject   TEXT NOT NULL,
    kind      TEXT NOT NULL,
    PRIMARY KEY (term, household, subject, kind)
) WITHOUT ROWID;

-- Codes that were presented here before the view knew them (protocol R15). They belong to this replica and survive a rebuild.
CREATE TABLE pending (
    code       TEXT PRIMARY KEY,
    first_seen TEXT NOT NULL,
    last_asked TEXT
) WITHOUT ROWID;
