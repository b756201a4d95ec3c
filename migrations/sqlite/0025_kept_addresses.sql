-- Addresses of tickets are looked for where one is kept for its user, and nowhere else. The index of kinds is that of a
-- foreign key, and comes back.

DROP INDEX tickets_address_idx;
CREATE INDEX tickets_address_idx ON tickets (address) WHERE purpose = 'undo-email-change';
CREATE INDEX refresh_tokens_type_idx ON refresh_tokens (type);
