\set n random(1, 100000)
SELECT coalesce(json_agg(json_build_object('id', u.id, 'createdAt', u.created_at, 'displayName', u.display_name, 'email', u.email, 'locale', u.locale)), '[]') FROM (SELECT * FROM auth.users WHERE created_at < to_timestamp(1577836800 + :n * 1397) AND email_verified AND deleted_at IS NULL ORDER BY created_at DESC LIMIT 20) u;
