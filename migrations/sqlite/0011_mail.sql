-- The sender asks often for what is due: what was given up is not met again and again.

DROP INDEX outbox_next_attempt_at_idx;
CREATE INDEX outbox_next_attempt_at_idx ON outbox (next_attempt_at)
    WHERE sent_at IS NULL AND sealed_body IS NOT NULL;
