-- Most counts are of users who are not deleted: with both columns the index alone answers them.
CREATE INDEX users_locale_deleted_at_idx ON users (locale, deleted_at);
DROP INDEX users_locale_idx;
