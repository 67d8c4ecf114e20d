-- Version 3. A persona answers aloud: whom it answers stands with its words, so that they go when
-- that user is erased.

ALTER TABLE room_events ADD COLUMN about TEXT;

CREATE INDEX room_events_by_about ON room_events (about) WHERE about IS NOT NULL;
