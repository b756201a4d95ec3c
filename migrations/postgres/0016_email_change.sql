-- A change of address: which session goes on once it is confirmed, and which addresses are kept for those who may
-- have them back.

ALTER TABLE auth.tickets ADD COLUMN session_id uuid;

CREATE INDEX tickets_address_idx ON auth.tickets (address);
