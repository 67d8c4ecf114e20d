-- Version 2. Turns in the order in which they came, and not session by session: a commit that many
-- sessions share then fills a few pages at the table's end. With one place a session it rewrote two
-- and more pages a turn, and the log was three times as long.

CREATE TABLE turns_2 (
    seq INTEGER PRIMARY KEY,        -- the order of arrival
    id INTEGER NOT NULL UNIQUE,     -- sessions.id << 32 | number
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

INSERT INTO turns_2
    (id, at, room, message, crisis, status, response, place, client_ref, notices)
    SELECT id, at, room, message, crisis, status, response, place, client_ref, notices
    FROM turns ORDER BY at, id;

DROP TABLE turns;
ALTER TABLE turns_2 RENAME TO turns;

CREATE INDEX turns_by_reference ON turns (id >> 32, client_ref) WHERE client_ref IS NOT NULL;

-- Up to which offset of the session's stream its user has acknowledged what was shown.
ALTER TABLE sessions ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;

-- Before, only the newest turn's notice came again after a restart: so it shall be once more.
UPDATE sessions SET seen = max(0, coalesce(
    (SELECT max(place) FROM turns
     WHERE turns.id BETWEEN sessions.id << 32 AND (sessions.id + 1 << 32) - 1) - 2, 0));

-- What retention took: the number of the last turn and its offset, so that numbers and offsets go on.
ALTER TABLE sessions ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN removed_place INTEGER NOT NULL DEFAULT 0;

-- When an event was, and up to which offset retention has made all of a room's events tombstones. Of
-- older events it is not known: they count as of the last time that anybody was active.
ALTER TABLE room_events ADD COLUMN at INTEGER;
UPDATE room_events SET at = (SELECT max(last_active) FROM sessions);
ALTER TABLE rooms ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;

-- What was detected and shown, counted by day: no text, no user, and no row that an erasure takes.
CREATE TABLE crisis_ledger (
    day TEXT NOT NULL,              -- YYYY-MM-DD, UTC
    level TEXT NOT NULL CHECK (level IN ('concern', 'crisis', 'imminent')),
    action TEXT NOT NULL CHECK (action IN ('detected', 'issued', 'seen')),
    count INTEGER NOT NULL,
    PRIMARY KEY (day, level, action)
) STRICT, WITHOUT ROWID;
