-- Most counts are of users who are not deleted: with both columns the index alone answers them.
CREATE INDEX users_locale_deleted_at_idx ON auth.users (locale, deleted_at);
DROP INDEX auth.users_locale_idx;
