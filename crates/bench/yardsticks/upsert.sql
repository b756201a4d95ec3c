\set n random(1, 100000)
INSERT INTO auth.contacts (user_id, first_name) VALUES (md5('u' || (:n)::text)::uuid, 'User ' || (:n)::text) ON CONFLICT (user_id) DO UPDATE SET first_name = excluded.first_name RETURNING json_build_object('userId', user_id, 'firstName', first_name, 'name', name);
