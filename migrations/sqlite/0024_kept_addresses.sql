-- Addresses of tickets are looked for where one is kept for its user, and nowhere else.

DROP INDEX tickets_address_idx;
CREATE INDEX tickets_address_idx ON tickets (address) WHERE purpose = 'undo-email-change';
