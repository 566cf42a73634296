-- Whether a run has a conversation of its own to be resumed. Of those that are there already, one that told its
-- conversation's id or has left its beginning behind has.
ALTER TABLE run ADD COLUMN talked boolean NOT NULL DEFAULT false;
UPDATE run SET talked = starts > 0 AND (session <> '' OR state <> 'starting');

-- Where the question stood that this answers: keys are pressed there and nowhere else. NULL: it is not known.
ALTER TABLE input ADD COLUMN terminal_id uuid;
