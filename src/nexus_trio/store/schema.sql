-- Version 1 of the database. A later version adds a file of its own and never edits this one.
--
-- Keys of turns and events are composed, `owner << bits | number`, so that a session's turns and a
-- room's events lie side by side: a page of a history is a few neighbouring pages, and a commit
-- touches one page a table instead of one more for an index.
-- Times are microseconds since 1970, UTC. A stream's epoch stands once, with its owner.

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL,
    epoch TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_active INTEGER NOT NULL,
    username TEXT,
    back TEXT,
    watch TEXT                      -- JSON: the five plain values of the crisis watch
) STRICT;

CREATE TABLE turns (
    id INTEGER PRIMARY KEY,         -- sessions.id << 32 | number
    at INTEGER NOT NULL,
    room TEXT NOT NULL,
    message TEXT NOT NULL,
    crisis TEXT,                    -- JSON; null where the verdict was none
    status TEXT NOT NULL CHECK (status IN ('received', 'answered', 'aborted')),
    response TEXT NOT NULL,
    place INTEGER,                  -- the offset in the session's stream; null until the turn ends
    client_ref TEXT,
    notices TEXT,                   -- JSON; null where there are none
    CHECK ((place IS NULL) = (status = 'received'))
) STRICT;

CREATE INDEX turns_by_reference ON turns (id >> 32, client_ref) WHERE client_ref IS NOT NULL;

CREATE TABLE rooms (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    epoch TEXT NOT NULL
) STRICT;

CREATE TABLE room_events (
    id INTEGER PRIMARY KEY,         -- rooms.id << 40 | offset
    event TEXT NOT NULL CHECK (event IN ('joined', 'left', 'said', 'erased')),
    user_id TEXT,                   -- null in a tombstone, as are the two below
    username TEXT,
    text TEXT
) STRICT;

CREATE INDEX room_events_by_user ON room_events (user_id) WHERE user_id IS NOT NULL;

-- Who has joined and not left: what a start needs to know, without reading whole streams.
CREATE TABLE occupants (
    room INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    username TEXT,
    PRIMARY KEY (room, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX occupants_by_user ON occupants (user_id);

-- One row: how the last process that had this database began and ended.
CREATE TABLE run (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    boot TEXT NOT NULL,             -- the machine's boot, so that its crash is told from ours
    durability TEXT NOT NULL,
    clean INTEGER NOT NULL,         -- 1 once it was closed in good order
    scrub INTEGER NOT NULL,         -- 1 while erased words may still lie in unused bytes
    beats INTEGER NOT NULL          -- counted up to see whether the disk takes writes again
) STRICT;

INSERT INTO run VALUES (1, '', '', 1, 0, 0);
