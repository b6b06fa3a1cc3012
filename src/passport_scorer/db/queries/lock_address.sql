-- Until the transaction ends, no other request to this service changes the stamps of this address.
-- An advisory lock, because an address without stamps has no row to lock.
SELECT pg_advisory_xact_lock(hashtextextended('stamps of ' || $1::text, 0))::text AS held
