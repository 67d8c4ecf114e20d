-- Version 5. When a user was last told that this is an AI; and a ledger of crises from which a report
-- can be made: in which country, by which lexicon, and what came to its reader.

ALTER TABLE sessions ADD COLUMN disclosed_at INTEGER;

-- Counts by day: no text, no user, and no row that an erasure takes.
CREATE TABLE crisis_ledger_5 (
    day TEXT NOT NULL,              -- YYYY-MM-DD, UTC
    level TEXT NOT NULL CHECK (level IN ('none', 'concern', 'crisis', 'imminent')),
    action TEXT NOT NULL
        CHECK (action IN ('detected', 'issued', 'delivered', 'seen', 'withheld')),
    jurisdiction TEXT NOT NULL,     -- the country of the call, ISO 3166; empty where not known
    lexicon TEXT NOT NULL,          -- the version that judged; empty where not known
    count INTEGER NOT NULL,
    PRIMARY KEY (day, level, action, jurisdiction, lexicon)
) STRICT, WITHOUT ROWID;

INSERT INTO crisis_ledger_5 SELECT day, level, action, '', '', count FROM crisis_ledger;
DROP TABLE crisis_ledger;
ALTER TABLE crisis_ledger_5 RENAME TO crisis_ledger;

-- Whoever answers for these figures can say that none was taken back.
CREATE TRIGGER crisis_ledger_keeps BEFORE DELETE ON crisis_ledger
BEGIN SELECT raise(ABORT, 'the crisis ledger only grows'); END;
CREATE TRIGGER crisis_ledger_grows BEFORE UPDATE ON crisis_ledger
WHEN new.count < old.count OR (new.day, new.level, new.action, new.jurisdiction, new.lexicon)
    IS NOT (old.day, old.level, old.action, old.jurisdiction, old.lexicon)
BEGIN SELECT raise(ABORT, 'the crisis ledger only grows'); END;
