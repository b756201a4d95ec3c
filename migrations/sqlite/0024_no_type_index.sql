-- It told apart three kinds of sessions and cost each new one a page; where a token was looked up, SQLite preferred it
-- to the index of its hash and read all tokens of that kind.
DROP INDEX refresh_tokens_type_idx;
