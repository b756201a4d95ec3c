\set n random(1, 100000)
UPDATE auth.users SET display_name = 'User ' || (:n)::text WHERE id = md5('u' || (:n)::text)::uuid RETURNING json_build_object('id', id, 'displayName', display_name);
