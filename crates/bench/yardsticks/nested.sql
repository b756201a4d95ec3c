\set n random(1, 100000 / 100)
SELECT json_build_object('aggregate', json_build_object('count', count(*))) FROM auth.members m WHERE m.org_id = md5('o' || (:n)::text)::uuid AND EXISTS (SELECT 1 FROM auth.users u WHERE u.id = m.user_id AND u.locale = 'de' AND u.deleted_at IS NULL);
