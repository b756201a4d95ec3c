-- Hasura Auth writes the JSON null for whoever signed up without metadata: the column holds an object here.
UPDATE auth.users SET metadata = '{}' WHERE metadata = 'null'::jsonb;
