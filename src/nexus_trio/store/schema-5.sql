-- Version 5. When a user was last told that this is an AI.

ALTER TABLE sessions ADD COLUMN disclosed_at INTEGER;
