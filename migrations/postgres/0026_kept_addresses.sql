-- Addresses of tickets are looked for where one is kept for its user, and nowhere else.

DROP INDEX auth.tickets_address_idx;
CREATE INDEX tickets_address_idx ON auth.tickets (address) WHERE purpose = 'undo-email-change';
