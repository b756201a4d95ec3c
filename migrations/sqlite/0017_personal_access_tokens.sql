-- The roles that a personal access token acts in; null for all that its user holds.

ALTER TABLE refresh_tokens ADD COLUMN allowed_roles TEXT CHECK (allowed_roles IS NULL OR json_valid(allowed_roles));
