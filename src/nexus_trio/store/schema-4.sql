-- Version 4. A persona hears all who speak in its room: whose words, beside those of the one whom it
-- answers, an answer was made of, so that it goes when any of them is erased.

CREATE TABLE heard (
    event INTEGER NOT NULL,         -- room_events.id
    user_id TEXT NOT NULL,
    PRIMARY KEY (event, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX heard_by_user ON heard (user_id);
